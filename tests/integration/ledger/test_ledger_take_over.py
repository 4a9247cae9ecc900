"""Another configuration is taken over between two batches, as a restart would take it over."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from tests.integration.ledger.conftest import Mapper, Recorder

from regbridge import Outcome, Record
from regbridge.candidates import Made
from regbridge.clients import Clients
from regbridge.config.schema import WorkerConfig
from regbridge.pipeline import Pipeline
from regbridge.roster import Roster
from regbridge.worker import lanes
from regbridge.worker.loop import Worker

if TYPE_CHECKING:
    from tests.integration.ledger.conftest import Ledger

DEADLINE = 30.0


class Gate:
    """Holds a target's calls until it is opened."""

    def __init__(self) -> None:
        self.entered = threading.Event()
        self.opened = threading.Event()

    def __call__(self, records: Sequence[Record]) -> list[Outcome]:
        self.entered.set()
        assert self.opened.wait(DEADLINE)
        return [Outcome.created() for _ in records]


class Closing(Recorder):
    """A target that notes when it is closed."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.closed = threading.Event()

    def close(self) -> None:
        self.closed.set()


@pytest.fixture
def start(bare_ledger: Ledger) -> Iterator[Callable[[], Worker]]:
    """Starts the threads of the ledger's worker; they are stopped at the end."""
    workers: list[Worker] = []

    def start() -> Worker:
        config = WorkerConfig(poll_seconds=0.02)
        clients = Clients(dict(bare_ledger.pipelines))
        worker = Worker(bare_ledger.store, clients, config, clock=bare_ledger.clock)
        workers.append(worker)
        worker.start()
        return worker

    yield start
    for worker in workers:
        assert worker.stop()


def until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + DEADLINE
    never = threading.Event()
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        never.wait(0.01)


def configured(ledger: Ledger, crm: Recorder, fingerprint: str, **extra: Any) -> Pipeline:
    """Give the client another configuration, and return its pipeline."""
    mapper = Mapper()
    mapper.extra = extra
    ledger.add_client(mapper, targets={"crm": crm}, fingerprint=fingerprint)
    return ledger.pipelines["apap"]


def test_a_batch_under_way_ends_as_it_began_and_the_next_is_the_new_ones(
    bare_ledger: Ledger, start: Callable[[], Worker]
) -> None:
    old, new, gate = Closing(), Closing(), Gate()
    before = configured(bare_ledger, old, "first", by="first")
    old.script.append(gate)
    worker = start()
    bare_ledger.register(1, "A")
    assert gate.entered.wait(DEADLINE)

    worker.take_over([configured(bare_ledger, new, "second", by="second")])
    before.close()
    bare_ledger.register(2, "B")
    worker.wake()
    until(lambda: [row.state for row in bare_ledger.receipts()] == ["split", "split"])

    assert (new.calls, old.closed.is_set()) == ([], False)
    assert bare_ledger.states() == ["pending", "pending"]

    gate.opened.set()
    until(lambda: bare_ledger.states() == ["delivered", "delivered"])
    assert old.closed.wait(DEADLINE)
    assert [record.fields["by"] for record in old.calls[0]] == ["first"]
    assert [record.fields["by"] for [record] in new.calls] == ["second"]
    assert [row.configuration for row in bare_ledger.deliveries()] == ["first", "second"]


def test_a_batch_that_hangs_does_not_hold_up_the_new_configuration_for_ever(
    bare_ledger: Ledger, start: Callable[[], Worker], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lanes, "STOP_SECONDS", 0.05)
    old, new, gate = Closing(), Recorder(), Gate()
    before = configured(bare_ledger, old, "first")
    old.script.append(gate)
    worker = start()
    bare_ledger.register(1, "A")
    assert gate.entered.wait(DEADLINE)

    worker.take_over([configured(bare_ledger, new, "second")])
    before.close()
    bare_ledger.register(2, "B")

    until(lambda: bare_ledger.states() == ["pending", "delivered"])
    assert not old.closed.is_set()
    gate.opened.set()
    until(lambda: bare_ledger.states() == ["delivered", "delivered"])
    assert old.closed.wait(DEADLINE)
    assert (old.companies, new.companies) == (["A"], ["B"])


