"""The tables of an environment: columns, keys, and which of them take bulk operations."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property

from regbridge_dynamics.simulator.choices import StateColumn, StatusColumn
from regbridge_dynamics.simulator.columns import BigIntColumn, Column, GuidColumn, Required, Stored
from regbridge_dynamics.simulator.dates import DateTimeColumn
from regbridge_dynamics.simulator.lookups import LookupColumn

_MOST_KEYS = 10
_MOST_COLUMNS = 16


class KeyStatus(StrEnum):
    """How far the index of an alternate key is; it works only when `ACTIVE`."""

    PENDING = "Pending"
    IN_PROGRESS = "InProgress"
    ACTIVE = "Active"
    FAILED = "Failed"


@dataclass(frozen=True, slots=True)
class Key:
    """An alternate key; `columns` are logical names."""

    name: str
    columns: tuple[str, ...]
    status: KeyStatus = KeyStatus.ACTIVE


@dataclass(frozen=True, kw_only=True)
class Table:
    """A table; id, state, status, creation and version columns are added by themselves.

    `bulk` says whether it has CreateMultiple and UpdateMultiple, hence UpsertMultiple.
    `duplicate_rules` are sets of columns that a second active record may not share; they hold
    only for calls that turn them on. `plug_in` sees the values of a create or an update and may
    return the message of its refusal.
    """

    name: str
    entity_set: str
    columns: tuple[Column, ...]
    primary_name: str
    keys: tuple[Key, ...] = ()
    schema_name: str = ""
    display: str = ""
    bulk: bool = True
    duplicate_rules: tuple[tuple[str, ...], ...] = ()
    plug_in: Callable[[Mapping[str, Stored]], str | None] | None = None

    def __post_init__(self) -> None:
        """Raise `ValueError` for what Dataverse would not let be made."""
        names = [column.name for column in self.all_columns]
        if len(set(names)) != len(names):
            raise ValueError(f"{self.name}: a column is there twice")
        if self.primary_name not in names:
            raise ValueError(f"{self.name}: no column {self.primary_name}")
        if len(self.keys) > _MOST_KEYS:
            raise ValueError(f"{self.name}: more than {_MOST_KEYS} keys")
        for key in self.keys:
            self._require_key(key)

    @property
    def primary_id(self) -> str:
        """Return the name of the id's column."""
        return f"{self.name}id"

    @cached_property
    def all_columns(self) -> tuple[Column, ...]:
        """Return the given columns and those that every table has."""
        given = {column.name for column in self.columns}
        always = (
            StateColumn(),
            StatusColumn(),
            DateTimeColumn(name="createdon", create=False, update=False),
            DateTimeColumn(name="modifiedon", create=False, update=False),
            BigIntColumn(name="versionnumber", create=False, update=False),
        )
        return (
            GuidColumn(name=self.primary_id, update=False, required=Required.SYSTEM),
            *self.columns,
            *(column for column in always if column.name not in given),
        )

    @cached_property
    def by_name(self) -> Mapping[str, Column]:
        """Return the columns by logical name."""
        return {column.name: column for column in self.all_columns}

    @cached_property
    def by_property(self) -> Mapping[str, Column]:
        """Return the columns by the name that answers, filters and keys use."""
        return {column.property_name: column for column in self.all_columns}

    @cached_property
    def readable(self) -> Mapping[str, Column]:
        """Return those that answers and filters may have, by the same names."""
        return {name: column for name, column in self.by_property.items() if column.read}

    @cached_property
    def navigation(self) -> Mapping[str, tuple[LookupColumn, str]]:
        """Return the lookups by navigation property, each with the table that it names."""
        return {
            name: (column, target)
            for column in self.all_columns
            if isinstance(column, LookupColumn)
            for target, name in column.targets.items()
        }

    @cached_property
    def active_keys(self) -> tuple[Key, ...]:
        """Return the keys that can be used."""
        return tuple(key for key in self.keys if key.status is KeyStatus.ACTIVE)

    @property
    def status(self) -> StatusColumn:
        """Return the status column."""
        column = self.by_name["statuscode"]
        assert isinstance(column, StatusColumn)
        return column

    @property
    def type_name(self) -> str:
        """Return the table's name with its capital, as privileges and relationships have it."""
        if self.schema_name:
            return self.schema_name
        prefix, mark, rest = self.name.partition("_")
        return f"{prefix}_{rest[:1].upper()}{rest[1:]}" if mark else self.name.title()

    def _require_key(self, key: Key) -> None:
        if not 0 < len(key.columns) <= _MOST_COLUMNS:
            raise ValueError(f"{self.name}: {key.name} must have 1 to {_MOST_COLUMNS} columns")
        for name in key.columns:
            if name not in self.by_name or not self.by_name[name].may_be_key:
                raise ValueError(f"{self.name}: {name} cannot be in the key {key.name}")


class Schema:
    """The tables of an environment. Raises `ValueError` for a lookup to a table not among them."""

    def __init__(self, *tables: Table) -> None:
        self._by_name = {table.name: table for table in tables}
        self._by_set = {table.entity_set: table for table in tables}
        if not len(self._by_name) == len(self._by_set) == len(tables):
            raise ValueError("two tables have the same name")
        for table in tables:
            for column, target in table.navigation.values():
                if target not in self._by_name:
                    raise ValueError(f"{table.name}.{column.name}: no table {target}")

    def __iter__(self) -> Iterator[Table]:
        return iter(self._by_name.values())

    def table(self, name: str) -> Table:
        """Return a table by its logical name. Raises `KeyError`."""
        return self._by_name[name]

    def of_set(self, entity_set: str) -> Table | None:
        """Return a table by its entity set's name, which is case-sensitive."""
        return self._by_set.get(entity_set)
