"""Several workers on one PostgreSQL ledger: each record once, no registrant twice at a time."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from threading import Lock
from typing import TYPE_CHECKING

from regbridge import Outcome, Record
from regbridge.clients import Clients
from regbridge.testing.payloads import message, registrant, sync
from regbridge.worker.loop import Worker

if TYPE_CHECKING:
    from tests.integration.ledger.conftest import Ledger

WORKERS = 4


class Traffic:
    """Notices when two records of one registrant are under way together."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._under_way: Counter[str] = Counter()
        self.collisions: list[str] = []

    def deliver(self, records: Sequence[Record]) -> list[Outcome]:
        names = [record.registrant for record in records]
        with self._lock:
            self._under_way.update(names)
            self.collisions += [name for name in names if self._under_way[name] > 1]
        try:
            return [Outcome.created() for _ in records]
        finally:
            with self._lock:
                self._under_way.subtract(names)


def work_together(ledger: Ledger) -> None:
    """Let several workers do everything at once, then see to what is left."""
    workers = [ledger.new_worker() for _ in range(WORKERS)]
    with ThreadPoolExecutor(WORKERS) as pool:
        for done in [pool.submit(worker.run_once) for worker in workers]:
            done.result()
    ledger.run()


def test_workers_that_share_a_ledger_deliver_each_registration_once(
    shared_ledger: Ledger,
) -> None:
    shared_ledger.receive(sync(150))
    for number in range(200, 260):
        shared_ledger.register(number, "live")

    work_together(shared_ledger)

    assert shared_ledger.counts() == {"delivered": 210}
    sent = [record.registration for call in shared_ledger.crm.calls for record in call]
    assert len(sent) == len(set(sent)) == 210


def test_workers_that_share_a_ledger_keep_the_order_of_each_registrant(
    shared_ledger: Ledger,
) -> None:
    traffic = Traffic()
    shared_ledger.crm.script.extend([traffic.deliver] * 1000)
    for minute in range(12):
        records = [registrant(number, company=f"{minute:02}") for number in range(20)]
        time = f"2026-11-24T10:{minute:02}:00.000Z"
        shared_ledger.receive(message("AttendeeManualSynced", records, time=time))

    work_together(shared_ledger)

    assert traffic.collisions == []
    assert shared_ledger.counts().total() == 240
    assert set(shared_ledger.counts()) <= {"delivered", "superseded"}
    last: dict[str, str] = {}
    for call in shared_ledger.crm.calls:
        for record in call:
            assert last.get(record.registrant, "") < record.fields["company"]
            last[record.registrant] = record.fields["company"]
    assert set(last.values()) == {"11"}


def test_the_same_message_at_several_workers_is_delivered_once(shared_ledger: Ledger) -> None:
    same = message("InviteeOrGuestAccepted", [registrant(1, company="A")])
    for _ in range(20):
        shared_ledger.receive(same)

    work_together(shared_ledger)

    assert shared_ledger.counts() == {"delivered": 1, "duplicate": 19}
    assert shared_ledger.crm.companies == ["A"]


def test_a_worker_tells_the_other_hosts_what_it_left_for_them(shared_ledger: Ledger) -> None:
    rings: list[tuple[str, str]] = []
    worker = Worker(
        shared_ledger.store,
        Clients(shared_ledger.pipelines),
        shared_ledger.config,
        clock=shared_ledger.clock,
        ring=lambda *ring: rings.append(ring),
    )
    shared_ledger.register(1, "A")

    worker.run_once()

    assert rings == [("prepare", "apap"), ("deliver", "apap")]
