"""Addresses in settings: https, or plain http to a simulator on this machine."""

from __future__ import annotations

from urllib.parse import urlsplit

from regbridge.http import LOOPBACK


def require_secure(url: str, wanted: str, *, query: bool = False) -> str:
    """Return a URL as it is. Raises `ValueError` for one that is none, or is not encrypted.

    `wanted` is what the error says should be here, `query` whether the URL may have one.
    """
    if not _is_address(url, query=query):
        raise ValueError(f"{wanted} was expected")
    parts = urlsplit(url)
    if parts.scheme == "http" and parts.hostname not in LOOPBACK:
        raise ValueError("plain http is for the simulator on this machine alone; use https")
    return url


def _is_address(url: str, *, query: bool) -> bool:
    try:
        parts = urlsplit(url)
        right = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0
    except ValueError:
        return False
    beside = parts.username or parts.fragment or (parts.query and not query)
    return bool(right) and not beside and url.isascii() and url.isprintable() and " " not in url
