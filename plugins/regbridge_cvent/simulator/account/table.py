"""Records of one kind, made when they are first read, found by indexes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import Any

from regbridge_cvent.simulator.filters.conditions import (
    AllOf,
    Changed,
    Condition,
    FieldTest,
    Record,
    at,
)


class Row:
    """One record, and what is known of it without making it.

    `keys` are the values of some of its fields, None for no value; `appears_at` is when it can
    first be read, None for at once.
    """

    __slots__ = ("_changes", "_make", "_modified", "_record", "appears_at", "id", "keys")

    def __init__(
        self,
        id: str,  # noqa: A002 - Cvent's name
        make: Callable[[], dict[str, Any]],
        *,
        keys: Mapping[str, Any] | None = None,
        appears_at: datetime | None = None,
    ) -> None:
        self.id = id
        self.keys: Mapping[str, Any] = {"id": id, **(keys or {})}
        self.appears_at = appears_at
        self._make = make
        self._record: dict[str, Any] | None = None
        self._modified: datetime | None = None
        self._changes: dict[str, Any] = {}

    @property
    def modified(self) -> datetime:
        """When the record was last changed."""
        if self._modified is None:
            self._modified = datetime.fromisoformat(self.record["lastModified"])
        return self._modified

    @property
    def record(self) -> Record:
        """The record as it is now; nobody may change it."""
        record = self._record
        if record is None:
            record = self._record = _merged(self._make(), self._changes)
        return record

    def change(self, changes: Mapping[str, Any]) -> None:
        """Change fields, those of inner objects one by one; None takes a field away."""
        self._changes = _merged(self._changes, changes, keep_none=True)
        self._record = self._modified = None


class Table:
    """The records of one kind; those with a value in an indexed field are found without a search.

    `id` is always indexed. Rows have every indexed field among their keys.
    """

    def __init__(self, *indexed: str) -> None:
        self._rows: dict[str, Row] = {}
        self._indexes: dict[str, dict[Any, dict[str, Row]]] = {name: {} for name in indexed}

    def __contains__(self, id: object) -> bool:  # noqa: A002
        return id in self._rows

    def __getitem__(self, id: str) -> Row:  # noqa: A002
        return self._rows[id]

    def add(self, row: Row) -> None:
        """Take in a row. Raises `ValueError` when there is one with its id."""
        if row.id in self._rows:
            raise ValueError(f"there is already a record with the id {row.id}")
        self._rows[row.id] = row
        self._index(row)

    def remove(self, row: Row) -> None:
        """Forget a row."""
        del self._rows[row.id]
        self._forget(row)

    def change(
        self, row: Row, changes: Mapping[str, Any], keys: Mapping[str, Any] | None = None
    ) -> None:
        """Change fields of a row, and its keys with them; `keys` say what it is made from now."""
        self._forget(row)
        row.keys = {**row.keys, **(keys or {})}
        row.change(changes)
        row.keys = {name: _key(row.record, name) for name in row.keys}
        self._index(row)

    def having(self, field: str, value: Any) -> list[Row]:
        """Return the rows that have a value in an indexed field other than `id`."""
        return list(self._indexes[field].get(value, {}).values())

    def find(self, condition: Condition, now: datetime) -> list[Row]:
        """Return the rows that fulfil a condition and can be read at `now`, sorted by id.

        Cvent documents no order, so it is one that is of no use to anybody.
        """
        candidates = self._candidates(condition)
        rows = self._rows.values() if candidates is None else candidates.values()
        there = (row for row in rows if row.appears_at is None or row.appears_at <= now)
        return sorted((row for row in there if condition.holds(row)), key=_by_id)

    def _index(self, row: Row) -> None:
        for name, index in self._indexes.items():
            index.setdefault(row.keys[name], {})[row.id] = row

    def _forget(self, row: Row) -> None:
        for name, index in self._indexes.items():
            del index[row.keys[name]][row.id]

    def _candidates(self, condition: Condition) -> dict[str, Row] | None:
        """Return the rows that may fulfil a condition, None when only a search can tell."""
        if isinstance(condition, FieldTest):
            return self._looked_up(condition)
        if isinstance(condition, Changed):
            return None
        parts = [self._candidates(part) for part in condition.parts]
        known = [part for part in parts if part is not None]
        if isinstance(condition, AllOf):
            return min(known, key=len, default=None)
        return _union(known) if len(known) == len(parts) else None

    def _looked_up(self, test: FieldTest) -> dict[str, Row] | None:
        if test.operator not in ("eq", "in"):
            return None
        if test.field == "id":
            return {value: self._rows[value] for value in test.values if value in self._rows}
        index = self._indexes.get(test.field)
        if index is None:
            return None
        if len(test.values) == 1:
            return index.get(next(iter(test.values)), {})
        return _union(index.get(value, {}) for value in test.values)


def _by_id(row: Row) -> str:
    return row.id


def _key(record: Record, name: str) -> Any:
    found = at(*name.split("."))(record)
    return found[0] if found else None


def _union(parts: Iterable[dict[str, Row]]) -> dict[str, Row]:
    return {row.id: row for part in parts for row in part.values()}


def _merged(
    record: Mapping[str, Any], changes: Mapping[str, Any], *, keep_none: bool = False
) -> dict[str, Any]:
    """Return a record with changes; inner objects are changed field by field."""
    result = dict(record)
    for name, value in changes.items():
        if isinstance(value, Mapping):
            inner = result.get(name)
            before = inner if isinstance(inner, Mapping) else {}
            result[name] = _merged(before, value, keep_none=keep_none)
        elif value is None and not keep_none:
            result.pop(name, None)
        else:
            result[name] = value
    return result
