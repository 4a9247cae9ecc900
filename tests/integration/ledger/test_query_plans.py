"""No statement on a message's way reads a table from its beginning to its end."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import Connection, event, text
from tests.integration.ledger.conftest import analyze

from regbridge.store.report import is_idle
from regbridge.testing.payloads import sync

if TYPE_CHECKING:
    from tests.integration.ledger.conftest import Ledger

LARGE = {
    "receipts",
    "receipt_parts",
    "registrants",
    "registrations",
    "registration_payloads",
    "dedupe_keys",
    "deliveries",
}
Statement = tuple[str, Any]


@pytest.mark.parametrize("size", [1_000, 50_000])
def test_every_step_finds_its_rows_by_an_index_however_much_the_ledger_holds(
    ledger: Ledger, size: int
) -> None:
    ledger.store.write(lambda c: fill(c, size))
    analyze(ledger)
    ledger.register(1, "A")
    ledger.receive(sync(120))
    with recorded(ledger) as statements:
        ledger.register(1, "B", minute=1)
        ledger.run()
        ledger.register(1, "C", minute=2)
        ledger.run()
        ledger.store.read(lambda c: is_idle(c, ["apap"], ledger.clock.now))

    found = ledger.store.read(lambda c: {s: scans(c, s, p) for s, p in statements})

    claims = [statement for statement in found if "due_at <=" in statement]
    assert len(claims) >= 4
    few = size < 10_000 and not ledger.store.embedded
    # PostgreSQL rightly reads a small table as a whole to look a hundred rows up in it.
    checked = {s: found[s] for s in (claims if few else found)}
    assert {s: scanned for s, scanned in checked.items() if scanned} == {}


class recorded:  # noqa: N801 - reads as a statement
    """Notes each statement once, with its parameters."""

    def __init__(self, ledger: Ledger) -> None:
        self._engines = {ledger.store.engine, ledger.store.writer}
        self._found: dict[str, Any] = {}

    def __enter__(self) -> Iterator[Statement]:
        for engine in self._engines:
            event.listen(engine, "before_cursor_execute", self._note)
        return self  # type: ignore[return-value]

    def __exit__(self, *_: object) -> None:
        for engine in self._engines:
            event.remove(engine, "before_cursor_execute", self._note)

    def __iter__(self) -> Iterator[Statement]:
        return iter(self._found.items())

    def _note(
        self, _c: Any, _cursor: Any, statement: str, parameters: Any, _x: Any, many: bool
    ) -> None:
        if not many and statement.lstrip().startswith(("SELECT", "UPDATE", "DELETE")):
            self._found.setdefault(statement, parameters)


def scans(connection: Connection, statement: str, parameters: Any) -> set[str]:
    """Return the large tables that a statement reads as a whole."""
    if connection.dialect.name == "sqlite":
        plan = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters).all()
        steps = [row[-1].split() for row in plan]
        names = {step[1] for step in steps if step[0] == "SCAN"}
        return {name for name in names if name.rstrip("_0123456789") in LARGE}
    explained: Any = connection.exec_driver_sql(
        f"EXPLAIN (FORMAT JSON) {statement}", parameters
    ).scalar()
    return {
        node["Relation Name"]
        for node in nodes(explained[0]["Plan"])
        if node["Node Type"] == "Seq Scan" and node["Relation Name"] in LARGE
    }


def nodes(plan: Any) -> Iterator[Any]:
    yield plan
    for part in plan.get("Plans", ()):
        yield from nodes(part)


def fill(connection: Connection, size: int) -> None:
    """Write registrations that were delivered long ago, each of a registrant of its own."""
    if connection.dialect.name == "sqlite":
        numbers = (
            "(WITH RECURSIVE numbers(n) AS (SELECT 1000 UNION ALL"
            f" SELECT n + 1 FROM numbers WHERE n < {999 + size}) SELECT n FROM numbers)"
        )
    else:
        numbers = f"generate_series(1000, {999 + size}) AS numbers(n)"
    for statement in FILLING:
        connection.execute(text(statement.format(numbers=numbers)))


FILLING = (
    "INSERT INTO receipts (id, client, endpoint, event_type, message_stub, message_time_text,"
    " received_at, record_count, split_count, state, reason, arrivals, attempts)"
    " SELECT n, 'apap', 'CventReg', 'x', 'm', '', n, 1, 1, 'split', '', 1, 0 FROM {numbers}",
    "INSERT INTO receipt_parts SELECT id, 0, '' FROM receipts WHERE id >= 1000",
    "INSERT INTO registrants (id, client, subject) SELECT n, 'apap', 'old:' || n FROM {numbers}",
    "INSERT INTO registrations (id, receipt_id, position, client, endpoint, registrant_id, kind,"
    " occurrence, event_stub, invitee_stub, contact_stub, previous_contact_stub, is_guest, name,"
    " search_name, email, confirmation, ordered_at, bulk, admitted, state, reason, field, attempts)"
    " SELECT n, n, 0, 'apap', 'CventReg', n, 'registration', 0, 'e', 'i', 'c', '', false, 'N',"
    " 'n' || n, 'm' || n, '', n, false, true, 'delivered', '', '', 0 FROM {numbers}",
    "INSERT INTO registration_payloads SELECT id, 0, '' FROM receipts WHERE id >= 1000",
    "INSERT INTO dedupe_keys SELECT 'apap|old' || n, n FROM {numbers}",
    "INSERT INTO deliveries (id, registration_id, registrant_id, client, target, contact_stub,"
    " bulk, state, reason, field, record, digest, configuration, outcome, reached, created_at,"
    " attempts)"
    " SELECT n, n, n, 'apap', 'crm', 'c', false, 'delivered', '', '', '', '', '', 'created', true,"
    " n, 1 FROM {numbers}",
)
