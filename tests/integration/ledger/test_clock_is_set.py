"""The clock of the machine may be set by hours, forward and back, while work is under way."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import pytest

from regbridge import Outcome, Record, RetryableError
from regbridge.limits import RateLimit, RateLimiter
from regbridge.store.limits import LedgerPlaces
from regbridge.testing.payloads import sync

if TYPE_CHECKING:
    from tests.integration.ledger.conftest import Killed, Ledger

HOURS = 5 * 3600
SOON = 120
"""Seconds: twice a lease."""

in_a_file = pytest.mark.parametrize("bare_ledger", ["SQLite"], indirect=True)
idempotent_or_not = pytest.mark.parametrize("idempotent", [True, False])


def new_process(ledger: Ledger) -> None:
    ledger._worker = None


@idempotent_or_not
def test_what_is_being_delivered_when_the_clock_goes_forward_is_delivered_once(
    ledger: Ledger, idempotent: bool
) -> None:
    def go_forward(records: Sequence[Record]) -> Sequence[Outcome]:
        ledger.advance(HOURS)
        assert not ledger.lane("deliver")()  # another thread looks for work meanwhile
        return [Outcome.created("1") for _ in records]

    ledger.crm.idempotent = idempotent
    ledger.crm.script.append(go_forward)
    ledger.register(1, "A")

    ledger.run_for(SOON)

    assert ledger.crm.companies == ["A"]
    assert ledger.states() == ["delivered"]


def test_a_newer_revision_waits_for_the_one_under_way_when_the_clock_goes_forward(
    ledger: Ledger,
) -> None:
    def go_forward(records: Sequence[Record]) -> Sequence[Outcome]:
        ledger.register(1, "B", minute=2)
        ledger.lane("split", "")()
        ledger.lane("prepare")()
        ledger.advance(HOURS)
        assert not ledger.lane("deliver")()
        return [Outcome.created("1") for _ in records]

    ledger.crm.script.append(go_forward)
    ledger.register(1, "A", minute=1)

    ledger.run_for(SOON)

    assert ledger.crm.companies == ["A", "B"]
    assert ledger.states() == ["delivered", "delivered"]


@in_a_file
def test_what_was_under_way_while_the_clock_was_ahead_does_not_wait_for_that_time(
    ledger: Ledger, killed: type[Killed]
) -> None:
    ledger.advance(HOURS)
    leave_work_behind(ledger, killed)
    ledger.advance(-HOURS)

    new_process(ledger)
    ledger.run_for(SOON)

    assert_all_arrived(ledger)


@in_a_file
def test_a_process_that_sees_the_clock_set_back_works_on(
    ledger: Ledger, killed: type[Killed]
) -> None:
    ledger.advance(HOURS)
    leave_work_behind(ledger, killed)
    ledger.advance(-HOURS)

    ledger.run_for(SOON)

    assert_all_arrived(ledger)


@in_a_file
def test_what_was_under_way_while_the_clock_was_behind_goes_on_when_it_is_right_again(
    ledger: Ledger, killed: type[Killed]
) -> None:
    ledger.advance(-HOURS)
    leave_work_behind(ledger, killed)
    ledger.advance(HOURS)

    ledger.run_for(SOON)

    assert_all_arrived(ledger)


@in_a_file
def test_what_is_being_delivered_when_the_clock_is_set_back_is_delivered_once(
    ledger: Ledger,
) -> None:
    def go_back(records: Sequence[Record]) -> Sequence[Outcome]:
        ledger.advance(-HOURS)
        assert not ledger.lane("deliver")()
        ledger.advance(HOURS)
        assert not ledger.lane("deliver")()
        return [Outcome.created("1") for _ in records]

    ledger.crm.idempotent = False
    ledger.crm.script.append(go_back)
    ledger.register(1, "A")

    ledger.run_for(SOON)

    assert ledger.crm.companies == ["A"]
    assert ledger.states() == ["delivered"]


def leave_work_behind(ledger: Ledger, killed: type[Killed]) -> None:
    """Leave one to be tried again, one in a dead process's hands, one to prepare, one to split."""
    ledger.crm.script.append(lambda records: [Outcome.retry("busy") for _ in records])
    ledger.register(1, "again")
    ledger.run()
    ledger.crm.script.append(killed())
    ledger.register(2, "killed")
    ledger.run_killed()
    ledger.register(3, "unprepared")
    ledger.lane("split", "")()
    ledger.receive(sync(1, first=4))


def assert_all_arrived(ledger: Ledger) -> None:
    assert ledger.states() == ["delivered"] * 4
    sent = [record.registration for call in ledger.crm.calls for record in call]
    # Twice the one that was answered "busy", and the one whose answer was lost.
    assert sorted(sent) == [1, 1, 2, 2, 3, 4]


@in_a_file
def test_a_target_that_was_paused_while_the_clock_was_ahead_is_tried_again_soon(
    ledger: Ledger,
) -> None:
    ledger.advance(HOURS)
    ledger.crm.fails = RetryableError("down")
    for number in (1, 2, 3):
        ledger.register(number, "A")
        ledger.run()
    assert len(ledger.pauses()) == 1
    ledger.crm.fails = None
    ledger.advance(-HOURS)

    ledger.run_for(SOON)

    assert ledger.states() == ["delivered"] * 3
    assert not ledger.pauses()


@in_a_file
def test_a_call_does_not_wait_for_a_place_that_was_taken_while_the_clock_was_ahead(
    ledger: Ledger,
) -> None:
    places = LedgerPlaces(ledger.store)
    limiter = RateLimiter("vendor", places, lambda: ledger.clock() / 1000, ledger.advance)
    ledger.run()
    ledger.advance(HOURS)
    with limiter.call(RateLimit(1, 1)):
        ledger.run()
    ledger.advance(-HOURS)

    begun = ledger.clock()
    ledger.run()
    with limiter.call(RateLimit(1, 1)):
        assert ledger.clock() - begun < 5_000


@in_a_file
def test_a_clock_that_is_set_by_seconds_changes_no_due_time(ledger: Ledger) -> None:
    ledger.crm.script.append(lambda records: [Outcome.retry("busy", after=1000)])
    ledger.register(1, "A")
    ledger.run()
    due = [row.due_at for row in ledger.deliveries()]
    ledger.advance(-20)

    ledger.run()

    assert [row.due_at for row in ledger.deliveries()] == due
