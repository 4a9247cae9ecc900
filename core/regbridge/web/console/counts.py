"""What the overview shows of what is counted in the background."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from regbridge.counting import Counting, Tally
from regbridge.store import overview
from regbridge.store.overview import Recent as RecentCount
from regbridge.tallies import Standing, Waiting

DAYS = 14
_DAY = 24 * overview.HOUR


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


class Counts:
    """What the overview shows: two tallies that others watch too, and two of its own."""

    def __init__(
        self, counting: Counting, standing: Tally[Standing], waiting: Tally[Waiting]
    ) -> None:
        self._counting = counting
        self.standing = standing
        self.waiting = waiting
        self.recent = counting.add(take_recent)
        self.course = counting.add(take_course)

    def wait(self, seconds: float) -> bool:
        """Say that somebody looks; wait until all is counted once, or for so many seconds."""
        shown = self.standing, self.waiting, self.recent, self.course
        return self._counting.wait(seconds, *shown)


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
