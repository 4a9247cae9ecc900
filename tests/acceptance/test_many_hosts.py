"""Two web hosts and three workers on one PostgreSQL, any of which may die at any moment."""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

import pytest
import requests
import structlog
from sqlalchemy import func, select
from tests.postgres import new_schema
from tests.simulated import DATAVERSE_SECRET, STAGING, dynamics_settings

from regbridge.store.engine import Store
from regbridge.store.tables import deliveries, receipts, registrations
from regbridge.testing.payloads import EVENT, encode, live, message, registrant, sync
from regbridge_cvent.simulator import Behaviour, CventSimulator, Population, Tier
from regbridge_dynamics.simulator.dataverse import DataverseSimulator
from regbridge_dynamics.simulator.throttle import Limits
from regbridge_dynamics.simulator.tokens import Application
from regbridge_dynamics.simulator.web_api import Latency

REGISTRANTS = 3_000
CHANGED = 60
KILLS = 10
SECONDS = 150
TOKEN = "a token of many hosts"
AT_ONCE = 12
"""Calls at the same time that Dataverse recommends here; it refuses the next but four."""
RUN = "from regbridge.cli import main; main()"
SECRETS = {
    "token": TOKEN,
    "cvent-id": "simulator",
    "cvent-secret": "simulator-secret",
    DATAVERSE_SECRET: Application().secret,
}


class HostProcess:
    """A `regbridge serve` or `work` in a process of its own, to be killed and started again."""

    def __init__(self, name: str, folder: Path, *command: str) -> None:
        self.name = name
        self.kills = 0
        self.url = ""
        self._command = [sys.executable, "-c", RUN, *command, "--configs", str(folder)]
        self._log = folder / f"{name}.log"
        self._process: subprocess.Popen[str] | None = None
        self.start()

    def start(self) -> None:
        """Start it, and wait until it says that it runs."""
        with self._log.open("a", encoding="utf-8") as log:
            self._process = subprocess.Popen(
                self._command, stdout=subprocess.PIPE, stderr=log, text=True, env=os.environ
            )
        for line in self._output:
            if "http://" in line:
                self.url = "http://" + line.partition("http://")[2].strip()
            if line.startswith("Ctrl+C"):
                return
        pytest.fail(f"{self.name} did not start: {self._log.read_text(encoding='utf-8')[-2000:]}")

    def kill(self) -> None:
        """Kill it, as a power cut does."""
        assert self._process is not None
        assert self._process.poll() is None, f"{self.name} ended by itself"
        self._process.kill()
        self._process.wait()
        self._output.close()
        self.kills += 1

    @property
    def _output(self) -> IO[str]:
        assert self._process is not None
        assert self._process.stdout is not None
        return self._process.stdout


@dataclass
class Cvent:
    """Sends each message until a host acknowledges it, and keeps what was acknowledged."""

    hosts: Sequence[HostProcess]
    acknowledged: Counter[str] = field(default_factory=Counter)
    refused: int = 0

    def send(self, content: Mapping[str, Any]) -> None:
        """Post a message to one host after the other, until one says 200."""
        body = encode(content)
        for turn in range(1_000):
            try:
                answer = requests.post(
                    self.hosts[turn % len(self.hosts)].url,
                    data=body,
                    headers={"Authorization": TOKEN, "Content-Type": "application/json"},
                    timeout=30,
                )
            except requests.RequestException:
                self.refused += 1
                time.sleep(0.05)
                continue
            if answer.status_code == 200:
                self.acknowledged[content["messageStub"]] += 1
                return
            assert answer.status_code == 503, answer.text
        pytest.fail("no host takes a message")


@contextmanager
def vendors() -> Iterator[tuple[CventSimulator, str, DataverseSimulator]]:
    """Run both vendors, whose limits are small enough to matter."""
    population = Population(REGISTRANTS + 1, guests_every=0)
    behaviour = Behaviour(tier=Tier("test", 100_000, 6, 6), latency=0.1)
    cvent = CventSimulator(population, behaviour)
    limits = Limits(concurrent=AT_ONCE + 4, dop_hint=AT_ONCE)
    dataverse = DataverseSimulator(latency=Latency(call=0.05, record=0.002), limits=limits)
    with cvent.serving() as url, dataverse:
        yield cvent, url, dataverse