def test_several_configurations_in_a_row_leave_the_last_one(
    bare_ledger: Ledger, start: Callable[[], Worker]
) -> None:
    recorders = [Closing() for _ in range(6)]
    gate = Gate()
    recorders[0].script.append(gate)
    first = configured(bare_ledger, recorders[0], "0")
    worker = start()
    count = threading.active_count()
    bare_ledger.register(1, "A")
    assert gate.entered.wait(DEADLINE)
    pipelines = [first]
    for number, recorder in enumerate(recorders[1:], start=1):
        pipelines.append(configured(bare_ledger, recorder, str(number)))
        worker.take_over([pipelines[-1]])
        pipelines[-2].close()
    gate.opened.set()
    bare_ledger.register(2, "B")

    until(lambda: bare_ledger.states() == ["delivered", "delivered"])
    until(lambda: all(recorder.closed.is_set() for recorder in recorders[:-1]))
    until(lambda: threading.active_count() == count)

    assert [recorder.companies for recorder in recorders] == [["A"], *[[]] * 4, ["B"]]
    assert not recorders[-1].closed.is_set()


def test_a_new_client_begins_and_the_others_go_on(
    bare_ledger: Ledger, start: Callable[[], Worker]
) -> None:
    bare_ledger.add_client()
    worker = start()
    bare_ledger.add_client(name="acme", targets={"crm": Recorder()})
    acme = bare_ledger.pipelines["acme"]

    worker.take_over([acme])
    roster = Roster({name: made(pipe) for name, pipe in bare_ledger.pipelines.items()})
    worker.context.clients.take_over(roster)
    bare_ledger.register(1, "A", client="acme")
    bare_ledger.register(2, "B")
    worker.wake()

    until(lambda: bare_ledger.states() == ["delivered", "delivered"])


def made(pipeline: Pipeline) -> Made:
    return Made(Path(f"{pipeline.client.name}.yaml"), pipeline, pipeline.fingerprint)


@pytest.fixture(params=["restart", "take over"])
def change(request: pytest.FixtureRequest, bare_ledger: Ledger) -> Callable[[Pipeline], None]:
    """Lets a configuration hold: in another process, or in the same one."""
    workers: list[Worker] = []

    def change(pipeline: Pipeline) -> None:
        bare_ledger.pipelines["apap"] = pipeline
        bare_ledger._worker = workers[0] if workers else None
        worker = bare_ledger.worker
        if request.param == "take over":
            workers.append(worker)
            worker.take_over([pipeline])

    return change


def test_what_was_mapped_before_is_delivered_as_it_was(
    bare_ledger: Ledger, change: Callable[[Pipeline], None]
) -> None:
    old, new = Recorder(), Recorder()
    change(configured(bare_ledger, old, "first", by="first"))
    bare_ledger.register(1, "mapped")
    for step in (bare_ledger.lane("split", ""), bare_ledger.lane("prepare")):
        assert step()
    bare_ledger.register(2, "split alone")
    assert bare_ledger.lane("split", "")()

    change(configured(bare_ledger, new, "second", by="second"))
    bare_ledger.register(3, "not split")
    bare_ledger.run()

    assert old.calls == []
    sent = {record.fields["company"]: record.fields["by"] for call in new.calls for record in call}
    assert sent == {"mapped": "first", "split alone": "second", "not split": "second"}
    rows = bare_ledger.deliveries()
    assert [row.configuration for row in rows] == ["first", "second", "second"]
    assert bare_ledger.states() == ["delivered"] * 3


def test_what_waits_for_a_target_that_is_gone_waits_until_it_is_back(
    bare_ledger: Ledger, change: Callable[[Pipeline], None]
) -> None:
    crm, other = Recorder(), Recorder()
    change(configured(bare_ledger, crm, "first"))
    bare_ledger.register(1, "A")
    for step in (bare_ledger.lane("split", ""), bare_ledger.lane("prepare")):
        assert step()
    bare_ledger.add_client(targets={"renamed": other}, fingerprint="second")

    change(bare_ledger.pipelines["apap"])
    bare_ledger.register(2, "B")
    bare_ledger.run()

    assert (crm.companies, other.companies) == ([], ["B"])
    assert bare_ledger.states() == ["pending", "delivered"]

    change(configured(bare_ledger, crm, "third"))
    bare_ledger.run()
    assert crm.companies == ["A"]
    assert bare_ledger.states() == ["delivered", "delivered"]


def test_a_batch_size_and_a_number_of_calls_are_those_of_the_new_configuration(
    bare_ledger: Ledger, change: Callable[[Pipeline], None]
) -> None:
    change(configured(bare_ledger, Recorder(batch_size=10), "first"))
    new = Recorder(batch_size=2)
    new.concurrency = 3

    change(configured(bare_ledger, new, "second"))
    for number in range(1, 7):
        bare_ledger.register(number, "A")
    bare_ledger.run()

    assert max(new.sizes) == 2
    [lane] = [lane for lane in bare_ledger.worker._lanes if lane.step == "deliver"]
    assert lane.threads == 3
