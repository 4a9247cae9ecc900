"""Masks personal data in texts that come from elsewhere, before they are logged or stored."""

from __future__ import annotations

import re

# It starts only where a word starts: else a long text without any @ would take a time that grows
# with the square of its length.
_EMAIL = re.compile(r"(?<![\w.+-])([\w.+-])[\w.+-]*@([\w-]+(?:\.[\w-]+)+)")
_QUOTED = re.compile(r"(['\"]).{3,}?\1")
_DIGITS = re.compile(r"\d[\d ()/.-]{5,}\d")
_LONGEST = 500


def redact(text: str) -> str:
    """Return a text without e-mail addresses, quoted values and long numbers, and not too long.

    An exception of somebody's plugin may quote the value that it stumbled over; what is left still
    says what kind of error it was. `'Mary Jones' is no date` becomes `'…' is no date`.
    """
    text = _EMAIL.sub(r"\1…@\2", text)
    text = _QUOTED.sub(r"\1…\1", text)
    text = _DIGITS.sub("…", text)
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"
