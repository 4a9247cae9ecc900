"""The valid name that a misspelt one was meant to be."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches

_MOST_NAMES = 30


def did_you_mean(name: str, valid: Iterable[str]) -> str:
    """Return the remedy for a name that is not valid: the nearest one, or else all of them."""
    names = sorted(set(valid))
    by_lower_case = {known.lower(): known for known in reversed(names)}
    if near := get_close_matches(name.lower(), by_lower_case, n=1):
        return f"did you mean {by_lower_case[near[0]]!r}?"
    return f"valid names are {', '.join(names)}" if 0 < len(names) <= _MOST_NAMES else ""
