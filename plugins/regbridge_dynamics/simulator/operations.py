"""Finds the operation that a call asks for, and runs it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from urllib.parse import quote

from regbridge_dynamics.simulator.address import Address, decode, parse_address, set_name
from regbridge_dynamics.simulator.bulk import ACTIONS, BulkWriter
from regbridge_dynamics.simulator.database import Database, Row
from regbridge_dynamics.simulator.errors import (
    already_there,
    bad_query_syntax,
    key_violated,
    no_record_with_key,
    no_such_operation,
    no_such_segment,
    not_allowed,
    not_simulated,
    nothing_to_update,
    version_differs,
)
from regbridge_dynamics.simulator.faults import Fault, FaultInjector
from regbridge_dynamics.simulator.functions import message_filters, user_privileges, who_am_i
from regbridge_dynamics.simulator.metadata_paths import MetadataReader
from regbridge_dynamics.simulator.namespace import NAMESPACE
from regbridge_dynamics.simulator.optional_headers import check_optional_headers
from regbridge_dynamics.simulator.payload import PayloadReader
from regbridge_dynamics.simulator.reading import read_many, read_one, require_options
from regbridge_dynamics.simulator.representation import context, represent, selected_columns
from regbridge_dynamics.simulator.request import Answer, Call
from regbridge_dynamics.simulator.rights import Rights, privilege
from regbridge_dynamics.simulator.schema import Schema, Table
from regbridge_dynamics.simulator.site import Site
from regbridge_dynamics.simulator.writer import Writer

_PRIVILEGES = f"{NAMESPACE}RetrieveUserPrivileges"


class Operations:
    """Runs single calls; each is a transaction of its own, or a part of the one around it."""

    def __init__(
        self,
        schema: Schema,
        database: Database,
        rights: Rights,
        faults: FaultInjector,
        site: Site,
        clock: Callable[[], float],
    ) -> None:
        self._schema = schema
        self._database = database
        self._rights = rights
        self._faults = faults
        self._site = site
        self._clock = clock
        self._metadata = MetadataReader(schema, site)

    def run(self, call: Call) -> Answer:
        """Answer one call. Raises `ApiError`, and then nothing is written."""
        check_optional_headers(call.headers, call.user_id, self._rights)
        segments = [decode(segment) for segment in call.path.split("/")]
        name = set_name(segments[0])
        if not name:
            raise bad_query_syntax() if "(" in segments[0] else no_such_segment(segments[0])
        if name in ("WhoAmI", "EntityDefinitions", "sdkmessagefilters", "systemusers"):
            return self._function(name, segments, call)
        table = self._schema.of_set(name)
        if table is None:
            raise no_such_segment(name)
        if len(segments) == 1:
            return self._records(table, segments[0], call)
        return self._bound(table, segments, call)

    def _function(self, name: str, segments: Sequence[str], call: Call) -> Answer:
        if call.method != "GET":
            raise no_such_operation(f"{self._site.base_url}/{call.path}")
        if name == "EntityDefinitions":
            return self._metadata.answer(segments, call)
        if name == "WhoAmI" and segments in (["WhoAmI"], ["WhoAmI()"]):
            return who_am_i(self._site.base_url, call.user_id)
        if name == "sdkmessagefilters" and segments == ["sdkmessagefilters"]:
            return message_filters(self._site.base_url, self._schema, call)
        user = f"systemusers({call.user_id})"
        if [*segments[:-1], segments[-1].removesuffix("()")] == [user, _PRIVILEGES]:
            return user_privileges(self._site.base_url, self._rights)
        raise no_such_segment(segments[-1])

    def _bound(self, table: Table, segments: Sequence[str], call: Call) -> Answer:
        action = segments[1].removeprefix(NAMESPACE)
        if action == segments[1] or action not in ACTIONS:
            raise not_simulated("what is below a record")
        if len(segments) > 2 or segments[0] != table.entity_set:
            raise no_such_segment(segments[-1])
        if call.method != "POST":
            raise no_such_operation(f"{self._site.base_url}/{call.path}")
        require_options(call, frozenset())
        with self._database.transaction():
            before = call.tally.worked
            bulk = BulkWriter(
                self._database, self._reader(call), self._writer(call), self._maybe_race
            )
            answer = bulk.answer(table, action, call, self._site.base_url)
        call.tally.written += call.tally.worked - before
        return answer

    def _records(self, table: Table, segment: str, call: Call) -> Answer:
        if segment == table.entity_set:
            if call.method == "POST":
                return self._create(table, call)
            if call.method != "GET":
                raise not_allowed()
            self._require(call, "Read", table)
            with self._database.transaction():
                return read_many(self._database, self._site.base_url, table, call)
        address = parse_address(segment, self._database)
        if call.method == "GET":
            self._require(call, "Read", table)
            with self._database.transaction():
                return read_one(self._database, self._site.base_url, address, call)
        if call.method == "PATCH":
            return self._upsert(address, call)
        if call.method == "DELETE":
            return self._delete(address, call)
        raise not_allowed()

    def _create(self, table: Table, call: Call) -> Answer:
        self._require_representation_options(call)
        with self._database.transaction():
            values = self._reader(call).values(table, call.document(table.entity_set))
            row = self._writer(call).create(table, values)
            address = Address(table, row_id=row.id, text=f"{table.entity_set}({row.id})")
            answer = self._written(address, row, call, created=True)
        call.tally.written += 1
        return answer

    def _upsert(self, address: Address, call: Call) -> Answer:
        self._require_representation_options(call)
        table = address.table
        with self._database.transaction():
            values = self._reader(call).values(table, call.document(table.entity_set))
            row = address.row(self._database)
            _check_conditions(address, row, call)
            if row is None:
                self._maybe_race(table)
            row, created = self._writer(call).upsert(address, values)
            answer = self._written(address, row, call, created=created)
        call.tally.written += 1
        return answer

    def _delete(self, address: Address, call: Call) -> Answer:
        require_options(call, frozenset())
        with self._database.transaction():
            row = address.require(self._database)
            _check_conditions(address, row, call)
            self._writer(call).delete(address.table, row)
        call.tally.written += 1
        return Answer(204)

    def _written(self, address: Address, row: Row, call: Call, *, created: bool) -> Answer:
        """Answer a write: with the record if the caller prefers that, else with where it is.

        That is the address as the caller wrote it: after an upsert by key no id (section 3).
        """
        table = address.table
        shown = quote(address.text, safe="()'=,-_.~")
        headers = {"OData-EntityId": f"{self._site.base_url}/{shown}"}
        record = f"{table.entity_set}({row.id})"
        if not call.preferences.representation:
            return Answer(204, None, headers, record)
        self._require(call, "Read", table)
        select = call.query.get("$select")
        body = {"@odata.context": context(self._site.base_url, table, select, one=True)}
        annotated = bool(call.preferences.annotations)
        columns = selected_columns(table, select)
        body |= represent(table, row, columns, annotated=annotated)
        headers |= {"Preference-Applied": "return=representation"}
        return Answer(201 if created else 200, body, headers, record)

    def _maybe_race(self, table: Table) -> None:
        """Refuse to make a record as if somebody else had made it at this moment (section 3)."""
        if table.active_keys and self._faults.take(Fault.RACE):
            key = table.active_keys[0]
            raise key_violated(key.name, ", ".join(key.columns))

    def _require_representation_options(self, call: Call) -> None:
        require_options(call, frozenset({"$select"}))
        call.preferences  # noqa: B018  # refuses what nobody documents before anything is written

    def _require(self, call: Call, action: str, table: Table) -> None:
        self._rights.require(call.user_id, privilege(action, table))

    def _reader(self, call: Call) -> PayloadReader:
        return PayloadReader(self._database, self._site.base_url, call.references)

    def _writer(self, call: Call) -> Writer:
        return Writer(self._database, self._rights, self._clock, call)


def _check_conditions(address: Address, row: Row | None, call: Call) -> None:
    """Raise `ApiError` where If-Match or If-None-Match does not hold (section 3)."""
    wanted = call.headers.get("if-match")
    if wanted is not None and row is None:
        if address.key:
            raise no_record_with_key(address.table.name)
        raise nothing_to_update(address.table.name, address.row_id)
    if wanted not in (None, "*") and row and wanted != row.etag:
        raise version_differs()
    if call.headers.get("if-none-match") == "*" and row:
        raise already_there()
