"""Texts that tests put into registrations and records, and what no other text may say of them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

PERSON = "Zoë O'Brien-Núñez <zoe.obrien@example.org>"
"""Personal data of the records; no error may hold a part of it."""

UNICODE = "ß \u6f22\u5b57 \U0001f600 e\u0301 <b>&amp;</b> ]]> \"'\\ ; , = %00 {0}"
LONG = "long " * 4000

PRIVATE = ("Zoë", "O'Brien", "Núñez", "zoe.obrien")
"""The parts of `PERSON` by which she would be known."""


def indiscreet(texts: Iterable[str], secrets: Sequence[str] = ()) -> list[str]:
    """Return the secrets, and the parts of `PERSON`, that stand in any of the texts."""
    parts = [part for part in (*secrets, *PRIVATE) if part]
    read = list(texts)
    return [part for part in parts if any(part in text for text in read)]
