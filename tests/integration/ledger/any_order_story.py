"""The machine of test_ledger_any_order.py: what may happen to a ledger, and how it is done."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    rule,
)
from sqlalchemy import Connection, delete, event, func, select
from sqlmodel import SQLModel
from tests.integration.ledger.any_order_targets import (
    FAULTS,
    Accounts,
    Crm,
    Rules,
    Said,
    WatchedStore,
)
from tests.integration.ledger.any_order_words import (
    LANES,
    Content,
    Plan,
    ages,
    companies,
    contacts,
    contents,
    lanes,
    later,
    people,
    plans,
    record_of,
    seconds,
    time_of,
)
from tests.integration.ledger.conftest import START, Killed, Ledger, empty

from regbridge import KeyedOn, Record, RetryableError
from regbridge.clients import Clients
from regbridge.config.schema import WorkerConfig
from regbridge.store.choice import Choice
from regbridge.store.intake import store_receipts
from regbridge.store.operate import retry_registrations
from regbridge.store.tables import deliveries, pauses, receipts, registrations
from regbridge.testing.payloads import (
    NO_GUID,
    live,
    message,
    substitution,
)
from regbridge.worker.loop import Worker

LOST = "look there before you retry it"


class Story(RuleBasedStateMachine):
    """A client with an idempotent target and one that is not, and two workers at its ledger."""

    ledger: Ledger
    stores: Sequence[WatchedStore]

    @initialize(
        keyed_on=st.sampled_from(KeyedOn),
        after=st.booleans(),
        batches=st.tuples(st.integers(1, 3), st.integers(1, 3)),
    )
    def begin(self, keyed_on: KeyedOn, after: bool, batches: tuple[int, int]) -> None:
        self.ledger.store.write(forget)
        self.ledger.clock.now = START
        self.said: dict[tuple[int, int], Said] = {}
        self.messages: list[tuple[dict[str, Any], list[Said]]] = []
        self.plan: Plan = {}
        self.passed: Counter[str] = Counter()
        self.latest = 0
        self.content: Content = (1, 0, "A", "Accepted")
        self.accounts = Accounts(self.point, self.said_by, self.ledger.clock)
        by_contact = keyed_on is KeyedOn.CONTACT
        self.targets = {
            name: Crm(self.accounts, idempotent=idempotent, by_contact=by_contact, batch=batch)
            for name, idempotent, batch in zip(("crm", "erp"), (True, False), batches, strict=True)
        }
        self.plugin = Rules(self.point)
        order = {"erp": "crm"} if after else {}
        targets: Any = self.targets
        self.ledger.add_client(self.plugin, targets=targets, keyed_on=keyed_on, after=order)
        self.workers = [self.new_worker(0), self.new_worker(1)]

    def new_worker(self, number: int) -> Worker:
        """Start the process of a worker."""
        self.stores[number].point = self.point
        return Worker(
            self.stores[number],
            Clients(self.ledger.pipelines),
            WorkerConfig(lease_seconds=60, batch_size=4),
            clock=self.ledger.clock,
            jitter=lambda: 0.0,
        )

    # What may happen.

    @rule(content=contents, age=ages, then=later)
    def hear(self, content: Content, age: int, then: Plan | None = None) -> None:
        """Accept what Cvent says about one registrant."""
        minute = self.minute(age)
        self.content = content
        told = live("InviteeOrGuestModified", record_of(*content), time_of(minute))
        self.accept(told, [content], minute, then)

    @rule(number=people, contact=contacts, company=companies, age=ages, then=later)
    def hear_of_a_cancellation(
        self, number: int, contact: int, company: str, age: int, then: Plan | None
    ) -> None:
        """Accept a cancellation, which names the invitee in its orders alone."""
        minute, content = self.minute(age), (number, contact, company, "Cancelled")
        told = live("InviteeOrGuestCancelled", record_of(*content), time_of(minute))
        told["message"][0]["inviteeStub"] = NO_GUID
        self.accept(told, [content], minute, then)

    @rule(number=people, contact=contacts, company=companies, age=ages, then=later)
    def hear_of_a_substitution(
        self, number: int, contact: int, company: str, age: int, then: Plan | None
    ) -> None:
        """Accept that another person takes over a registration, or the first one takes it back."""
        minute = self.minute(age)
        old = record_of(number, 1 - contact, "A", "Accepted")
        new = record_of(number, contact, company, "Accepted")
        told = substitution(old, new, time_of(minute))
        self.accept(told, [(number, contact, company, "")], minute, then)

    @rule(content=st.lists(contents, min_size=1, max_size=6), age=ages, then=later)
    def hear_a_sync(self, content: list[Content], age: int, then: Plan | None) -> None:
        """Accept several records in one message, perhaps several of one registrant."""
        minute = self.minute(age)
        records = [record_of(*one) for one in content]
        told = message("AttendeeManualSynced", records, time=time_of(minute))
        self.accept(told, content, minute, then)

    @rule(data=st.data(), age=st.none() | ages, then=later)
    def hear_again(self, data: st.DataObject, age: int | None, then: Plan | None) -> None:
        """Accept a message again, as it was or with another time."""
        if not self.messages:
            return
        told, said = data.draw(st.sampled_from(self.messages), label="again")
        minute = said[0].minute if age is None else self.minute(age)
        self.store(told | {"messageTime": time_of(minute)}, said, minute)
        self.follow(then)

    @rule(name=st.sampled_from(["crm", "erp"]), fault=st.sampled_from(list(FAULTS)))
    def let_a_target_fail(self, name: str, fault: str) -> None:
        """Let the next call of a target fail."""
        self.targets[name].faults.append(FAULTS[fault])

    @rule(count=st.integers(1, 3))
    def let_the_enrichment_fail(self, count: int) -> None:
        """Let enrichment fail; three times in a row are an outage."""
        self.plugin.faults.extend(RetryableError("no answers today") for _ in range(count))

    @rule(number=st.integers(0, 1), lane=lanes, interruptions=plans)
    def step(self, number: int, lane: str, interruptions: Plan) -> None:
        """Do one step, and at some points of it something else."""
        self.plan, self.passed = dict(interruptions), Counter()
        self.do(number, lane)
        self.plan = {}

    @rule(number=st.integers(0, 1), interruptions=plans)
    def work(self, number: int, interruptions: Plan = {}) -> None:  # noqa: B006
        """Do everything that is due."""
        self.plan, self.passed = dict(interruptions), Counter()
        self.do(number)
        self.plan = {}

    @rule(seconds=seconds)
    def wait(self, seconds: int) -> None:
        """Let time pass."""
        self.ledger.advance(seconds)

    @rule()
    def retry(self) -> None:
        """Retry everything that is parked, as a person does who has looked at the targets."""
        for name, target in self.targets.items():
            parked = [row for row in self.ledger.deliveries(name) if row.state == "parked"]
            lost = {row.registration_id for row in parked if LOST in row.reason}
            target.excused |= {self.said_of(row) for row in self.rows() if row.id in lost}
        now = self.ledger.clock.now
        self.ledger.store.write(lambda c: retry_registrations(c, Choice(), now))

    # How it is done.

    def minute(self, age: int) -> int:
        """Return a messageTime: so many minutes after the latest yet, or before it."""
        minute = max(self.latest + age, 0)
        self.latest = max(self.latest, minute)
        return minute

    def accept(
        self, told: dict[str, Any], content: Sequence[Content], minute: int, then: Plan | None
    ) -> None:
        stub = f"message {len(self.messages)}"
        told = told | {"messageStub": stub}
        said = [Said(*one, minute, stub) for one in content]
        self.messages.append((told, said))
        self.store(told, said, minute)
        self.follow(then)

    def follow(self, then: Plan | None) -> None:
        """Do everything that is due, unless that is left for later."""
        if then is not None:
            self.work(0, then)

    def store(self, told: dict[str, Any], said: Sequence[Said], minute: int) -> None:
        arrival = self.ledger.arrival(told)
        [receipt] = self.ledger.store.write(lambda c: store_receipts(c, [arrival]))
        for position, one in enumerate(said):
            self.said[receipt, position] = Said(
                one.registrant,
                one.contact,
                one.company,
                one.status,
                minute,
                one.stub,
                receipt,
                position,
            )

    def do(self, number: int, lane: str = "") -> None:
        """Run a worker's step; when its process dies, another takes its place."""
        worker = self.workers[number]
        self.accounts.steps.append([])
        try:
            if lane:
                worker._lanes[LANES.index(lane)].run()
            else:
                self.run_all(worker)
            for sent in self.accounts.steps[-1]:
                sent.settled = True
        except Killed:
            self.workers[number] = self.new_worker(number)
        finally:
            self.accounts.steps.pop()

    def run_all(self, worker: Worker) -> None:
        """Do what `Worker.run_once` does, which must come to an end."""
        for _ in range(200):
            if not any([lane.run() for lane in worker._lanes]):  # noqa: C419 - each has its turn
                return
        self.accounts.wrong.append("the worker runs in circles")

    def point(self, where: str) -> None:
        """Do what is planned for this point of a step."""
        action = self.plan.pop((where, self.passed[where]), None) if self.plan else None
        self.passed[where] += 1
        if action is None:
            return
        plan, self.plan = self.plan, {}
        try:
            self.interrupt(*action)
        finally:
            self.plan = plan

    def interrupt(self, what: str, *details: Any) -> None:
        match what:
            case "die":
                raise Killed
            case "step":
                self.do(1, *details)
            case "work":
                self.do(1)
            case "retry and work":
                self.retry()
                self.do(1)
            case "hear":
                self.hear(*details)
            case "hear the same and work":
                self.hear(self.content, 1)
                self.do(1)
            case "hear and work":
                self.hear(*details)
                self.do(1)
            case "wait":
                self.ledger.advance(*details)
                for worker in self.workers:
                    worker.context.leasing.renew_all()

    def settle(self) -> None:
        """Work until nothing is due any more, however late."""
        for _ in range(100):
            self.work(0)
            if (due := self.next_due()) is None:
                return
            self.ledger.clock.now = due
        raise AssertionError("there is always something left to do")

    def next_due(self) -> int | None:
        now = self.ledger.clock.now
        columns = [*(t.c.due_at for t in (receipts, registrations, deliveries)), pauses.c.until]
        found = self.ledger.store.read(
            lambda c: [c.scalar(select(func.min(column)).where(column > now)) for column in columns]
        )
        return min((due for due in found if due is not None), default=None)

    def rows(self) -> Sequence[Any]:
        return self.ledger.registrations()

    def sent_rows(self) -> Sequence[Any]:
        return [row for name in self.targets for row in self.ledger.deliveries(name)]

    def said_of(self, row: Any) -> Said:
        return self.said[row.receipt_id, row.position]

    def said_by(self, record: Record) -> Said:
        columns = (registrations.c.receipt_id, registrations.c.position)
        of = select(*columns).where(registrations.c.id == record.registration)
        return self.said_of(self.ledger.store.read(lambda c: c.execute(of).one()))


def forget(connection: Connection) -> None:
    """Empty the ledger, whichever database it is."""
    if connection.dialect.name == "sqlite":
        for table in reversed(SQLModel.metadata.sorted_tables):
            connection.execute(delete(table))
    else:
        empty(connection)


def watched(path: Path, url: str) -> tuple[Ledger, list[WatchedStore]]:
    """Open a ledger three times; none of them waits for the disk, which no story is about."""
    ledger = Ledger(path, url)
    stores = [WatchedStore(ledger.store.url), WatchedStore(ledger.store.url)]
    for store in (ledger.store, *stores):
        if store.embedded:
            event.listen(store.writer, "connect", hurry)
    return ledger, stores


def hurry(connection: Any, _record: Any) -> None:
    connection.execute("PRAGMA synchronous=OFF")
