"""Who sent a request, as far as trusted proxies tell; nobody else is believed."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from regbridge.addresses import Network, address_of, is_among

MOST_HOPS = 32
"""So many proxies in a row are believed."""

HEADERS = (
    "HTTP_FORWARDED",
    "HTTP_X_FORWARDED_BY",
    "HTTP_X_FORWARDED_FOR",
    "HTTP_X_FORWARDED_HOST",
    "HTTP_X_FORWARDED_PORT",
    "HTTP_X_FORWARDED_PREFIX",
    "HTTP_X_FORWARDED_PROTO",
)
"""What an application would believe; the environment has what is true instead."""


@dataclass(frozen=True, slots=True)
class Sender:
    """The address that sent a request, and the scheme (http, https) that it used."""

    address: str
    scheme: str = "http"


def sender(
    peer: str, forwarded_for: str, forwarded_proto: str, trusted: Collection[Network]
) -> Sender:
    """Return who sent a request that came by a connection from `peer`.

    Each proxy adds at the right whom it got the request from, so the entries are read from the
    right for as long as the one who wrote them is trusted: what a sender has made up lies to the
    left of its own address. An entry that is no address ends it; then the proxy that wrote it is
    the last one known.
    """
    known = address_of(peer)
    if not is_among(known, trusted):
        return Sender(str(known or peer))
    hops, rest = 0, forwarded_for
    while rest and hops < MOST_HOPS and is_among(known, trusted):
        rest, _, entry = rest.rpartition(",")
        if (found := address_of(entry)) is None:
            break
        known, hops = found, hops + 1
    return Sender(str(known), _scheme(forwarded_proto, max(hops, 1)))


def _scheme(said: str, hops: int) -> str:
    """Return the entry that belongs to the sender; most proxies write one entry alone."""
    entries = [entry.strip().lower() for entry in said.rsplit(",", MOST_HOPS)]
    scheme = entries[-min(hops, len(entries))]
    return scheme if scheme in ("http", "https") else "http"
