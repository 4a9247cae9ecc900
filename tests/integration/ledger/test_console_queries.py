"""What the console asks the ledger: right in both databases, and never a whole table for a page."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import func, select
from tests.integration.ledger.conftest import analyze
from tests.integration.ledger.test_query_plans import fill, recorded, scans

from regbridge.store.audit import noted
from regbridge.store.messages import (
    Meant,
    outcomes_of,
    page_of_messages,
    size_of,
)
from regbridge.store.received import find_receipt, receipt_history
from regbridge.store.tables import State, deliveries, receipts, registrations
from regbridge.tallies import take_standing, take_waiting
from regbridge.testing.payloads import sync
from regbridge.web.console.counts import take_course, take_recent

if TYPE_CHECKING:
    from tests.integration.ledger.conftest import Ledger


def test_no_page_of_the_console_reads_a_table_from_its_beginning_to_its_end(
    ledger: Ledger,
) -> None:
    store = ledger.store
    store.write(lambda c: fill(c, 50_000))
    analyze(ledger)
    with recorded(ledger) as statements:
        for meant in (
            Meant(),
            Meant(client="apap", state="parked", kind="webhook", event_type="x"),
            Meant(records=101, since=20_000),
        ):
            store.read(lambda c, meant=meant: page_of_messages(c, meant, 0, 50))  # type: ignore[misc]
            store.read(lambda c, meant=meant: page_of_messages(c, meant, 40_000, 50))  # type: ignore[misc]
        store.read(lambda c: outcomes_of(c, [1_000, 2_000]))
        store.read(lambda c: size_of(c, 2_000))
        store.read(lambda c: find_receipt(c, 2_000))
        store.read(lambda c: receipt_history(c, 2_000))
        store.read(lambda c: noted(c, 0, 100))

    found = store.read(lambda c: {s: scans(c, s, p) for s, p in statements})

    assert len(found) >= 9
    assert {statement: scanned for statement, scanned in found.items() if scanned} == {}


@pytest.mark.parametrize("before", [0, 51_000])
def test_a_page_looks_through_a_bounded_number_of_messages(ledger: Ledger, before: int) -> None:
    ledger.store.write(lambda c: fill(c, 50_000))

    page = ledger.store.read(lambda c: page_of_messages(c, Meant(state="parked"), before, 50))

    assert (page.rows, page.older, page.is_partial) == ([], 31_000, True)
    end = ledger.store.read(lambda c: page_of_messages(c, Meant(state="parked"), 5_000, 50))
    assert (end.rows, end.older, end.is_partial) == ([], 0, False)


def test_what_the_overview_counts_is_what_the_ledger_holds(ledger: Ledger) -> None:
    ledger.register(1, "A")
    ledger.receive(sync(120))
    ledger.run()
    ledger.receive(sync(5, first=500))
    store = ledger.store
    now = ledger.clock.now + 1

    standing = store.read(lambda c: take_standing(c, now))
    waiting = store.read(lambda c: take_waiting(c, now))
    recent = store.read(lambda c: take_recent(c, now))
    course = store.read(lambda c: take_course(c, now))

    here = dict(store.read(lambda c: c.execute(by_state(registrations)).all()))
    there = dict(store.read(lambda c: c.execute(by_state(deliveries)).all()))
    for counts in (standing.states, recent.states):
        found: dict[bool, Counter[str]] = {True: Counter(), False: Counter()}
        for each in counts:
            found[bool(each.target)][each.state] += each.number
        assert found == {True: Counter(there), False: Counter(here)}
    well = (State.DELIVERED, State.UNCHANGED)
    assert sum(course.delivered.values()) == sum(here.get(state, 0) for state in well)
    assert sum(course.arrived.values()) == 126
    oldest = store.read(
        lambda c: c.scalar(select(receipts.c.received_at).where(receipts.c.state == "pending"))
    )
    assert (waiting.unsplit, waiting.since) == (5, {"apap": oldest})
    assert waiting.oldest == oldest


def by_state(table: Any) -> Any:
    """Return the query of how many rows of a table are in each state."""
    return select(table.c.state, func.count()).group_by(table.c.state)
