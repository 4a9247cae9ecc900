"""Counts what takes long to count, in a thread of its own that takes little of the time."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import structlog

from regbridge.store.engine import Store

log = structlog.get_logger()

SHORTEST_WAIT = 5.0
SHARE = 50
"""All counts together wait so many times as long as they take: 2 % of the time."""

Found = TypeVar("Found")


@dataclass(eq=False)
class Tally(Generic[Found]):
    """The last result of one count, with its time (ms); `due` is when it is counted again.

    `take` is given a connection and the time.
    """

    take: Callable[[Any, int], Found]
    found: Found | None = None
    at: int | None = None
    due: float = 0.0


class Counting:
    """Counts for all who look: pages, metrics, monitors. `clock` gives ms.

    Tallies are added before it starts. `shortest` is the shortest time between two counts of the
    same, in seconds.
    """

    def __init__(
        self, store: Store, clock: Callable[[], int], shortest: float = SHORTEST_WAIT
    ) -> None:
        self._store = store
        self.clock = clock
        self._shortest = shortest
        self.tallies: list[Tally[Any]] = []
        self._asked = threading.Event()
        self._stopping = threading.Event()
        self._counted = threading.Condition()
        self._starting = threading.Lock()
        self._thread = threading.Thread(target=self._run, name="counts", daemon=True)

    def add(self, take: Callable[[Any, int], Found]) -> Tally[Found]:
        """Count something more, now and then."""
        tally = Tally(take)
        self.tallies.append(tally)
        return tally

    def start(self) -> None:
        """Begin: at the first view, or after the first wait. Who only looks begins it too."""
        with self._starting:
            if self._thread.ident is None and not self._stopping.is_set():
                self._thread.start()

    def stop(self) -> None:
        """Let a count that is under way come to its end."""
        with self._starting:
            self._stopping.set()
        self._asked.set()
        if self._thread.ident is not None:
            self._thread.join(timeout=30)

    def wait(self, seconds: float, *tallies: Tally[Any]) -> bool:
        """Say that somebody looks; wait until all these were counted once, or so many seconds."""
        self.start()
        self._asked.set()
        with self._counted:
            return self._counted.wait_for(
                lambda: all(tally.found is not None for tally in tallies), seconds
            )

    def count(self, tally: Tally[Any]) -> None:
        """Count now, and say when to do so again. Never raises."""
        begun = time.monotonic()
        try:
            at = self.clock()
            found = self._store.read(lambda connection: tally.take(connection, at))
        except Exception as error:  # the thread goes on, and who looks is told when was counted
            log.warning("not counted", error=str(error))
        else:
            with self._counted:
                tally.found, tally.at = found, at
                self._counted.notify_all()
        ended = time.monotonic()
        pause = SHARE * len(self.tallies) * (ended - begun)
        tally.due = ended + max(self._shortest, pause)

    def _run(self) -> None:
        self._asked.wait(self._shortest)
        while not self._stopping.is_set():
            first = min(self.tallies, key=lambda tally: tally.due)
            if not self._stopping.wait(max(0.0, first.due - time.monotonic())):
                self.count(first)
