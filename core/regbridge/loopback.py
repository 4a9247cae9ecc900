"""This machine's own addresses: what goes there leaves it by no wire."""

from __future__ import annotations

from urllib.parse import urlsplit

LOOPBACK = ("127.0.0.1", "::1", "localhost")


def is_here(url: str) -> bool:
    """Say whether a URL leads to this machine."""
    return urlsplit(url).hostname in LOOPBACK
