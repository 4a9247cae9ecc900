"""A pass is taken by one process at a time, waits for what it must, and is kept for a while."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from tests.integration.ledger.any_order_targets import WatchedStore
from tests.integration.ledger.conftest import Ledger
from tests.integration.ledger.reconcile_places import (
    EVENT,
    RULES,
    Places,
    account,
    finished,
    found,
    on_sqlite,
)

from regbridge import CredentialsError, Event, RejectedError, RetryableError
from regbridge.reconcile.plan import begin_one
from regbridge.store.leases import Lease
from regbridge.store.passes import Step, claim_pass, mark_shown, reopen_pass, running_pass
from regbridge.testing.payloads import SUMMIT

HOUR = 60
DAY = 24 * HOUR
BY_HAND = replace(RULES, every_minutes=None)
OTHER = Event("summit", SUMMIT.lower())


@pytest.fixture
def places(bare_ledger: Ledger) -> Places:
    return Places(bare_ledger)


def running(places: Places) -> Any:
    """Return the pass that is under way, None for none."""
    return places.ledger.store.read(lambda c: running_pass(c, "apap", EVENT.id))


def begin(places: Places, *, full: bool = True) -> None:
    """Begin the pass that a person asks for, and show them the ones before."""
    ledger, client = places.ledger, places.ledger.pipelines["apap"].client
    ledger.store.write(lambda c: mark_shown(c, "apap", EVENT.id))
    now = ledger.clock.now
    ledger.store.write(lambda c: begin_one(c, client, EVENT, "ada", now, full=full))


def send(places: Places, *, overwrites: bool = False) -> bool:
    """Let the last pass send what it found, as a person who has seen it says."""
    row, now = finished(places)[-1], places.ledger.clock.now
    return places.ledger.store.write(lambda c: reopen_pass(c, row, now, overwrites=overwrites))


class Overtaken:
    """A worker that, in the middle of one step of a pass, is away until another has finished it."""

    def __init__(self, places: Places, step: Step, *, faults: bool = False) -> None:
        self._places = places
        self._step = step
        self._faults = faults
        self.finished_at = 0
        self._is_overtaken = False
        usual = places.ledger.store
        store = WatchedStore.of(usual)
        store.point = self._point
        places.ledger.store = store
        worker = places.ledger.new_worker()
        places.ledger.store = usual
        for _ in range(8):
            if not self._is_overtaken:
                worker.run_once()
                places.ledger.advance(1)

    def _point(self, where: str) -> None:
        if self._is_overtaken or where != "it will write":
            return
        if self._faults and self._places.account.script:
            return
        row = running(self._places)
        if row is None or row.lease is None or row.step != self._step:
            return
        self._is_overtaken = True
        self._places.ledger.advance(61)
        self._places.run()
        self.finished_at = finished(self._places)[-1].finished_at


@pytest.mark.parametrize(
    ("bare_ledger", "step"),
    [*(("SQLite", step) for step in Step), ("PostgreSQL", Step.FINISH)],
    indirect=["bare_ledger"],
)
def test_who_comes_back_too_late_to_a_step_has_done_nothing(
    places: Places, step: Step, capsys: pytest.CaptureFixture[str]
) -> None:
    places.tell(places.account.put(1, "A"))
    places.wait(10)
    places.table.rows.clear()
    places.account.put(2, "B")
    places.ledger.advance(DAY * 60)
    capsys.readouterr()

    overtaken = Overtaken(places, step)

    assert capsys.readouterr().out.count("another process goes on with a pass") == 1
    assert running(places) is None
    assert finished(places)[-1].finished_at == overtaken.finished_at
    assert [(kind, sent) for kind, _, sent in found(places)] == [
        ("missing here", True),
        ("missing there", True),
    ]
    assert sorted(places.table.companies) == ["A", "A", "B"]
    assert len(places.ledger.receipts()) == 2


@on_sqlite
def test_who_is_too_late_to_begin_again_leaves_what_was_found(places: Places) -> None:
    for number in range(1, 4):
        places.account.put(number, "A")
    places.account.script.extend([None, RejectedError("no such page")])
    places.ledger.advance(600)

    Overtaken(places, Step.ATTENDEES, faults=True)

    assert running(places) is None
    assert [kind for kind, _, _ in found(places)] == ["missing here"] * 3


def test_a_pass_is_held_by_one_process_until_its_lease_runs_out(places: Places) -> None:
    begin(places)

    def claim(client: str = "apap", event: str = "") -> bool:
        now = places.ledger.clock.now
        lease = Lease(now, now + 60_000)
        return places.ledger.store.write(lambda c: claim_pass(c, client, event, lease)) is not None

    assert not claim("other")
    assert not claim(event="another event")
    assert claim()
    places.ledger.advance(59)
    assert not claim()
    places.ledger.advance(1)
    assert claim(event=EVENT.id)


@on_sqlite
def test_a_page_that_takes_long_is_not_asked_for_by_another_process(places: Places) -> None:
    places.account.put(1, "A")

    def slowly() -> None:
        for _ in range(3):
            places.ledger.advance(40)
            places.ledger.worker.context.leasing.renew_all()
            places.ledger.new_worker().run_once()

    places.account.meanwhile = slowly
    places.wait(10)

    assert len(places.account.calls) == 1
    assert places.companies() == ["A"]


@on_sqlite
@pytest.mark.parametrize(
    ("fault", "minutes"),
    [(RetryableError("busy", retry_after=600), 10), (CredentialsError("refused"), 15)],
)
def test_cvent_is_left_alone_as_long_as_it_says_or_somebody_needs(
    places: Places, fault: Exception, minutes: int
) -> None:
    places.account.put(1, "A")
    places.account.script.append(fault)
    places.wait(10)

    places.wait(minutes - 1)
    assert len(places.account.calls) == 1
    places.wait(1)

    assert places.companies() == ["A"]


@on_sqlite
def test_a_pass_does_not_wait_for_ever_for_what_it_sent(places: Places) -> None:
    places.account.put(1, "A")
    places.table.fails = RetryableError("down")
    places.wait(10)

    places.wait(1)
    assert running(places).step == Step.SETTLE
    places.wait(1)
    assert running(places).step == Step.SETTLE_AGAIN
    places.wait(2)

    assert account(places)["targets"]["crm"]["states"] == {"pending": 1}


@on_sqlite
def test_a_pass_waits_on_while_any_of_what_it_sent_arrives(places: Places) -> None:
    for number in range(1, 4):
        places.account.put(number, "A")
    places.table.batch_size = 1
    places.table.fails = RetryableError("slow")
    places.wait(10)
    for there in (1, 2):
        places.table.script.append(lambda records: [places.table.answer(records[0])])
        places.wait(1.5)
        assert len(places.table.rows) == there

    assert running(places).step == Step.SETTLE


@on_sqlite
def test_what_was_found_stands_until_all_is_compared_again(places: Places) -> None:
    places.account.put(1, "A")
    places.wait(10)

    places.wait(HOUR + 1)
    assert [kind for kind, _, _ in found(places)] == ["missing here"]
    places.wait(DAY)

    assert found(places) == []


@on_sqlite
def test_a_pass_of_another_event_leaves_what_was_found_and_asks_since_its_own_changes(
    places: Places,
) -> None:
    places.configure(RULES, OTHER)
    places.account.put(1, "A")

    places.wait(10)
    assert len(finished(places)) == 2
    assert [kind for kind, _, _ in found(places)] == ["missing here"]
    places.wait(HOUR + 1)

    since = {row.event_stub: row.since for row in finished(places)[2:]}
    assert since[OTHER.id] < since[EVENT.id]


@on_sqlite
def test_a_pass_is_kept_for_a_week(places: Places) -> None:
    for days in (0.1, 3, 6):
        places.wait(days * DAY)

    first, *_ = finished(places)
    assert len(finished(places)) == 2
    assert places.ledger.clock.now - first.began_at < 7 * DAY * 60_000


@on_sqlite
def test_what_a_person_was_shown_is_sent_when_they_say_so(places: Places) -> None:
    places.configure(BY_HAND)
    places.tell(places.account.put(1, "A"))
    places.tell(places.account.put(2, "B"))
    places.ledger.run()
    places.ledger.advance(600)
    gone, edited = (places.account.people[number].invitee_stub for number in (1, 2))
    del places.table.rows[gone]
    places.table.rows[edited]["company"] = "by hand"
    begin(places)
    places.run()
    assert places.companies() == ["by hand"]

    assert send(places)
    places.run()
    assert places.companies() == ["A", "by hand"]
    assert send(places, overwrites=True)
    places.run()

    assert places.companies() == ["A", "B"]


@on_sqlite
def test_what_an_older_pass_found_is_not_sent_any_more(places: Places) -> None:
    places.configure(BY_HAND)
    places.account.put(1, "A")
    places.ledger.advance(600)
    begin(places)
    places.run()
    [older] = finished(places)
    begin(places)

    now = places.ledger.clock.now
    assert not places.ledger.store.write(lambda c: reopen_pass(c, older, now, overwrites=False))

    assert [row.id for row in finished(places)] == [older.id]


@on_sqlite
def test_who_asks_for_changes_alone_is_shown_again_what_was_not_sent(places: Places) -> None:
    places.configure(BY_HAND)
    places.account.put(1, "A")
    places.ledger.advance(7200)
    places.tell(places.account.put(2, "B"))
    places.ledger.advance(600)
    begin(places)
    places.run()

    begin(places, full=False)
    places.run()
    assert send(places)
    places.run()

    assert places.companies() == ["A", "B"]


@on_sqlite
def test_who_asks_for_changes_alone_has_all_compared_when_that_was_long_ago(
    places: Places,
) -> None:
    places.configure(BY_HAND)
    for _ in range(3):
        begin(places, full=False)
        places.run()
        places.ledger.advance(13 * 3600)

    assert [row.since is None for row in finished(places)] == [True, False, True]
