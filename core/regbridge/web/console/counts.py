"""Counts what the overview shows, in a thread of its own that takes little of the time."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

import structlog

from regbridge.store import overview
from regbridge.store.engine import Store
from regbridge.store.overview import Count
from regbridge.store.overview import Recent as RecentCount
from regbridge.store.tables import State

log = structlog.get_logger()

SHORTEST_WAIT = 5.0
SHARE = 50
"""All counts together wait so many times as long as they take: 2 % of the time."""

REASONS = 10
DAYS = 14
_DAY = 24 * overview.HOUR

Found = TypeVar("Found")


@dataclass(frozen=True, slots=True)
class Standing:
    """How everything stands: the counts by state, what is parked and why, what waits."""

    states: Sequence[Count]
    reasons: Sequence[tuple[str, str, int]]
    pending_since: int | None
    unsplit: int


@dataclass(frozen=True, slots=True)
class Recent:
    """The states of what arrived in the last 24 hours."""

    states: Sequence[RecentCount]


@dataclass(frozen=True, slots=True)
class Course:
    """What arrived in the last days, and what of it was delivered, by the hour.

    `until` (ms) is when it was counted; hours are counted from 1970.
    """

    until: int
    arrived: Mapping[int, int]
    delivered: Mapping[int, int]
    unreadable: int


@dataclass
class Tally(Generic[Found]):
    """The last result of one count, with its time (ms); `due` is when it is counted again."""

    take: Callable[[Any, int], Found]
    found: Found | None = None
    at: int | None = None
    due: float = 0.0


@dataclass
class Counts:
    """Counts while the console runs. Start and stop it once; `clock` gives ms.

    `shortest` is the shortest time between two counts of the same, in seconds.
    """

    store: Store
    clock: Callable[[], int]
    shortest: float = SHORTEST_WAIT
    standing: Tally[Standing] = field(default_factory=lambda: Tally(take_standing))
    recent: Tally[Recent] = field(default_factory=lambda: Tally(take_recent))
    course: Tally[Course] = field(default_factory=lambda: Tally(take_course))

    def __post_init__(self) -> None:
        self._tallies: tuple[Tally[Any], ...] = (self.standing, self.recent, self.course)
        self._asked = threading.Event()
        self._stopping = threading.Event()
        self._counted = threading.Condition()
        self._thread = threading.Thread(target=self._run, name="counts", daemon=True)

    def start(self) -> None:
        """Begin: at the first view, or after the first wait."""
        self._thread.start()

    def stop(self) -> None:
        """Let a count that is under way come to its end."""
        self._stopping.set()
        self._asked.set()
        if self._thread.ident is not None:
            self._thread.join(timeout=30)

    def wait(self, seconds: float) -> bool:
        """Say that somebody looks; wait until all is counted once, or for so many seconds."""
        self._asked.set()
        with self._counted:
            return self._counted.wait_for(self._is_complete, seconds)

    def count(self, tally: Tally[Any]) -> None:
        """Count now, and say when to do so again. Never raises."""
        begun = time.monotonic()
        try:
            at = self.clock()
            found = self.store.read(lambda connection: tally.take(connection, at))
        except Exception as error:  # the thread goes on, and the page says when was counted
            log.warning("overview not counted", error=str(error))
        else:
            with self._counted:
                tally.found, tally.at = found, at
                self._counted.notify_all()
        ended = time.monotonic()
        pause = SHARE * len(self._tallies) * (ended - begun)
        tally.due = ended + max(self.shortest, pause)

    def _is_complete(self) -> bool:
        return all(tally.found is not None for tally in self._tallies)

    def _run(self) -> None:
        self._asked.wait(self.shortest)
        while not self._stopping.is_set():
            first = min(self._tallies, key=lambda tally: tally.due)
            if not self._stopping.wait(max(0.0, first.due - time.monotonic())):
                self.count(first)


def take_standing(connection: Any, now: int) -> Standing:  # noqa: ARG001
    """Count how everything stands."""
    states = overview.count_all(connection)

    def clients_with(state: State) -> list[str]:
        return [each.client for each in states if (each.target, each.state) == ("", state)]

    return Standing(
        states,
        overview.parked_reasons(connection, clients_with(State.PARKED), REASONS),
        overview.oldest_pending(connection, clients_with(State.PENDING)),
        overview.count_unsplit(connection),
    )


def take_recent(connection: Any, now: int) -> Recent:
    """Count what came in the last 24 hours."""
    return Recent(overview.count_recent(connection, now - _DAY, now - now % _DAY))


def take_course(connection: Any, now: int) -> Course:
    """Count what came in the last days, today's included."""
    since = now - now % _DAY - (DAYS - 1) * _DAY
    return Course(
        now,
        overview.arrived_by_hour(connection, since),
        overview.delivered_by_hour(connection, since),
        overview.unreadable_since(connection, since),
    )