def write_configuration(folder: Path, database: str, cvent: str, dataverse: str) -> None:
    """Write the same configuration for all hosts; JSON is YAML."""
    (folder / "clients").mkdir(parents=True)
    for name, secret in SECRETS.items():
        (folder / name).write_text(secret, encoding="utf-8")
    worker = {"lease_seconds": 3, "poll_seconds": 0.2, "batch_size": 50}
    few = {"pool_size": 6}  # others use the server too
    base = {"host": {"database": database, "postgresql": few, "worker": worker}}
    (folder / "base.yaml").write_text(json.dumps(base), encoding="utf-8")
    account = {"url": cvent, "client_id": {"file": "cvent-id"}}
    account |= {"client_secret": {"file": "cvent-secret"}}
    settings = dynamics_settings(dataverse, chunk_size=20, concurrency=6)
    mapping = {
        "new_inviteeid": "registration.inviteeStub",
        "new_eventid": "event.id",
        "new_name": "company",
        "new_lastname": "lastName",
    }
    client = {
        "client": "many",
        "endpoints": {"CventReg": {"path": "/cvent/many", "tokens": [{"file": "token"}]}},
        "events": {"conference": {"id": EVENT}},
        "plugins": [
            "cvent-token",
            {"use": "cvent-enrich", "settings": {"account": account, "include": ["contact"]}},
        ],
        "targets": {"staging": {"use": "dynamics", "settings": settings, "map": mapping}},
    }
    (folder / "clients" / "many.yaml").write_text(json.dumps(client), encoding="utf-8")


