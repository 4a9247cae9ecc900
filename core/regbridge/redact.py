"""Masks personal data in texts that come from elsewhere, before they are logged or stored."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

# It starts only where a word starts: else a long text without any @ would take a time that grows
# with the square of its length.
_EMAIL = re.compile(r"(?<![\w.+-])([\w.+-])[\w.+-]*@([\w-]+(?:\.[\w-]+)+)")
_QUOTED = re.compile(r"(['\"]).{3,}?\1")
_DIGITS = re.compile(r"\d[\d ()/.-]{5,}\d")
_LONGEST = 500
_SHORTEST_WORD = 3
_WORD = re.compile(r"\w+", re.UNICODE)


def redact(text: str) -> str:
    """Return a text without e-mail addresses, quoted values and long numbers, and not too long.

    An exception of somebody's plugin may quote the value that it stumbled over; what is left still
    says what kind of error it was. `'Mary Jones' is no date` becomes `'…' is no date`.
    """
    text = _EMAIL.sub(r"\1…@\2", text)
    text = _QUOTED.sub(r"\1…\1", text)
    text = _DIGITS.sub("…", text)
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"


def values_in(*things: Any) -> Iterator[object]:
    """Yield the single values in mappings and lists, for `masker`; names are no values."""
    for thing in things:
        if isinstance(thing, Mapping):
            yield from values_in(*thing.values())
        elif isinstance(thing, list | tuple | set | frozenset):
            yield from values_in(*thing)
        else:
            yield thing


def masker(values: Iterable[object]) -> Callable[[str], str]:
    """Return what takes the words of some values, and all that looks personal, out of a text.

    For what a target says about a record: business errors quote whom they are about. Words of
    fewer than three letters stay: they would take the sense out of any text. Values in mappings and
    lists count too.
    """
    without = word_masker(values)
    return lambda text: redact(without(text))


def word_masker(values: Iterable[object]) -> Callable[[str], str]:
    """Return what takes the words of some values out of a text, and nothing else."""
    words = {
        word.casefold()
        for value in values_in(*values)
        if isinstance(value, str | int | float) and not isinstance(value, bool)
        for word in _WORD.findall(str(value))
        if len(word) >= _SHORTEST_WORD
    }

    def mask(text: str) -> str:
        return _WORD.sub(lambda found: "…" if found[0].casefold() in words else found[0], text)

    return mask
