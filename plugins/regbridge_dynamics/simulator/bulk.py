"""CreateMultiple, UpdateMultiple and UpsertMultiple: many records of one table, all or nothing."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import Any

from regbridge_dynamics.simulator.address import Address
from regbridge_dynamics.simulator.columns import Stored
from regbridge_dynamics.simulator.database import Database, key_values
from regbridge_dynamics.simulator.errors import (
    ApiError,
    bad_payload,
    bad_request,
    no_record_with_id,
    unsupported,
)
from regbridge_dynamics.simulator.namespace import NAMESPACE
from regbridge_dynamics.simulator.payload import PayloadReader, require_type
from regbridge_dynamics.simulator.request import Answer, Call
from regbridge_dynamics.simulator.schema import Table
from regbridge_dynamics.simulator.writer import Writer

ACTIONS = frozenset({"CreateMultiple", "UpdateMultiple", "UpsertMultiple", "DeleteMultiple"})


class BulkWriter:
    """Runs one bulk action (reference/dataverse-web-api.md, section 4)."""

    def __init__(
        self,
        database: Database,
        reader: PayloadReader,
        writer: Writer,
        race: Callable[[Table], None],
    ) -> None:
        self._database = database
        self._reader = reader
        self._writer = writer
        self._race = race

    def answer(self, table: Table, action: str, call: Call, base_url: str) -> Answer:
        """Do it, within a transaction of the caller. Raises `ApiError`, and nothing is written."""
        if action == "DeleteMultiple" or not table.bulk:
            raise unsupported(action, table.name)
        targets = self._targets(table, call)
        if action == "CreateMultiple":
            ids = [self._create(table, target) for target in targets]
            context = f"{base_url}/$metadata#{NAMESPACE}CreateMultipleResponse"
            return Answer(200, {"@odata.context": context, "Ids": ids})
        if action == "UpdateMultiple":
            for target in targets:
                self._update(table, target)
        else:
            self._upsert_all(table, targets)
        return Answer(204)

    def _targets(self, table: Table, call: Call) -> list[dict[str, Any]]:
        body = call.document(table.entity_set)
        targets = body.get("Targets")
        if set(body) != {"Targets"} or not isinstance(targets, list) or not targets:
            raise bad_payload(
                table.entity_set, "The parameter 'Targets' must be a list of records."
            )
        for target in targets:
            if not isinstance(target, dict):
                raise bad_payload(table.entity_set, "A 'StartObject' node was expected.")
            require_type(table, target, must=True)
        return targets

    def _create(self, table: Table, target: dict[str, Any]) -> str:
        if "@odata.id" in target:
            raise bad_payload(table.entity_set, "'@odata.id' has no place in a create.")
        return self._writer.create(table, self._reader.values(table, target)).id

    def _update(self, table: Table, target: dict[str, Any]) -> None:
        address, values = self._identified(table, target)
        if address is None:
            raise bad_request(
                f"Entity Id must be specified for Update, in '{table.primary_id}' or '@odata.id'.",
                "0x80040203",
            )
        self._writer.update(table, address.require(self._database), values)

    def _upsert_all(self, table: Table, targets: list[dict[str, Any]]) -> None:
        found = [self._identified(table, target) for target in targets]
        self._require_different(table, found)
        if any(address is None or not address.row(self._database) for address, _ in found):
            self._race(table)
        for address, values in found:
            if address is None:
                self._writer.create(table, values)
                continue
            is_new = address.row(self._database) is None
            if is_new and set(address.values) & set(values):
                # Section 4: seen by Microsoft itself; with an existing record it is tolerated.
                raise ApiError(400, "0x80040216", "An unexpected error occurred.")
            self._writer.upsert(address, values)

    def _identified(
        self, table: Table, target: dict[str, Any]
    ) -> tuple[Address | None, dict[str, Stored]]:
        """Return where a record is, None for a new one, and its values."""
        rest = {name: value for name, value in target.items() if name != "@odata.id"}
        values = self._reader.values(table, rest)
        row_id = str(values.pop(table.primary_id, None) or "")
        if "@odata.id" not in target:
            return Address(table, row_id=row_id) if row_id else None, values
        given = target["@odata.id"]
        if not isinstance(given, str) or given.startswith("$"):
            raise bad_payload(table.entity_set, "'@odata.id' must be the address of a record.")
        address = self._reader.address(given)
        if address.table != table:
            raise bad_payload(table.entity_set, f"'{given}' is in another table.")
        if row_id and address.row_id != row_id:
            raise no_record_with_id(table.name, row_id)
        return address, values

    def _require_different(
        self, table: Table, found: list[tuple[Address | None, dict[str, Stored]]]
    ) -> None:
        """Refuse two targets with the same id or the same values of a key, also in their bodies."""
        seen: set[Hashable] = set()
        for address, values in found:
            known = {**(address.values if address else {}), **values}
            marks: list[Hashable] = [address.row_id] if address and address.row_id else []
            by_key = ((key.name, key_values(key, known)) for key in table.active_keys)
            marks.extend(mark for mark in by_key if mark[1])
            for mark in marks:
                if mark in seen:
                    raise ApiError(
                        412, "0x80040237", "Operation failed due to a SQL integrity violation."
                    )
                seen.add(mark)
