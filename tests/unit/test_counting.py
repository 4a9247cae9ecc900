"""What is counted in the background takes little of the time, whatever it costs."""

from __future__ import annotations

from typing import Any, cast

import pytest

from regbridge import counting
from regbridge.counting import SHARE, Counting, Tally
from regbridge.errors import StoreUnavailableError


class StandInStore:
    """A ledger that does what it is asked without a database."""

    def read(self, work: Any) -> Any:
        return work(None)


class Ticks:
    """A clock that goes on by so many seconds each time it is read."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self.now = 100.0

    def monotonic(self) -> float:
        self.now += self.seconds
        return self.now


def new_counting() -> Counting:
    return Counting(cast("Any", StandInStore()), lambda: 1_000, shortest=5.0)


def the_time(_connection: Any, now: int) -> int:
    return now


@pytest.mark.parametrize(("seconds", "pause"), [(0.001, 5.0), (3.0, 3.0 * SHARE * 3)])
def test_the_next_count_waits_fifty_times_as_long_as_all_of_them_take(
    monkeypatch: pytest.MonkeyPatch, seconds: float, pause: float
) -> None:
    ticks = Ticks(seconds)
    monkeypatch.setattr(counting, "time", ticks)
    mine = new_counting()
    tally, *_others = [mine.add(the_time) for _ in range(3)]

    mine.count(tally)

    assert (tally.found, tally.at) == (1_000, 1_000)
    assert tally.due == pytest.approx(ticks.now + pause)


def test_what_was_counted_stays_when_the_ledger_cannot_be_read() -> None:
    outcomes = iter([7])

    def take(_connection: Any, _now: int) -> int:
        for outcome in outcomes:
            return outcome
        raise StoreUnavailableError("the ledger cannot be used")

    mine = new_counting()
    tally = mine.add(take)
    mine.count(tally)
    mine.count(tally)

    assert (tally.found, tally.at) == (7, 1_000)
    assert tally.due > 0


def test_who_looks_begins_it_and_waits_for_what_it_looks_at_alone() -> None:
    def fail(_connection: Any, _now: int) -> int:
        raise StoreUnavailableError("the ledger cannot be used")

    mine = new_counting()
    seen: Tally[int] = mine.add(the_time)
    never: Tally[int] = mine.add(fail)
    try:
        assert mine.wait(30, seen)
        assert not mine.wait(0, seen, never)
    finally:
        mine.stop()
    assert seen.found == 1_000


def test_counting_that_never_began_can_be_stopped_and_does_not_begin_then() -> None:
    mine = new_counting()
    tally = mine.add(the_time)

    mine.stop()

    assert not mine.wait(0, tally)
