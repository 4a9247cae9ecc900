"""A scrape of /metrics on a ledger of a million registrations, against one of a thousand.

`python bench/metrics.py [registrations] [scrapes]`; /health/ready beside it.
"""

from __future__ import annotations

import json
import sys
import tempfile
import time
from contextlib import ExitStack
from http.client import HTTPConnection
from pathlib import Path
from urllib.parse import urlsplit

from common import middle, running_host, verdict, write_configuration
from console import fill
from sqlalchemy import Connection, update

from regbridge.store.engine import Store
from regbridge.store.shared_clock import SharedClock
from regbridge.store.tables import registrations
from regbridge.store.timings import add_timings
from regbridge.store.upgrades import upgrade
from regbridge.tallies import take_standing, take_waiting
from regbridge.timings import BOUNDS, Counts, Key, Stage
from regbridge.timings import Count as Measured

FEW = 1000
RATIO = 2.0
MILLISECONDS = 50.0
PENDING_EACH = 20
"""One registration in so many is pending."""

PATHS = ("/metrics", "/health/ready")


class Side:
    """A host with a ledger of so many registrations."""

    def __init__(self, url: str) -> None:
        self._connection = HTTPConnection(str(urlsplit(url).netloc), timeout=120)

    def get(self, path: str) -> bytes:
        """Return an answer."""
        self._connection.request("GET", path)
        answer = self._connection.getresponse()
        content = answer.read()
        assert answer.status == 200, (path, answer.status)
        return content

    def time(self, path: str) -> float:
        """Return the milliseconds until an answer is here, whole."""
        begun = time.perf_counter()
        self.get(path)
        return 1000 * (time.perf_counter() - begun)


def main() -> int:
    """Fill two ledgers, then ask both in turn."""
    held, scrapes = [*map(int, sys.argv[1:]), *(1_000_000, 100)[len(sys.argv) - 1 :]]
    holds = True
    with tempfile.TemporaryDirectory() as temporary, ExitStack() as stack:
        few, many = (
            Side(
                stack.enter_context(
                    running_host(_prepare(Path(temporary), count), "--no-worker")
                ).url
            )
            for count in (FEW, held)
        )
        for side in (few, many):
            _wait_until_counted(side)
        for path in PATHS:
            holds &= _compare(path, few, many, held, scrapes)
    return 0 if holds else 1


def _compare(path: str, few: Side, many: Side, held: int, scrapes: int) -> bool:
    small: list[float] = []
    large: list[float] = []
    for _ in range(scrapes):
        small.append(few.time(path))
        large.append(many.time(path))
    name = f"{path}, {held} registrations"
    print(f"{name}: {middle(small):.1f} ms of {FEW}, {middle(large):.1f} ms of all")
    print(f"{name}: {len(many.get(path))} bytes")
    ratio = verdict(f"{name} against {FEW}", middle(large) / middle(small), RATIO)
    return verdict(f"{name}, ms", middle(large), MILLISECONDS) and ratio


def _wait_until_counted(side: Side) -> None:
    """Let both hosts have counted once: the first count of a million takes seconds."""
    deadline = time.monotonic() + 120
    while b"regbridge_deliveries{" not in side.get("/metrics") and time.monotonic() < deadline:
        time.sleep(0.5)


def _prepare(folder: Path, count: int) -> Path:
    """Make a configuration with metrics, and its ledger."""
    folder = folder / str(count)
    write_configuration(folder)
    text = json.dumps({"host": {"metrics": {"open": True}}})
    (folder / "base.yaml").write_text(text, encoding="utf-8")
    store = Store(f"sqlite:///{(folder / 'regbridge.db').as_posix()}")
    upgrade(store)
    fill(store, count)
    now = SharedClock(store)()
    store.write(lambda c: _add(c, now))
    for take in (take_standing, take_waiting):
        begun = time.perf_counter()
        store.read(lambda c, take=take: take(c, now))  # type: ignore[misc]
        spent = 1000 * (time.perf_counter() - begun)
        print(f"{take.__name__} of {count}, in the background: {spent:.0f} ms")
    store.close()
    return folder


def _add(connection: Connection, now: int) -> None:
    """Let some registrations wait, and stages have timings in every bucket."""
    some = registrations.c.id % PENDING_EACH == 1
    connection.execute(update(registrations).where(some).values(state="pending"))
    counts: Counts = {
        (Key("bench", stage, part), bucket): Measured(1, 1, 1000)
        for stage in Stage
        for part in ("one", "two")
        for bucket in range(len(BOUNDS))
    }
    add_timings(connection, counts, now)


if __name__ == "__main__":
    sys.exit(main())