def messages() -> tuple[list[Mapping[str, Any]], dict[str, str | None]]:
    """Return what Cvent sends, and the company of each registrant's newest revision.

    A large sync, changes of some of its registrants while it is on its way, a second sync that is
    older than some of them, and some messages twice.
    """
    newest = {str(n): registrant(n)["company"] or None for n in range(1, REGISTRANTS + 1)}
    sent: list[Mapping[str, Any]] = [sync(REGISTRANTS, time=at(0))]
    for number in range(1, CHANGED + 1):
        for minute, company in ((2 + number % 3, "middle"), (8, f"newest of {number}")):
            record = registrant(number, company=company)
            sent.append(live("InviteeOrGuestModified", record, time=at(minute)))
        newest[str(number)] = f"newest of {number}"
    again = [registrant(number, company="second sync") for number in range(30, 330)]
    sent.insert(len(sent) // 2, message("AttendeeManualSynced", again, time=at(5)))
    for number in range(CHANGED + 1, 330):
        newest[str(number)] = "second sync"
    return sent + sent[5:25], newest


def at(minute: int) -> str:
    return f"2026-11-24T10:{minute:02}:00.000Z"


def pending(store: Store) -> int:
    """Return how many records are on their way, and those that are not split yet."""
    waiting = select(func.count()).where(registrations.c.state == "pending")
    unsplit = select(func.count()).where(receipts.c.state == "pending")
    return store.read(lambda c: (c.scalar(waiting) or 0) + (c.scalar(unsplit) or 0))


class Killer:
    """Kills a random process whenever it is told to, and starts it again."""

    def __init__(self, processes: Sequence[HostProcess], store: Store, dice: random.Random) -> None:
        self._store = store
        # Each at least once.
        self._order = [*processes, *dice.choices(processes, k=KILLS - len(processes))]
        dice.shuffle(self._order)
        self.told = threading.Semaphore(0)
        self.done = threading.Semaphore(0)
        self.waiting: list[int] = []
        self.failure: BaseException | None = None
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        try:
            for process in self._order:
                self.told.acquire()
                self.waiting.append(pending(self._store))
                process.kill()
                process.start()
                self.done.release()
        except BaseException as error:
            self.failure = error
            for _ in self._order:
                self.done.release()


def wait_until_settled(store: Store) -> None:
    deadline = time.monotonic() + SECONDS
    while left := pending(store):
        assert time.monotonic() < deadline, f"{left} are still pending"
        time.sleep(0.1)


def test_whichever_host_dies_every_registration_arrives_once_and_in_order(
    tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    seed = int(os.environ.get("REGBRIDGE_TEST_SEED", random.randrange(1_000_000)))
    record_property("seed", seed)
    structlog.get_logger().info("many hosts", seed=seed)  # shown when the test fails
    sent, newest = messages()
    with ExitStack() as stack:
        cvent_simulator, cvent_url, dataverse = stack.enter_context(vendors())
        database = stack.enter_context(new_schema())
        folder = tmp_path / "configs"
        write_configuration(folder, database, cvent_url, dataverse.url)
        subprocess.run([sys.executable, "-c", RUN, "upgrade", "--configs", str(folder)], check=True)
        store = Store(database)
        stack.callback(store.close)
        web = [start(stack, f"web-{n}", folder, "serve", "--no-worker") for n in range(2)]
        workers = [start(stack, f"worker-{n}", folder, "work") for n in range(3)]
        cvent = Cvent(web)

        waiting = send_and_kill(cvent, sent, [*web, *workers], store, random.Random(seed))
        wait_until_settled(store)

        assert len(waiting) == KILLS
        # On a slow machine most messages are done before the next kill; the large ones are not.
        assert sum(count > 0 for count in waiting) >= 2, waiting
        assert_accounted_for(store, sent, cvent)
        rows = {row["new_inviteeid"]: row["new_name"] for row in dataverse.tables[STAGING]}
        assert len(dataverse.tables[STAGING]) == len(rows) == REGISTRANTS
        expected = {registrant(int(n))["inviteeStub"].lower(): name for n, name in newest.items()}
        assert {str(key).lower(): name for key, name in rows.items()} == expected
        assert not cvent_simulator.calls.was_refused
        assert not dataverse.calls.throttled
        # A process hears what Dataverse recommends by the answer to its first call.
        assert 1 < dataverse.calls.most_at_once <= AT_ONCE + len(workers)


def start(stack: ExitStack, name: str, folder: Path, *command: str) -> HostProcess:
    port = ("--port", "0") if "serve" in command else ()
    process = HostProcess(name, folder, *command, *port)
    stack.callback(process.kill)
    return process


def send_and_kill(
    cvent: Cvent,
    sent: Sequence[Mapping[str, Any]],
    processes: Sequence[HostProcess],
    store: Store,
    dice: random.Random,
) -> list[int]:
    """Send everything in as many parts as there are kills, each while a process is being killed.

    Returns what was pending at each kill.
    """
    killer = Killer(processes, store, dice)
    size = -(-len(sent) // KILLS)
    for number in range(KILLS):
        for content in sent[number * size : (number + 1) * size]:
            cvent.send(content)
        killer.told.release()
        if number:
            killer.done.acquire()
    killer.done.acquire()
    if killer.failure:
        raise killer.failure
    return killer.waiting


def assert_accounted_for(store: Store, sent: Sequence[Mapping[str, Any]], cvent: Cvent) -> None:
    """Compare the ledger with what was acknowledged: each record of each message has its end."""
    sizes = {content["messageStub"]: len(content["message"]) for content in sent}
    assert cvent.acknowledged.total() == len(sent)
    stored = store.read(
        lambda c: c.execute(
            select(receipts.c.message_stub, receipts.c.record_count, receipts.c.split_count)
        ).all()
    )
    arrivals = Counter(row.message_stub for row in stored)
    # A host that died before it could answer may have stored what was sent again.
    assert all(arrivals[stub] >= count for stub, count in cvent.acknowledged.items())
    assert arrivals.total() <= len(sent) + cvent.refused
    assert all(row.record_count == row.split_count == sizes[row.message_stub] for row in stored)
    counted = select(registrations.c.state, func.count()).group_by(registrations.c.state)
    states = {row[0]: row[1] for row in store.read(lambda c: c.execute(counted).all())}
    assert sum(states.values()) == sum(row.record_count for row in stored)
    assert states.keys() <= {"delivered", "superseded", "duplicate", "unchanged"}, states
    assert states["duplicate"] == sum(sizes[stub] * (count - 1) for stub, count in arrivals.items())
    twice = select(func.count(), deliveries.c.registration_id).group_by(
        deliveries.c.registration_id
    )
    assert all(row[0] == 1 for row in store.read(lambda c: c.execute(twice).all()))
