"""Finds what the ledger could not keep as JSON."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any


def no_json(value: Any, at: str = "") -> Iterator[str]:
    """Yield where a value would not come back from JSON as it is, and what is there."""
    where = at or "(all)"
    match value:
        case None | bool() | int():
            pass
        case float():
            if not math.isfinite(value):
                yield f"{where} is no finite number"
        case str():
            if any("\ud800" <= sign <= "\udfff" for sign in value):
                yield f"{where} has half of a sign (a surrogate)"
        case list():
            for place, each in enumerate(value):
                yield from no_json(each, f"{at}[{place}]")
        case dict():
            yield from _in_dict(value, at)
        case _:
            yield f"{where} is {type(value).__name__}"


def _in_dict(value: dict[Any, Any], at: str) -> Iterator[str]:
    for name, each in value.items():
        inner = f"{at}.{name}" if at else str(name)
        if not isinstance(name, str):
            yield f"{inner} has a key that is {type(name).__name__}"
        yield from no_json(each, inner)
