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
    """Return the fields that differ, those of inner objects with dots between their names."""
    before, after = dict(fields_of(old)), dict(fields_of(new))
    names = [*before, *(name for name in after if name not in before)]
    return [
        Change(name, before.get(name), after.get(name))
        for name in names
        if before.get(name) != after.get(name)
    ]


def fields_of(record: Any, depth: int = 0, within: str = "") -> Iterator[tuple[str, str]]:
    """Yield the fields of a record with their values as text."""
    if not isinstance(record, Mapping) or depth > _DEEPEST or (within and not record):
        yield within, as_shown(record)
        return
    for name, value in record.items():
        yield from fields_of(value, depth + 1, f"{within}.{name}" if within else str(name))


def as_shown(value: Any) -> str:
    """Return a value as people read it: a text as it is, all else as JSON."""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
