"""The rules for creating, changing and removing records."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping
from datetime import UTC, datetime

from regbridge_dynamics.simulator.address import Address
from regbridge_dynamics.simulator.columns import Column, Required, Stored
from regbridge_dynamics.simulator.database import Database, Row, key_values
from regbridge_dynamics.simulator.errors import ApiError, duplicates_found, id_taken
from regbridge_dynamics.simulator.lookups import LookupColumn
from regbridge_dynamics.simulator.request import Call
from regbridge_dynamics.simulator.rights import Rights, privilege
from regbridge_dynamics.simulator.schema import Key, Table


class Writer:
    """Writes on behalf of one call, within a transaction of the database."""

    def __init__(
        self, database: Database, rights: Rights, clock: Callable[[], float], call: Call
    ) -> None:
        self._database = database
        self._rights = rights
        self._clock = clock
        self._call = call
        self._tally = call.tally

    def create(self, table: Table, values: Mapping[str, Stored], row_id: str = "") -> Row:
        """Make a record. Raises `ApiError` for read-only columns, missing ones, and duplicates."""
        self._tally.worked += 1
        self._rights.require(self._call.user_id, privilege("Create", table))
        _require_writable(table, values, lambda column: column.create, "create")
        row_id = row_id or str(values.get(table.primary_id) or "") or str(uuid.uuid4())
        if self._database.get(table, row_id):
            raise id_taken()
        now = self._now()
        empty = {column.name: None for column in table.all_columns}
        merged: dict[str, Stored] = {**empty, **values, table.primary_id: row_id}
        merged |= _state(table, values, 0) | {"createdon": now, "modifiedon": now}
        row = self._checked(table, values, merged, row_id)
        version = self._database.next_version()
        made = Row(row_id, {**row, "versionnumber": version}, version, version)
        self._database.put(table, made)
        return made

    def update(self, table: Table, row: Row, values: Mapping[str, Stored]) -> Row:
        """Change a record. Raises `ApiError`."""
        self._tally.worked += 1
        self._rights.require(self._call.user_id, privilege("Write", table))
        values = {
            name: value
            for name, value in values.items()
            if (name, value) != (table.primary_id, row.id)
        }
        _require_writable(table, values, lambda column: column.update, "update")
        merged = {**row.values, **values, "modifiedon": self._now()}
        if "statecode" in values or "statuscode" in values:
            merged |= _state(table, values, row.values["statecode"])
        merged = self._checked(table, values, merged, row.id)
        version = self._database.next_version()
        changed = Row(row.id, {**merged, "versionnumber": version}, version, row.number)
        self._database.put(table, changed)
        return changed

    def upsert(self, address: Address, values: Mapping[str, Stored]) -> tuple[Row, bool]:
        """Change the record at an address, or make it; return it, and whether it was made.

        Key columns in `values` are dropped when the record exists, and win over the address when
        it does not (reference/dataverse-web-api.md, section 3).
        """
        row = address.row(self._database)
        if row is None:
            made = {**address.values, **values}
            return self.create(address.table, made, address.row_id), True
        kept = {name: value for name, value in values.items() if name not in address.values}
        return self.update(address.table, row, kept), False

    def delete(self, table: Table, row: Row) -> None:
        """Remove a record and every reference to it. Raises `ApiError`."""
        self._tally.worked += 1
        self._rights.require(self._call.user_id, privilege("Delete", table))
        self._database.remove(table, row.id)

    def _checked(
        self,
        table: Table,
        given: Mapping[str, Stored],
        merged: dict[str, Stored],
        row_id: str,
    ) -> dict[str, Stored]:
        """Return the whole record, once all that depends on several columns or records is right."""
        for column in table.all_columns:
            if column.required is Required.SYSTEM and merged[column.name] is None:
                message = f"The required field '{column.name}' is missing."
                raise ApiError(400, "0x80040200", message)
        self._require_append(table, given)
        if table.plug_in and (refusal := table.plug_in(merged)):
            raise ApiError(400, "0x80040265", refusal)
        if self._call.finds_duplicates:
            self._require_no_duplicate(table, merged, row_id)
        return merged

    def _require_append(self, table: Table, given: Mapping[str, Stored]) -> None:
        for column, target in table.navigation.values():
            referred = given.get(column.name)
            other = self._database.schema.table(target)
            if referred is not None and self._database.get(other, str(referred)):
                self._rights.require(self._call.user_id, privilege("Append", table))
                self._rights.require(self._call.user_id, privilege("AppendTo", other))

    def _require_no_duplicate(
        self, table: Table, merged: Mapping[str, Stored], row_id: str
    ) -> None:
        for rule in table.duplicate_rules:
            key = Key("duplicate rule", rule)
            mine = key_values(key, merged)
            for row in self._database.all(table) if mine else ():
                active = row.id != row_id and row.values["statecode"] == 0
                if active and key_values(key, row.values) == mine:
                    raise duplicates_found()

    def _now(self) -> str:
        return datetime.fromtimestamp(self._clock(), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _state(table: Table, given: Mapping[str, Stored], now: Stored) -> dict[str, Stored]:
    """Return state and status. Raises `ApiError` for a state alone, or a pair that does not fit."""
    state = given.get("statecode", now)
    if "statuscode" in given:
        status = given["statuscode"]
    elif "statecode" in given:
        status = None  # section 3: "always set statuscode too"
    else:
        status = table.status.default(int(state or 0))
    if not table.status.fits(status, state):
        raise ApiError(
            400,
            "0x80048408",
            f"{status} is not a valid status code for state code {table.type_name}State.{state}.",
        )
    return {"statecode": state, "statuscode": status}


def _require_writable(
    table: Table,
    values: Mapping[str, Stored],
    may: Callable[[Column], bool],
    what: str,
) -> None:
    """Refuse read-only columns.

    Dataverse passes over some of them; which is nowhere written, so all are refused here.
    """
    for name in values:
        column = table.by_name[name]
        if not may(column):
            kind = "lookup" if isinstance(column, LookupColumn) else "column"
            message = f"The {kind} '{name}' of '{table.name}' is not valid for {what}."
            raise ApiError(400, "0x80040203", message)
