"""A ledger in a file of its own, a worker with a clock that tests move, targets that obey tests."""

from __future__ import annotations

import os
import shutil
from collections import Counter, deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, delete, select
from sqlmodel import SQLModel
from tests.integration.ledger.own_server import OwnServer, programs
from tests.integration.ledger.own_server import own_server as run_own_server
from tests.postgres import new_schema

from regbridge import (
    Client,
    Endpoint,
    Event,
    KeyedOn,
    Kind,
    Outcome,
    Plugin,
    Record,
    Registration,
    RejectedError,
    Target,
    TargetPlugin,
    hookimpl,
)
from regbridge.clients import Clients
from regbridge.config.encryption import EncryptionConfig
from regbridge.config.schema import WorkerConfig
from regbridge.errors import MalformedMessageError
from regbridge.message import read_envelope
from regbridge.models import BY_HAND, Reconcile
from regbridge.pipeline import NamedInstance, Pipeline
from regbridge.store.bodies import read_bodies
from regbridge.store.choice import Choice
from regbridge.store.clock import from_ms
from regbridge.store.engine import Store
from regbridge.store.intake import Arrival, Intake
from regbridge.store.operate import retry_receipts, retry_registrations
from regbridge.store.tables import (
    deliveries,
    history,
    pauses,
    receipts,
    registrations,
)
from regbridge.store.upgrades import upgrade
from regbridge.testing.ledger import memory_ledger
from regbridge.testing.payloads import encode, live, registrant
from regbridge.worker.loop import Worker

START = 1_800_000_000_000
SECOND = 1000

ALSO_IN_MEMORY = {
    f"test_ledger_{what}"
    for what in (
        "accounts",
        "after",
        "corrections",
        "identity",
        "ignore",
        "leases",
        "once",
        "operate",
        "order",
        "poison",
        "search",
    )
}
"""The modules that say what a ledger does; the others are about files, processes and size."""


class Killed(BaseException):
    """Stands for the process dying at this very place: nothing catches it, nothing settles."""


class Clock:
    """Milliseconds that pass only when a test says so."""

    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> int:
        return self.now


class Recorder(TargetPlugin):
    """A target that notes every call and answers what a test says; `created` otherwise."""

    def __init__(
        self, *, batch_size: int = 10, idempotent: bool = True, settings: object = None
    ) -> None:
        self.batch_size = batch_size
        self.idempotent = idempotent
        self.calls: list[list[Record]] = []
        self.script: deque[BaseException | Callable[[Sequence[Record]], Any]] = deque()
        self.answer: Callable[[Record], Outcome] = lambda r: Outcome.created(f"id {r.delivery}")
        self.fails: BaseException | None = None

    @hookimpl
    def deliver_records(self, records: Sequence[Record]) -> Sequence[Outcome]:
        self.calls.append(list(records))
        step = self.script.popleft() if self.script else self.fails
        if isinstance(step, BaseException):
            raise step
        if step is not None:
            outcomes: Sequence[Outcome] = step(records)
            return outcomes
        return [self.answer(record) for record in records]

    @property
    def companies(self) -> list[str]:
        """What was sent, in order, whatever the answer was."""
        return [record.fields["company"] for call in self.calls for record in call]

    @property
    def sizes(self) -> list[int]:
        return [len(call) for call in self.calls]


class Mapper(Plugin):
    """Maps invitee and company; "REFUSE" is rejected, "BUG" fails as no plugin should."""

    def __init__(self) -> None:
        self.extra: dict[str, Any] = {}

    @hookimpl
    def map_registration(self, registration: Registration, target: Target) -> Record:
        company = registration.fields.get("company", "")
        if company == "REFUSE":
            raise RejectedError("the company is not allowed", field="company")
        if company == "BUG":
            raise KeyError(company)
        return Record({"invitee": registration.invitee_stub, "company": company, **self.extra})


