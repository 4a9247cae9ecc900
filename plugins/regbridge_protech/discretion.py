"""Takes a record's values out of a service's text: business errors quote whom they are about."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable

from regbridge import redact

_SHORTEST = 3
_WORD = re.compile(r"\w+", re.UNICODE)


def masker(values: Iterable[object]) -> Callable[[str], str]:
    """Return what takes the words of some values, and all that looks personal, out of a text.

    Words of fewer than three letters stay: they would take the sense out of any text.
    """
    words = {
        word.casefold()
        for value in values
        if isinstance(value, str | int | float) and not isinstance(value, bool)
        for word in _WORD.findall(str(value))
        if len(word) >= _SHORTEST
    }

    def mask(text: str) -> str:
        return redact(
            _WORD.sub(lambda found: "…" if found[0].casefold() in words else found[0], text)
        )

    return mask
