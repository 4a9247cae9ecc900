"""This machine's own addresses, and those of services that may be spoken to."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import urlsplit

LOOPBACK = ("127.0.0.1", "::1", "localhost")


def is_here(url: str) -> bool:
    """Say whether a URL leads to this machine."""
    return urlsplit(url).hostname in LOOPBACK


def service_address(example: str) -> Callable[[str], str]:
    """Return a validator of a service's address: scheme and host alone, as it is returned.

    Credentials go there, so it is https, or http on this machine. `example` is what the
    `ValueError` shows.
    """

    def check(url: str) -> str:
        parts = urlsplit(url.strip())
        is_own = parts.scheme == "http" and parts.hostname in LOOPBACK
        if not parts.hostname or not (is_own or parts.scheme == "https"):
            raise ValueError(f"an address such as {example} was expected")
        if parts.username is not None or parts.query or parts.fragment or parts.path.strip("/"):
            raise ValueError("the address is a scheme and a host, with nothing after them")
        return f"{parts.scheme}://{parts.netloc.lower()}"

    return check