class Ledger:
    """Everything from the commit of a message to the answers of the targets."""

    def __init__(
        self,
        path: Path,
        url: str = "",
        encryption: EncryptionConfig | None = None,
        store: Store | None = None,
    ) -> None:
        self.path = path
        self.clock = Clock()
        self.store = store or Store(url or f"sqlite:///{path}", encryption=encryption)
        self.intake = Intake(self.store)
        self.pipelines: dict[str, Pipeline] = {}
        self.config = WorkerConfig(lease_seconds=60, poll_seconds=0.01)
        self._worker: Worker | None = None

    def add_client(
        self,
        *plugins: Plugin,
        name: str = "apap",
        targets: Mapping[str, Recorder] | None = None,
        keyed_on: KeyedOn = KeyedOn.REGISTRANT,
        takes: frozenset[Kind] = frozenset({Kind.REGISTRATION}),
        kinds: Mapping[str, Kind] | None = None,
        fingerprint: str = "first",
        after: Mapping[str, str] | None = None,
        events: Mapping[str, Event] | None = None,
        reconcile: Reconcile = BY_HAND,
    ) -> None:
        """Add a client, or give it another configuration; a `Mapper` maps unless one is given."""
        recorders = targets or {"crm": Recorder()}
        client = Client(
            name=name,
            targets={
                t: Target(t, kinds=takes, keyed_on=keyed_on, after=(after or {}).get(t))
                for t in recorders
            },
            endpoints={"CventReg": Endpoint("CventReg", f"/{name}", ("token",))},
            kinds=kinds or {},
            events=events or {},
            reconcile=reconcile,
        )
        own = any(hasattr(plugin, "map_registration") for plugin in plugins)
        named = [NamedInstance(f"p{i}", plugin) for i, plugin in enumerate(plugins)]
        named += [] if own else [NamedInstance("mapper", Mapper())]
        named += [NamedInstance(t, recorder, target=t) for t, recorder in recorders.items()]
        self.pipelines[name] = Pipeline(client, named, fingerprint, text="{}")
        self._worker = None

    @property
    def crm(self) -> Recorder:
        """The first target of the first client."""
        pipeline = next(iter(self.pipelines.values()))
        plugin = pipeline.target_plugin(next(iter(pipeline.client.targets)))
        assert isinstance(plugin, Recorder)
        return plugin

    @property
    def worker(self) -> Worker:
        """The worker of the process that lives now."""
        if self._worker is None:
            self._worker = self.new_worker()
        return self._worker

    def new_worker(self) -> Worker:
        """Return the worker of another process."""
        return Worker(
            self.store,
            Clients(self.pipelines),
            self.config,
            clock=self.clock,
            jitter=lambda: 0.0,
        )

    def lane(self, step: str, client: str = "apap", place: int = 0) -> Callable[[], bool]:
        """Return what one lane of the worker does, to drive it batch by batch.

        `place` tells lanes of one step apart: syncs are prepared by the second.
        """
        lanes = self.worker._lanes
        found = [each for each in lanes if each.step == step and client in (each.client, each.part)]
        return found[place].run

    def arrival(self, message: Mapping[str, Any] | bytes, client: str = "apap") -> Arrival:
        """Return what the web server makes of a request."""
        body = message if isinstance(message, bytes) else encode(message)
        received_at = from_ms(self.clock.now)
        try:
            envelope = read_envelope(body)
        except MalformedMessageError as error:
            return Arrival(client, "CventReg", body, received_at, problem=str(error))
        return Arrival(
            client,
            "CventReg",
            body,
            received_at,
            envelope.event_type,
            envelope.message_stub,
            envelope.message_time,
            envelope.message_time_text,
            len(envelope.records),
        )

    def receive(self, message: Mapping[str, Any] | bytes, client: str = "apap") -> int:
        """Store a message as the web server does; return its receipt."""
        return self.intake.accept(self.arrival(message, client))

    def register(self, number: int, company: str = "", minute: int = 0, **fields: Any) -> int:
        """Receive what Cvent sends when one registrant registers or changes something."""
        client = fields.pop("client", "apap")
        record = registrant(number, company=company, **fields)
        time = f"2026-11-24T10:{minute:02}:00.000Z"
        return self.receive(live("InviteeOrGuestModified", record, time=time), client)

    def run(self) -> None:
        """Do everything that is due now."""
        self.worker.run_once()

    def run_killed(self) -> None:
        """Run until the process dies; the next run is another process's."""
        with pytest.raises(Killed):
            self.worker.run_once()
        self._worker = None

    def advance(self, seconds: float) -> None:
        """Let time pass."""
        self.clock.now += round(seconds * SECOND)

    def run_for(self, seconds: int, step: int = 30) -> None:
        """Let time pass in steps, doing each time what is due."""
        for _ in range(0, seconds, step):
            self.run()
            self.advance(step)
        self.run()

    def retry(self, **choice: Any) -> int:
        """Retry parked registrations, as a person does."""
        chosen = Choice(**choice)
        return self.store.write(lambda c: retry_registrations(c, chosen, self.clock.now))

    def retry_receipts(self) -> int:
        """Read parked receipts again."""
        return self.store.write(lambda c: retry_receipts(c, Choice(), self.clock.now))

    def receipts(self) -> Sequence[Any]:
        return self._rows(select(receipts).order_by(receipts.c.id))

    def bodies(self) -> list[bytes]:
        """Return the messages as they came, in the order of their receipts."""
        ids = [row.id for row in self.receipts()]
        found = self.store.read(lambda c: read_bodies(c, ids))
        return [found[receipt] for receipt in ids if receipt in found]

    def registrations(self) -> Sequence[Any]:
        """Return the registrations in the order of their arrival."""
        order = (registrations.c.receipt_id, registrations.c.position)
        return self._rows(select(registrations).order_by(*order))

    def deliveries(self, target: str = "crm") -> Sequence[Any]:
        """Return a target's deliveries in the order of their registrations' arrival."""
        joined = select(deliveries).join(
            registrations, registrations.c.id == deliveries.c.registration_id
        )
        return self._rows(
            joined.where(deliveries.c.target == target).order_by(
                registrations.c.receipt_id, registrations.c.position
            )
        )

    def states(self) -> list[str]:
        """Return the registrations' states in the order of their arrival."""
        return [row.state for row in self.registrations()]

    def reasons(self) -> list[str]:
        return [row.reason for row in self.registrations()]

    def counts(self) -> Counter[str]:
        return Counter(self.states())

    def pauses(self) -> Sequence[Any]:
        return self._rows(select(pauses))

    def happenings(self) -> list[str]:
        return [row.happening for row in self._rows(select(history).order_by(history.c.id))]

    def close(self) -> None:
        self.intake.close()
        self.store.close()

    def _rows(self, statement: Any) -> Sequence[Any]:
        return self.store.read(lambda connection: connection.execute(statement).all())


