"""What is unwise about who is let in, though a host starts with it: for `regbridge check`."""

from __future__ import annotations

from collections.abc import Iterator

from regbridge.config.schema import HostConfig
from regbridge.loopback import LOOPBACK
from regbridge.models import Client, Endpoint, Finding, Level

SHORTEST_TOKEN = 12
LONGEST_TOKEN = 149
"""Cvent takes fewer than 150 characters."""

_BLIND = (
    "every request comes from the proxy's address, because the host listens on this machine alone "
    "and no trusted_proxy is set",
    "set host.trusted_proxy in base.yaml, so that the sender's own address is known",
)


def doubts_about_host(config: HostConfig, file: str) -> Iterator[Finding]:
    """Yield what is unwise in `base.yaml`."""
    blocks = {"host": config, "host.console": config.console, "host.api": config.api}
    for name, block in blocks.items():
        if _is_blind(config) and block is not None and block.allow_from is not None:
            message, remedy = _BLIND
            yield Finding(Level.WARNING, message, f"{file}: {name}.allow_from", remedy)


def doubts_about_client(client: Client, host: HostConfig | None) -> Iterator[Finding]:
    """Yield what is unwise in a client's file."""
    for endpoint in client.endpoints.values():
        at = ("endpoints", endpoint.name)
        if host and _is_blind(host) and endpoint.allow_from is not None:
            message, remedy = _BLIND
            yield Finding(Level.WARNING, message, remedy=remedy, path=(*at, "allow_from"))
        remedy = f"`regbridge rotate-token {client.name} {endpoint.name}` makes another one"
        for number, wrong in _weak(endpoint):
            yield Finding(Level.WARNING, wrong, remedy=remedy, path=(*at, "tokens", number))


def _weak(endpoint: Endpoint) -> Iterator[tuple[int, str]]:
    for number, token in enumerate(endpoint.tokens):
        if len(token) < SHORTEST_TOKEN:
            yield number, f"this token has fewer than {SHORTEST_TOKEN} characters"
        elif len(token) > LONGEST_TOKEN:
            yield number, f"this token is longer than the {LONGEST_TOKEN} characters of Cvent"


def _is_blind(host: HostConfig) -> bool:
    return host.address in LOOPBACK and not host.trusted_proxy
