"""Addresses and networks: which one a text means, and which belong to one neighbour."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

_LONGEST = 80
# With a port, with brackets, in quotes: as proxies write it. A zone (%eth0) is of one machine.
_FORM = re.compile(
    r'"?(?:\[(?P<v6>[0-9A-Fa-f:.]+)(?:%[^\]]*)?\]|(?P<v4>[0-9.]+))(?::[0-9]{1,5})?"?'
)
_NEIGHBOURS = 64
"""So many bits of an IPv6 address are one neighbour's: who has one address has all behind them."""


@lru_cache(maxsize=1024)  # those of proxies and of Cvent come with every request
def address_of(text: str) -> Address | None:
    """Return the address that a text holds, as proxies write it; None for any other text.

    An IPv4 address inside of an IPv6 one is itself.
    """
    text = text.strip()
    if len(text) > _LONGEST:
        return None
    found = _FORM.fullmatch(text)
    bare = (found["v6"] or found["v4"]) if found else text.partition("%")[0]
    try:
        address = ip_address(bare)
    except ValueError:
        return None
    inner = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return inner or address


def network_of(text: str) -> Network:
    """Return the network that a text names; an address is a network of one.

    Raises `ValueError` with what to write instead.
    """
    try:
        return ip_network(text.strip())
    except ValueError:
        pass
    try:
        meant = ip_network(text.strip(), strict=False)
    except ValueError:
        raise ValueError(
            f"{text[:_LONGEST]!r} is neither an address nor a network; write one as 203.0.113.7, "
            "203.0.113.0/24 or 2001:db8::/32 (names are not looked up)"
        ) from None
    raise ValueError(f"{text!r} is an address inside of a network; write {meant} for all of it")


def is_among(address: Address | None, networks: Iterable[Network]) -> bool:
    """Say whether an address is in one of some networks; what is no address is in none."""
    return address is not None and any(address in network for network in networks)


def neighbour(text: str) -> str:
    """Return what one sender cannot change at will: the address, of IPv6 its /64."""
    address = address_of(text)
    if isinstance(address, IPv6Address):
        return str(ip_network((address, _NEIGHBOURS), strict=False))
    return str(address or text[:_LONGEST])