@pytest.fixture(scope="session")
def new_database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database file with the tables in it; copying it is quicker than migrating again."""
    path = tmp_path_factory.mktemp("ledger") / "new.db"
    store = Store(f"sqlite:///{path}")
    upgrade(store)
    store.close()
    return path


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Let a test of the ledger run on each database, unless it says on which."""
    marks = metafunc.definition.iter_markers("parametrize")
    if "bare_ledger" not in metafunc.fixturenames or any("bare_ledger" in m.args[0] for m in marks):
        return
    behaves = metafunc.module.__name__.rpartition(".")[2] in ALSO_IN_MEMORY
    kinds = ["SQLite", *(["memory"] if behaves else []), "PostgreSQL"]
    metafunc.parametrize("bare_ledger", kinds, indirect=True)


@pytest.fixture
def bare_ledger(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Ledger]:
    """A ledger without clients, in each database: whatever holds in one holds in the others.

    The one in memory is what `regbridge.testing` gives to the authors of plugins.
    """
    path = tmp_path / "regbridge.db"
    if request.param == "memory":
        ledger = Ledger(path, store=memory_ledger())
    elif request.param == "SQLite":
        shutil.copy(request.getfixturevalue("new_database"), path)
        ledger = Ledger(path)
    else:
        ledger = Ledger(path, request.getfixturevalue("postgres_tables"))
        ledger.store.write(empty)
    yield ledger
    ledger.close()


def empty(connection: Connection) -> None:
    """Delete every row and count from 1 again, which is quicker than making tables."""
    connection.exec_driver_sql("SET LOCAL session_replication_role = replica")  # no look-ups
    for table in reversed(SQLModel.metadata.sorted_tables):
        connection.execute(delete(table))
        if "id" in table.columns:
            sequence = f"pg_get_serial_sequence('{table.name}', 'id')"
            connection.exec_driver_sql(f"SELECT setval({sequence}, 1, false)")


def analyze(ledger: Ledger) -> None:
    """Let PostgreSQL know how much its tables hold, in this schema alone.

    Without names it would look at those of every other test run too, whose tables are empty at that
    moment, and make their plans bad for the rest of it.
    """
    if ledger.store.embedded:
        return
    names = ", ".join(table.name for table in SQLModel.metadata.sorted_tables)
    ledger.store.write(lambda c: c.exec_driver_sql(f"ANALYZE {names}"))


@pytest.fixture
def ledger(bare_ledger: Ledger) -> Ledger:
    """A ledger with one client, whose one target is `ledger.crm`."""
    bare_ledger.add_client()
    return bare_ledger


@pytest.fixture
def killed() -> type[Killed]:
    """What a plugin raises when its process dies."""
    return Killed


@pytest.fixture(scope="session")
def ledger_class() -> type[Ledger]:
    """What makes a ledger at a place that the test chooses."""
    return Ledger


@pytest.fixture
def postgres_url() -> Iterator[str]:
    """A schema of its own, which is dropped after the test."""
    with new_schema() as url:
        yield url


@pytest.fixture(scope="session")
def postgres_tables() -> Iterator[str]:
    """A schema with the tables in it."""
    with new_schema() as url:
        store = Store(url)
        upgrade(store)
        store.close()
        yield url


@pytest.fixture
def shared_ledger(postgres_url: str, tmp_path: Path) -> Iterator[Ledger]:
    """A ledger that several workers share, with one client."""
    ledger = Ledger(tmp_path, postgres_url)
    upgrade(ledger.store)
    ledger.add_client()
    yield ledger
    ledger.close()


@pytest.fixture
def own_server() -> Iterator[OwnServer]:
    """A PostgreSQL server that the test may stop and crash."""
    where = programs()
    if where is None:
        miss = pytest.fail if "REGBRIDGE_TEST_POSTGRES" in os.environ else pytest.skip
        miss("no PostgreSQL server is installed here")
    with run_own_server(where) as server:
        yield server


@pytest.fixture
def crashing_ledger(own_server: OwnServer, tmp_path: Path) -> Iterator[Ledger]:
    """A ledger at a server that the test may stop and crash, with one client."""
    ledger = Ledger(tmp_path, own_server.url)
    upgrade(ledger.store)
    ledger.add_client()
    yield ledger
    ledger.close()
