"""Turns the records of a target into upserts of its table."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import tzinfo
from typing import Any

from regbridge import Record, RejectedError, did_you_mean
from regbridge_dynamics.keys import Address, address_of, require_address
from regbridge_dynamics.schema import LOOKUPS, Table
from regbridge_dynamics.settings import DynamicsSettings, LookupSettings
from regbridge_dynamics.source import Source
from regbridge_dynamics.values import write_value

BIND = "@odata.bind"


@dataclass(frozen=True, slots=True)
class Upsert:
    """One record as Dataverse takes it; `place` is its place among the records of the call.

    `parents` are the lookups that are set, each with the table that it refers to.
    """

    place: int
    record: Record
    address: Address
    body: Mapping[str, Any] = field(repr=False)
    parents: Mapping[str, LookupSettings] = field(default_factory=dict)

    @property
    def key(self) -> str:
        """What no call may have twice: UpsertMultiple refuses it (reference, section 4)."""
        return self.address.mark


class Translator:
    """Knows a table, the tables that its lookups refer to, and the settings, which fit them."""

    def __init__(
        self,
        table: Table,
        parents: Mapping[str, Table],
        settings: DynamicsSettings,
        zone: tzinfo | None = None,
    ) -> None:
        self.table = table
        self._parents = parents
        self._settings = settings
        self._zone = zone
        self._key = settings.sources()
        self._lookups = {
            name: (lookup, lookup.sources(name)) for name, lookup in settings.lookups.items()
        }
        self._not_written = self._key_columns() | self._ingredients()

    def upsert(self, place: int, record: Record) -> Upsert:
        """Return what is sent for a record.

        Raises `RejectedError` with the name of the field, and never with its value.
        """
        fields = record.fields
        address = require_address(self.table, self._key, fields, self._zone)
        body: dict[str, Any] = {}
        for name, value in fields.items():
            if name not in self._not_written and name not in self._lookups:
                body[name] = self._written(name, value)
        parents: dict[str, LookupSettings] = {}
        for name, (lookup, sources) in self._lookups.items():
            if any(source in fields for one in sources for source in one.fields) or name in fields:
                bound = self._bound(name, lookup, sources, fields)
                body[self._navigation(name, lookup) + BIND] = bound
                if bound:
                    parents[name] = lookup
        return Upsert(place, record, address, body, parents)

    def _written(self, name: str, value: Any) -> Any:
        column = self.table.columns.get(name)
        if column is None:
            remedy = did_you_mean(name, self.table.columns)
            raise _refused(name, f"the table {self.table.name} has no such column; {remedy}")
        if column.type in LOOKUPS:
            raise _refused(name, "the column is a lookup; say under lookups: what it refers to")
        if not (column.can_create or column.can_update):
            raise _refused(name, "the column cannot be written")
        try:
            return write_value(column, value, self._zone)
        except ValueError as error:
            raise _refused(name, str(error)) from None

    def _bound(
        self,
        name: str,
        lookup: LookupSettings,
        sources: tuple[Source, ...],
        fields: Mapping[str, Any],
    ) -> str | None:
        parent = self._parents[lookup.table]
        given = sources or (Source(parent.primary_id, (name,)),)
        found = address_of(parent, given, fields, self._zone)
        return found.plain if found else None

    def _navigation(self, name: str, lookup: LookupSettings) -> str:
        return self.table.navigation[name, lookup.table]

    def _key_columns(self) -> frozenset[str]:
        """Return the key's columns: beside the address they do harm (section 3)."""
        return frozenset(source.column for source in self._key)

    def _ingredients(self) -> frozenset[str]:
        """Return the fields that only feed a key, and are no columns of the table."""
        fed = [*self._key, *(one for _, sources in self._lookups.values() for one in sources)]
        used = {name for source in fed for name in source.fields}
        return frozenset(name for name in used if name not in self.table.columns)


def _refused(name: str, text: str) -> RejectedError:
    return RejectedError(f"{name}: {text}".removesuffix("; "), field=name)
