"""The records of the simulated org."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from regbridge_salesforce.simulator.errors import RecordError, not_found
from regbridge_salesforce.simulator.schema import FieldType, ObjectType


@dataclass
class Row:
    """A record."""

    id: str
    values: dict[str, Any] = field(default_factory=dict)


class Database:
    """All records by object. Who uses it sees to it that one thread does at a time."""

    def __init__(self, objects: Sequence[ObjectType]) -> None:
        self.objects: Mapping[str, ObjectType] = {one.name: one for one in objects}
        self.rows: dict[str, list[Row]] = {name: [] for name in self.objects}
        self._numbers = itertools.count(1)

    def object(self, name: str) -> ObjectType:
        """Return an object. Raises `ApiError`."""
        if name not in self.objects:
            raise not_found()
        return self.objects[name]

    def with_value(self, sobject: ObjectType, key: FieldType, value: Any) -> list[Row]:
        """Return the records that have a value, by the rule of its field about capitals."""
        wanted = same(key, value)
        return [
            row
            for row in self.rows[sobject.name]
            if row.values.get(key.name) is not None and same(key, row.values[key.name]) == wanted
        ]

    def add(self, sobject: ObjectType, values: Mapping[str, Any]) -> Row:
        """Put a record in."""
        row = Row(f"{sobject.prefix}{next(self._numbers):012d}AAA", dict(values))
        self.rows[sobject.name].append(row)
        return row

    def require_unique(
        self, sobject: ObjectType, values: Mapping[str, Any], own: Row | None
    ) -> None:
        """Raise `RecordError` when another record has a value that must be there once."""
        for one in sobject.fields:
            value = values.get(one.name)
            if not one.unique or value is None:
                continue
            for row in self.with_value(sobject, one, value):
                if row is not own:
                    raise RecordError(
                        "DUPLICATE_VALUE",
                        f"duplicate value found: {one.name} duplicates value on record with id: "
                        f"{row.id}",
                    )


def same(key: FieldType, value: Any) -> Any:
    """Return what is equal for two values of a key that are one for the org."""
    return value.casefold() if isinstance(value, str) and not key.case_sensitive else value
