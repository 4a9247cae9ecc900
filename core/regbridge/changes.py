"""What differs between two records, field by field."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

_DEEPEST = 20
"""What lies deeper is compared as a whole."""


@dataclass(frozen=True, slots=True)
class Change:
    """A field with another value than before; None where the field was not, or is not, there."""

    field: str
    old: str | None
    new: str | None


def changes(old: Any, new: Any) -> list[Change]:
    """Return the fields that differ, those of inner objects too."""
    before, after = dict(fields_of(old)), dict(fields_of(new))
    names = [*before, *(name for name in after if name not in before)]
    return [
        Change(name, before.get(name), after.get(name))
        for name in names
        if before.get(name) != after.get(name)
    ]


def fields_of(record: Any, depth: int = 0, within: str = "") -> Iterator[tuple[str, str]]:
    """Yield the fields of a record with their values as text.

    Inner objects have a dot before each name, those of a list their place: `orders[0].orderDate`.
    """
    inner = _inner(record, within) if depth <= _DEEPEST else []
    if within and not inner:
        yield within, as_shown(record)
    for name, value in inner:
        yield from fields_of(value, depth + 1, name)


def _inner(value: Any, within: str) -> list[tuple[str, Any]]:
    """Return the named parts of a value, none for one that is read as a whole."""
    if isinstance(value, Mapping):
        return [(f"{within}.{name}" if within else str(name), each) for name, each in value.items()]
    if isinstance(value, list) and any(isinstance(each, Mapping) for each in value):
        return [(f"{within}[{place}]", each) for place, each in enumerate(value)]
    return []


def as_shown(value: Any) -> str:
    """Return a value as people read it: a text as it is, all else as JSON."""
    if isinstance(value, str):
        return value
    try:
        return json.dumps(value, ensure_ascii=False, default=str)
    except RecursionError:
        return "(nested too deeply to be shown)"
