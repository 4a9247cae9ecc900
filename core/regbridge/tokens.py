"""The tokens of an endpoint: which one was sent, and how it is named without being shown."""

from __future__ import annotations

import hmac
from collections.abc import Mapping, Sequence
from functools import lru_cache
from hashlib import sha256
from typing import Any

_DIGITS = 16


def position_of(sent: str, tokens: Sequence[str]) -> int | None:
    """Return which of the tokens an Authorization value is (0 is the first), None for no one.

    Every token is compared, so that the time tells nothing about which one fits.
    """
    bytes_ = _as_sent(sent)
    fits = [hmac.compare_digest(bytes_, _as_bytes(token)) for token in tokens]
    return fits.index(True) if bytes_ and any(fits) else None


@lru_cache(maxsize=1024)  # of each request that is let in
def fingerprint(key: bytes, token: str) -> str:
    """Return what tells tokens apart in the ledger; `key` is the ledger's own secret."""
    return hmac.new(key, b"token " + _as_bytes(token), sha256).hexdigest()[:_DIGITS]


def name_of(reference: Any) -> str:
    """Return where a token comes from, as one reads it: {env: NAME} is "env NAME"."""
    if isinstance(reference, Mapping):
        return " ".join(f"{key} {value}" for key, value in reference.items())
    return ""


def _as_sent(value: str) -> bytes:
    """Return a header's bytes; WSGI hands them over as latin-1, any other text is no header."""
    try:
        return value.encode("latin-1")
    except UnicodeEncodeError:
        return b""


def _as_bytes(token: str) -> bytes:
    # An environment variable that is not UTF-8 reaches Python as surrogate escapes.
    return token.encode("utf-8", errors="surrogateescape")
