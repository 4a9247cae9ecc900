"""Whether a configuration fits what is written for it: what would go wrong later, said now."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from ipaddress import ip_address, ip_network

from regbridge.deploy.needs import Needs
from regbridge.deploy.variables import NAME
from regbridge.errors import ConfigError
from regbridge.models import Finding, Level

DEFAULT_IDENTITY = "X-Remote-User"
"""The identity header that nobody may send, whatever is configured later."""

_LOOPBACK = "127.0.0.1"


def require_fit(needs: Needs, proxy: str) -> None:
    """Raise `ConfigError` if the service could not work behind a proxy at an address."""
    if findings := [*_misfits(needs), *_distrust(needs, proxy)]:
        raise ConfigError(findings)


def require_names(needs: Needs) -> None:
    """Raise `ConfigError` for what no deployment can work with."""
    if findings := [*_misfits(needs)]:
        raise ConfigError(findings)


def require_different_names(needs: Needs) -> None:
    """Raise `ConfigError` for variables that are one and the same for Windows."""
    counts = Counter(name.upper() for name in needs.variables)
    if twice := [name for name in needs.variables if counts[name.upper()] > 1]:
        raise ConfigError.of(
            f"Windows takes the variables {', '.join(twice)} for the same",
            "write their names alike, or give them different ones",
        )


def trusts(needs: Needs, address: str) -> bool:
    """Whether an address is one of the proxies that are believed."""
    try:
        found = ip_address(address)
        return any(found in ip_network(proxy, strict=False) for proxy in needs.proxies)
    except ValueError:
        return address in needs.proxies


def upstream_address(needs: Needs) -> str:
    """Return the address at which a proxy on the same machine reaches the service."""
    return _LOOPBACK if needs.address in ("0.0.0.0", "::", "localhost") else needs.address  # noqa: S104


def is_loopback(address: str) -> bool:
    """Whether only the machine itself reaches an address."""
    try:
        return ip_address(address).is_loopback
    except ValueError:
        return address == "localhost"


def _misfits(needs: Needs) -> Iterator[Finding]:
    if not needs.paths:
        remedy = "run `regbridge new-client NAME` first"
        yield _error("no client has an endpoint", f"{needs.folder / 'clients'}", remedy)
    for name in needs.variables:
        if not re.fullmatch(NAME, name):
            remedy = "take letters, digits and underscores, and no digit at its start"
            yield _error(f"{name!r} cannot be a variable of a service", "", remedy)


def _distrust(needs: Needs, proxy: str) -> Iterator[Finding]:
    if not trusts(needs, proxy):
        yield _error(
            f"the proxy connects from {proxy}, and what it says of senders is not believed",
            f"{needs.folder / 'base.yaml'}: host.trusted_proxy",
            f"write `trusted_proxy: {proxy}` under `host:`",
        )


def _error(message: str, where: str, remedy: str) -> Finding:
    return Finding(Level.ERROR, message, where=where, remedy=remedy)
