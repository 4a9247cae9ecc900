"""A process that is killed in the middle loses nothing and does nothing twice."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import func, select

from regbridge.store.engine import Store
from regbridge.store.intake import Arrival, Intake
from regbridge.store.tables import registrations
from regbridge.store.upgrades import upgrade
from regbridge.testing.payloads import encode, sync

COUNT = 3000
SECONDS = 60.0

BASE = """
host:
  database: sqlite:///regbridge.db
  worker: {lease_seconds: 1, poll_seconds: 0.05, batch_size: 200}
"""
CLIENT = """
client: apap
endpoints:
  CventReg: {path: /cvent/apap/CventReg, tokens: [{env: APAP_TOKEN}]}
plugins: [cvent-token]
targets:
  crm:
    use: ./hanging.py:HangingFiles
    settings: {path: delivered.jsonl}
    map: {Invitee: registration.inviteeStub}
"""
# The plugin writes the lines and then never answers: the worst moment to die.
HANGING = """
import os
import threading

from regbridge import hookimpl
from regbridge_files.deliver import Files


class HangingFiles(Files):
    batch_size = 100

    @hookimpl
    def deliver_records(self, records):
        outcomes = super().deliver_records(records)
        if self._path.read_bytes().count(b"\\n") >= int(os.environ["HANG_AT"]):
            threading.Event().wait()
        return outcomes
"""
WORK = """
import sys
from pathlib import Path

from regbridge.host import Host

host = Host(Path(sys.argv[1]), web=False)
host.start()
sys.stdin.read()
sys.exit(0 if host.stop() else 1)
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A configuration folder whose ledger holds a sync that nobody has worked on."""
    clients = tmp_path / "clients"
    clients.mkdir()
    (tmp_path / "base.yaml").write_text(BASE, encoding="utf-8")
    (clients / "apap.yaml").write_text(CLIENT, encoding="utf-8")
    (clients / "hanging.py").write_text(HANGING, encoding="utf-8")
    with ledger(tmp_path) as store:
        upgrade(store)
        intake = Intake(store)
        body = encode(sync(COUNT))
        now = datetime.now(UTC)
        intake.accept(Arrival("apap", "CventReg", body, now, record_count=COUNT))
        intake.close()
    return tmp_path


@contextmanager
def ledger(folder: Path) -> Iterator[Store]:
    store = Store(f"sqlite:///{folder / 'regbridge.db'}")
    try:
        yield store
    finally:
        store.close()


@contextmanager
def worker(folder: Path, hang_at: int = 10**9) -> Iterator[subprocess.Popen[bytes]]:
    """Run a worker in a process of its own; it is killed at the end unless it ended before."""
    process = subprocess.Popen(
        [sys.executable, "-c", WORK, str(folder)],
        stdin=subprocess.PIPE,
        env={**os.environ, "APAP_TOKEN": "a-token-for-this-test", "HANG_AT": str(hang_at)},
    )
    with process:
        try:
            yield process
        finally:
            process.kill()


def wait_for(condition: Callable[[], bool], process: subprocess.Popen[bytes]) -> None:
    """Look again and again until something is so."""
    deadline = time.monotonic() + SECONDS
    while not condition():
        assert process.poll() is None, "the worker ended by itself"
        assert time.monotonic() < deadline, "it takes too long"
        time.sleep(0.005)


def lines(folder: Path) -> list[bytes]:
    path = folder / "delivered.jsonl"
    return path.read_bytes().splitlines(keepends=True) if path.exists() else []


def states(folder: Path) -> Counter[str]:
    with ledger(folder) as store:
        count = select(registrations.c.state, func.count()).group_by(registrations.c.state)
        return Counter(dict(store.read(lambda c: [tuple(row) for row in c.execute(count)])))


def test_however_often_the_worker_is_killed_each_registration_is_delivered_exactly_once(
    folder: Path,
) -> None:
    with worker(folder) as process:
        wait_for(lambda: states(folder).total() > 0, process)
    for hang_at in (1, 700, 1500):
        with worker(folder, hang_at) as process:
            wait_for(lambda at=hang_at: len(lines(folder)) >= at, process)  # type: ignore[misc]
        assert states(folder)["pending"] > 0

    with worker(folder) as process:
        wait_for(lambda: states(folder) == {"delivered": COUNT}, process)
        assert process.stdin
        process.stdin.close()
        assert process.wait(SECONDS) == 0

    deliveries = [json.loads(line)["_delivery"] for line in lines(folder)]
    assert len(deliveries) == len(set(deliveries)) == COUNT
