"""The records of an environment, with unique keys and transactions that roll back."""

from __future__ import annotations

import threading
import unicodedata
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

from regbridge_dynamics.simulator.columns import Stored
from regbridge_dynamics.simulator.errors import key_violated
from regbridge_dynamics.simulator.schema import Key, Schema, Table


@dataclass(frozen=True, slots=True)
class Row:
    """A record; `values` are by logical name, `number` is the order of creation."""

    id: str
    values: Mapping[str, Stored]
    version: int
    number: int

    @property
    def etag(self) -> str:
        """Return the version as a weak entity tag."""
        return f'W/"{self.version}"'


class Database:
    """Holds rows by table and id. Every change happens within `transaction`."""

    def __init__(self, schema: Schema) -> None:
        self.schema = schema
        self._lock = threading.RLock()
        self._rows = {table.name: _Rows(table) for table in schema}
        self._journal: list[tuple[_Rows, str, Row | None]] = []
        self._depth = 0
        self._version = 1_000_000

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Make everything inside one: an exception undoes all of it, and goes on.

        One transaction runs at a time. Within another one it is a part of it that can be undone.
        """
        with self._lock:
            mark = len(self._journal)
            self._depth += 1
            try:
                yield
            except BaseException:
                while len(self._journal) > mark:
                    rows, row_id, old = self._journal.pop()
                    rows.set(row_id, old)
                raise
            finally:
                self._depth -= 1
                if not self._depth:
                    self._journal.clear()

    def next_version(self) -> int:
        """Return a number that no version had before."""
        self._version += 1
        return self._version

    def get(self, table: Table, row_id: str) -> Row | None:
        """Return a row by its id."""
        return self._rows[table.name].by_id.get(row_id)

    def find(self, table: Table, key: Key, values: Mapping[str, Stored]) -> Row | None:
        """Return a row by an active alternate key."""
        rows = self._rows[table.name]
        found = key_values(key, values)
        row_id = rows.index[key.name].get(found) if found else None
        return rows.by_id[row_id] if row_id else None

    def all(self, table: Table) -> list[Row]:
        """Return the rows in order of creation."""
        with self._lock:
            return sorted(self._rows[table.name].by_id.values(), key=lambda row: row.number)

    def put(self, table: Table, row: Row) -> None:
        """Store a row. Raises `ApiError` when another one has the same values of a key."""
        rows = self._rows[table.name]
        for key in table.active_keys:
            found = key_values(key, row.values)
            if found and rows.index[key.name].get(found, row.id) != row.id:
                raise key_violated(key.name, ", ".join(key.columns))
        self._change(rows, row.id, row)

    def remove(self, table: Table, row_id: str) -> None:
        """Remove a row, and every reference to it."""
        self._change(self._rows[table.name], row_id, None)
        for other in self.schema:
            names = {one.name for one, target in other.navigation.values() if target == table.name}
            for row in self.all(other) if names else ():
                cleared = dict.fromkeys(one for one in names if row.values[one] == row_id)
                if cleared:
                    values = {**row.values, **cleared}
                    changed = Row(row.id, values, self.next_version(), row.number)
                    self._change(self._rows[other.name], row.id, changed)

    def _change(self, rows: _Rows, row_id: str, row: Row | None) -> None:
        assert self._depth, "outside a transaction"
        self._journal.append((rows, row_id, rows.by_id.get(row_id)))
        rows.set(row_id, row)


def key_values(key: Key, values: Mapping[str, Stored]) -> tuple[Stored, ...] | None:
    """Return what makes two rows have the same key; None when a value is null.

    As with the SQL behind Dataverse, neither capitals nor accents nor spaces at the end count. That
    is INFERRED, and strict: keys that differ only so are taken for equal.
    """
    found = tuple(_comparable(values.get(name)) for name in key.columns)
    return None if None in found else found


def _comparable(value: Stored) -> Stored:
    if not isinstance(value, str):
        return value
    parts = unicodedata.normalize("NFKD", value.rstrip(" ").casefold())
    return "".join(sign for sign in parts if not unicodedata.combining(sign))


class _Rows:
    """The rows of one table by id, and their ids by key."""

    def __init__(self, table: Table) -> None:
        self.by_id: dict[str, Row] = {}
        self.index: dict[str, dict[tuple[Stored, ...], str]] = {
            key.name: {} for key in table.active_keys
        }
        self._keys = table.active_keys

    def set(self, row_id: str, row: Row | None) -> None:
        """Put a row in the place of what is there, or remove it."""
        old = self.by_id.pop(row_id, None)
        for key in self._keys:
            if old and (found := key_values(key, old.values)):
                del self.index[key.name][found]
            if row and (found := key_values(key, row.values)):
                self.index[key.name][found] = row_id
        if row:
            self.by_id[row_id] = row
