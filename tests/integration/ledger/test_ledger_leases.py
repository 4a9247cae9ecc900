"""Section 2: a killed process leaves only leases that run out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import pytest
from tests.integration.ledger.conftest import Recorder

from regbridge import Outcome, Plugin, Record, Registration, hookimpl
from regbridge.store.deliver import Settlement, claim_deliveries, settle_deliveries
from regbridge.store.leases import Lease
from regbridge.store.prepare import admit, claim_registrations, settle_prepared
from regbridge.store.split import Part, claim_receipts, store_registrations
from regbridge.store.tables import State, deliveries
from regbridge.testing.payloads import encode, sync
from regbridge.worker import split

if TYPE_CHECKING:
    from tests.integration.ledger.conftest import Killed, Ledger


def claim(ledger: Ledger, seconds: float = 60) -> tuple[Lease, list[int]]:
    """Claim deliveries as a worker does that is killed right after it."""
    lease = Lease(ledger.clock.now, ledger.clock.now + round(seconds * 1000))
    rows = ledger.store.write(lambda c: claim_deliveries(c, "apap", "crm", 10, lease))
    return lease, [row.id for row in rows]


def prepared(ledger: Ledger) -> None:
    """Receive a registration and leave its delivery to be claimed."""
    ledger.register(1, "A")
    ledger.lane("split", "")()
    ledger.lane("prepare")()


def test_nobody_else_takes_what_is_claimed(ledger: Ledger) -> None:
    prepared(ledger)
    claim(ledger)

    ledger.advance(59)
    ledger.run()

    assert ledger.crm.calls == []
    assert ledger.states() == ["pending"]


def test_what_a_killed_worker_claimed_is_delivered_when_its_lease_has_run_out(
    ledger: Ledger,
) -> None:
    prepared(ledger)
    claim(ledger)

    ledger.advance(60)
    ledger.run()

    assert ledger.crm.companies == ["A"]
    assert ledger.states() == ["delivered"]


def test_what_was_sent_when_the_worker_was_killed_is_sent_again_to_an_idempotent_target(
    ledger: Ledger, killed: type[Killed]
) -> None:
    ledger.crm.script.append(killed())
    ledger.register(1, "A")
    ledger.run_killed()

    ledger.run()
    assert len(ledger.crm.calls) == 1
    ledger.advance(60)
    ledger.run()

    assert len(ledger.crm.calls) == 2
    assert ledger.crm.calls[0][0].delivery == ledger.crm.calls[1][0].delivery
    assert ledger.states() == ["delivered"]


def test_what_was_sent_when_the_worker_was_killed_is_parked_at_any_other_target(
    ledger: Ledger, killed: type[Killed]
) -> None:
    ledger.crm.idempotent = False
    ledger.crm.script.append(killed())
    ledger.register(1, "A")
    ledger.run_killed()
    ledger.advance(60)

    ledger.run()

    assert len(ledger.crm.calls) == 1
    assert ledger.states() == ["parked"]
    assert "the worker stopped in the middle" in ledger.reasons()[0]
    assert "look there before you retry it" in ledger.reasons()[0]


def test_a_parked_record_that_a_person_retries_is_sent(
    ledger: Ledger, killed: type[Killed]
) -> None:
    ledger.crm.idempotent = False
    ledger.crm.script.append(killed())
    ledger.register(1, "A")
    ledger.run_killed()
    ledger.advance(60)
    ledger.run()

    ledger.retry()
    ledger.run()

    assert ledger.states() == ["delivered"]
    assert len(ledger.crm.calls) == 2


def test_after_a_kill_a_newer_revision_is_delivered_even_if_equal_to_the_one_before(
    ledger: Ledger, killed: type[Killed]
) -> None:
    ledger.register(1, "A", minute=1)
    ledger.run()
    ledger.crm.script.append(killed())
    ledger.register(1, "B", minute=2)
    ledger.run_killed()
    ledger.register(1, "A", minute=3)

    ledger.run_for(120)

    assert ledger.states() == ["delivered", "superseded", "delivered"]
    assert ledger.crm.companies == ["A", "B", "A"]


def test_after_a_kill_and_a_refusal_an_equal_record_is_delivered_all_the_same(
    ledger: Ledger, killed: type[Killed]
) -> None:
    ledger.register(1, "A", minute=1)
    ledger.run()
    ledger.crm.script.extend([killed(), lambda records: [Outcome.retry("busy")]])
    ledger.register(1, "B", minute=2)
    ledger.run_killed()
    ledger.advance(60)
    ledger.run()
    ledger.register(1, "A", minute=3)

    ledger.run_for(120)

    assert ledger.crm.companies == ["A", "B", "B", "A"]


class DyingMapper(Plugin):
    """Dies at the first registration."""

    def __init__(self, killed: type[Killed]) -> None:
        self.killed: type[Killed] | None = killed

    @hookimpl
    def map_registration(self, registration: Registration) -> Record:
        if self.killed:
            killed, self.killed = self.killed, None
            raise killed
        return Record({"company": registration.fields["company"]})


def test_a_kill_between_admission_and_mapping_does_not_make_it_its_own_duplicate(
    bare_ledger: Ledger, killed: type[Killed]
) -> None:
    bare_ledger.add_client(DyingMapper(killed))
    bare_ledger.register(1, "A")
    bare_ledger.run_killed()
    bare_ledger.register(1, "A")
    bare_ledger.advance(60)

    bare_ledger.run()

    assert bare_ledger.states() == ["delivered", "duplicate"]


def test_a_kill_in_the_middle_of_a_message_splits_the_rest_and_nothing_twice(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch, killed: type[Killed]
) -> None:
    monkeypatch.setattr(split, "PART_SIZE", 40)
    calls = []

    def die_at_the_third_part(*arguments: object) -> bool:
        calls.append(arguments)
        if len(calls) == 3:
            raise killed
        return store_registrations(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(split, "store_registrations", die_at_the_third_part)
    ledger.receive(sync(150))
    ledger.run_killed()
    assert ledger.receipts()[0].split_count == 80

    ledger.advance(60)
    ledger.run()

    assert ledger.counts() == {"delivered": 150}
    assert sorted(row.position for row in ledger.registrations()) == list(range(150))


def test_a_worker_that_lost_its_lease_cannot_settle_a_delivery(ledger: Ledger) -> None:
    prepared(ledger)
    lost, ids = claim(ledger)
    ledger.advance(60)
    ledger.run()
    before = ledger.deliveries()
    settlement = Settlement(State.PARKED, False, 1, "too late")

    ledger.store.write(lambda c: settle_deliveries(c, "apap", "crm", {ids[0]: settlement}, lost))

    assert ledger.deliveries() == before
    assert ledger.states() == ["delivered"]


def test_a_worker_that_lost_its_lease_cannot_admit_or_settle_a_registration(
    ledger: Ledger,
) -> None:
    ledger.register(1, "A")
    ledger.lane("split", "")()
    lost = Lease(ledger.clock.now, ledger.clock.now + 60_000)
    rows = ledger.store.write(lambda c: claim_registrations(c, "apap", 10, lost, bulk=False))
    ledger.advance(60)
    ledger.run()
    key = rows[0].id

    admitted = ledger.store.write(lambda c: admit(c, lost, {}, {key: "key"}, "apap"))
    ledger.store.write(lambda c: settle_prepared(c, lost, "apap", "first", {key: []}))
    ledger.store.write(lambda c: admit(c, lost, {key: "dropped"}, {}, "apap"))

    assert admitted == set()
    assert ledger.states() == ["delivered"]


def test_a_worker_that_lost_its_lease_cannot_split(ledger: Ledger) -> None:
    ledger.register(1, "A")
    lost = Lease(ledger.clock.now, ledger.clock.now + 60_000)
    receipts = ledger.store.write(lambda c: claim_receipts(c, ["apap"], False, lost))
    ledger.advance(60)
    ledger.run()

    part = Part(receipts[0], [], last=True)
    assert ledger.store.write(lambda c: store_registrations(c, [part], lost)) is False
    assert ledger.states() == ["delivered"]


def test_a_lease_that_is_renewed_outlives_a_slow_call(ledger: Ledger) -> None:
    def slowly(records: Sequence[Record]) -> list[Outcome]:
        for _ in range(5):
            ledger.advance(40)
            ledger.worker.context.leasing.renew_all()
            ledger.new_worker().run_once()
        return [Outcome.created()]

    ledger.crm.script.append(slowly)
    ledger.register(1, "A")

    ledger.run()

    assert len(ledger.crm.calls) == 1
    assert ledger.states() == ["delivered"]


def test_a_lease_that_is_not_renewed_is_taken_over_and_the_late_answer_ignored(
    ledger: Ledger,
) -> None:
    def too_slowly(records: Sequence[Record]) -> list[Outcome]:
        ledger.advance(61)
        ledger.new_worker().run_once()
        return [Outcome.rejected("too late")]

    ledger.crm.script.append(too_slowly)
    ledger.register(1, "A")

    ledger.run()

    assert len(ledger.crm.calls) == 2
    assert ledger.states() == ["delivered"]


def test_leases_are_given_back_when_a_step_is_done(ledger: Ledger) -> None:
    ledger.register(1, "A")
    ledger.run()
    before = ledger.deliveries()

    ledger.worker.context.leasing.renew_all()

    assert ledger.deliveries() == before
    assert before[0].lease is None


def test_stopping_in_the_middle_of_a_sync_gives_it_back_at_once(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(split, "PART_SIZE", 40)
    ledger.receive(sync(150))
    ledger.worker.context.stopping.set()
    ledger.lane("split", "syncs")()
    assert ledger.receipts()[0].split_count == 40

    ledger.new_worker().run_once()

    assert ledger.counts() == {"delivered": 150}


def test_a_started_worker_delivers_and_its_stop_settles_what_is_under_way(ledger: Ledger) -> None:
    ledger.crm.batch_size = 50
    ledger.receive(encode(sync(200)))
    ledger.worker.start()

    ledger.worker.wake()
    settled = ledger.worker.stop()

    assert settled
    leased = ledger.store.read(
        lambda c: c.execute(deliveries.select().where(deliveries.c.lease.is_not(None))).all()
    )
    assert leased == []
    ledger.new_worker().run_once()
    assert ledger.counts() == {"delivered": 200}
    assert len(ledger.crm.companies) == 200


@pytest.mark.parametrize(
    ("waiting", "sizes"),
    [(1000, [*[100] * 7, 75, 57, 42, 32, 25, 25, 25, 19]), (40, [25, 15]), (3, [3])],
)
def test_the_threads_of_a_target_share_what_waits_when_it_is_little(
    bare_ledger: Ledger, waiting: int, sizes: list[int]
) -> None:
    crm = Recorder(batch_size=100)
    crm.concurrency = 4
    bare_ledger.add_client(targets={"crm": crm})
    bare_ledger.receive(sync(waiting))

    bare_ledger.run()

    assert sum(crm.sizes) == waiting
    assert crm.sizes == sizes


def test_a_target_with_one_thread_takes_whole_batches(bare_ledger: Ledger) -> None:
    crm = Recorder(batch_size=100)
    bare_ledger.add_client(targets={"crm": crm})
    bare_ledger.receive(sync(250))

    bare_ledger.run()

    assert crm.sizes == [100, 100, 50]


def test_threads_that_find_nothing_to_deliver_do_not_hold_up_who_writes(
    bare_ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    crm = Recorder(batch_size=100)
    crm.concurrency = 4
    bare_ledger.add_client(targets={"crm": crm})
    deliver = bare_ledger.lane("deliver")

    def refuse(work: object) -> None:
        pytest.fail("it wrote")

    monkeypatch.setattr(bare_ledger.store, "write", refuse)

    assert deliver() is False


def test_who_finds_only_what_is_superseded_goes_on_with_what_is_not(bare_ledger: Ledger) -> None:
    bare_ledger.add_client(targets={"crm": Recorder(batch_size=1)})
    bare_ledger.register(1, "old", minute=1)
    bare_ledger.register(2, "other")
    bare_ledger.lane("split", "")()
    bare_ledger.lane("prepare")()
    claim(bare_ledger)
    bare_ledger.register(1, "new", minute=2)
    bare_ledger.run()
    bare_ledger.advance(60)

    bare_ledger.run()

    assert bare_ledger.states() == ["superseded", "delivered", "delivered"]
