"""Whether the entries of a target's map fit the columns that they feed."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, tzinfo
from typing import Any

from regbridge import Finding, Level, did_you_mean
from regbridge_dynamics.keys import write_key_value
from regbridge_dynamics.schema import (
    LOOKUPS,
    NUMBERS,
    SINGLE_CHOICES,
    TEXTS,
    WHOLE_NUMBERS,
    Column,
    Table,
    Type,
)
from regbridge_dynamics.settings import DynamicsSettings
from regbridge_dynamics.source import Source
from regbridge_dynamics.values import can_be_written, write_value

Keys = tuple[str | int, ...]

_NEVER = {
    "boolean": NUMBERS | WHOLE_NUMBERS | SINGLE_CHOICES | {Type.CHOICES, Type.DATE_TIME, Type.GUID},
    "integer": frozenset({Type.DATE_TIME, Type.GUID}),
    "number": frozenset({Type.DATE_TIME, Type.GUID}),
    "string": frozenset(),
}
_SAMPLE = datetime(2027, 3, 4, 9, 30, tzinfo=UTC)
_FREE_TEXT = re.compile(r"(?i)e-?mail|\bname\b|firstName|lastName|company|title")


class MapCheck:
    """Compares the map of one target with its table and with those that its lookups refer to."""

    def __init__(
        self,
        table: Table,
        parents: Mapping[str, Table],
        settings: DynamicsSettings,
        zone: tzinfo | None,
        path: Keys,
    ) -> None:
        self._table = table
        self._zone = zone
        self._path = path
        self._lookups = settings.lookups
        self._key = settings.sources()
        self._fed: list[tuple[Table, Source]] = [(table, source) for source in self._key]
        for name, lookup in settings.lookups.items():
            parent = parents[lookup.table]
            given = lookup.sources(name) or (Source(parent.primary_id, (name,)),)
            self._fed += [(parent, source) for source in given]

    def findings(self, mapped: Mapping[str, Any]) -> Iterator[Finding]:
        """Yield what is wrong or doubtful with each entry, and with columns that have none."""
        for name, raw in mapped.items():
            path = (*self._path, name)
            entry = raw if isinstance(raw, Mapping) else {"from": raw}
            yield from self._of_column(name, entry, path)
            yield from self._of_keys(name, entry, path)
        keyed = {source.column for source in self._key}
        written = {*mapped, *keyed, *self._lookups, self._table.primary_id}
        for column in self._table.columns.values():
            if column.is_required and column.is_custom and column.name not in written:
                yield Finding(
                    Level.WARNING,
                    f"the column {column.name} is required, and nothing gives it a value",
                    remedy="add it to the map, unless the environment itself fills it",
                    path=self._path,
                )

    def _of_column(self, name: str, entry: Mapping[str, Any], path: Keys) -> Iterator[Finding]:
        column = self._table.columns.get(name)
        if column is None:
            if not any(name in source.fields for _, source in self._fed):
                text = f"the table {self._table.name} has no column {name!r}"
                remedy = did_you_mean(name, self._table.columns)
                yield Finding(Level.ERROR, text, remedy=remedy, path=path)
        elif name not in self._lookups and name not in {source.column for source in self._key}:
            yield from self._of_written(column, entry, path)

    def _of_written(
        self, column: Column, entry: Mapping[str, Any], path: Keys
    ) -> Iterator[Finding]:
        if column.type in LOOKUPS:
            target = next(iter(column.targets), "TABLE")
            text = f"{column.name} is a lookup, and the settings do not say what it refers to"
            remedy = f"add {column.name}: {{table: {target}, key: COLUMN}} to lookups"
            yield Finding(Level.ERROR, text, remedy=remedy, path=path)
        elif not can_be_written(column):
            text = f"columns of the type {column.type_name} cannot be written"
            yield Finding(Level.ERROR, text, remedy="remove it from the map", path=path)
        elif not (column.can_create and column.can_update):
            yield _read_only(column, path)
        else:
            yield from _of_type(column, entry, path)
            yield from self._of_constants(lambda v: write_value(column, v, self._zone), entry, path)

    def _of_keys(self, name: str, entry: Mapping[str, Any], path: Keys) -> Iterator[Finding]:
        """Yield what a key cannot take of a field that feeds it as it is."""
        for table, source in self._fed:
            if name not in source.fields or source.is_hash or source.column not in table.columns:
                continue

            def write(value: Any, table: Table = table, column: str = source.column) -> Any:
                return value if value is None else write_key_value(table, column, value, self._zone)

            yield from self._of_constants(write, entry, path)
            is_text = table.columns[source.column].type is Type.STRING
            if is_text and _FREE_TEXT.search(str(entry.get("from", ""))):
                yield Finding(
                    Level.WARNING,
                    f"{source.column} is a key, and such values hold characters that Dataverse "
                    "cannot take in one",
                    remedy="key on an id of Cvent, or on a hash of this value",
                    path=path,
                )

    def _of_constants(
        self, write: Callable[[Any], Any], entry: Mapping[str, Any], path: Keys
    ) -> Iterator[Finding]:
        """Yield the constants of an entry that the column does not take, such as choices."""
        if "format" in entry:
            return
        for place, constant in _constants(entry):
            try:
                write(constant)
            except ValueError as error:
                text = f"{constant!r} cannot be sent: {error}"
                yield Finding(Level.ERROR, text, path=(*path, *place))


def _of_type(column: Column, entry: Mapping[str, Any], path: Keys) -> Iterator[Finding]:
    """Yield what the entry's own rules make impossible for the column's type."""
    if column.type in _NEVER.get(str(entry.get("type")), frozenset()):
        text = f"type: {entry['type']} does not fit a column of the type {column.type_name}"
        yield Finding(Level.ERROR, text, remedy="leave type out", path=(*path, "type"))
    most = entry.get("max_length")
    longer = isinstance(most, int) and column.max_length is not None and most > column.max_length
    if column.type in TEXTS and longer:
        yield Finding(
            Level.WARNING,
            f"the column {column.name} takes {column.max_length} characters, and longer texts are "
            "refused",
            remedy=f"write max_length: {column.max_length}",
            path=(*path, "max_length"),
        )
    if isinstance(pattern := entry.get("format"), str) and column.type not in TEXTS:
        try:
            write_value(column, _SAMPLE.strftime(pattern), UTC)
        except ValueError as error:
            text = f"the column {column.name} does not take dates in this form: {error}"
            remedy = "write %Y-%m-%d, or %Y-%m-%dT%H:%M:%S%z"
            yield Finding(Level.ERROR, text, remedy=remedy, path=(*path, "format"))


def _read_only(column: Column, path: Keys) -> Finding:
    if not (column.can_create or column.can_update):
        text, level = f"the column {column.name} cannot be written", Level.ERROR
    else:
        when = "made" if column.can_create else "changed"
        text = f"the column {column.name} can be written only when a record is {when}"
        level = Level.WARNING
    return Finding(level, text, remedy="remove it from the map", path=path)


def _constants(entry: Mapping[str, Any]) -> Iterator[tuple[Keys, Any]]:
    """Yield what an entry sends whatever Cvent says, each with its place in the entry."""
    for name in ("value", "then", "else", "default"):
        if name in entry:
            yield (name,), entry[name]
    table = entry.get("lookup")
    for name, value in table.items() if isinstance(table, Mapping) else ():
        yield ("lookup", str(name)), value
