"""The counts of the overview take little of the time, whatever they cost."""

from __future__ import annotations

from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from regbridge.errors import StoreUnavailableError
from regbridge.web.console import charts, counts
from regbridge.web.console.counts import SHARE, Counts, Tally


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


def new_counts() -> Counts:
    return Counts(cast("Any", StandInStore()), lambda: 1_000)


@pytest.mark.parametrize(("seconds", "pause"), [(0.001, 5.0), (3.0, 3.0 * SHARE * 3)])
def test_the_next_count_waits_fifty_times_as_long_as_all_three_take(
    monkeypatch: pytest.MonkeyPatch, seconds: float, pause: float
) -> None:
    ticks = Ticks(seconds)
    monkeypatch.setattr(counts, "time", ticks)
    tally: Tally[int] = Tally(lambda _c, now: now)

    new_counts().count(tally)

    assert (tally.found, tally.at) == (1_000, 1_000)
    assert tally.due == pytest.approx(ticks.now + pause)


def test_what_was_counted_stays_when_the_ledger_cannot_be_read() -> None:
    outcomes = iter([7])

    def take(_connection: Any, _now: int) -> int:
        for outcome in outcomes:
            return outcome
        raise StoreUnavailableError("the ledger cannot be used")

    tally = Tally(take)
    mine = new_counts()
    mine.count(tally)
    mine.count(tally)

    assert (tally.found, tally.at) == (7, 1_000)
    assert tally.due > 0


def test_counting_that_never_began_can_be_stopped() -> None:
    new_counts().stop()


@given(
    st.dictionaries(st.integers(-30, 0), st.integers(0, 10**7)),
    st.dictionaries(st.integers(-30, 0), st.integers(0, 10**7)),
    st.integers(10**12, 2 * 10**12),
)
def test_a_chart_holds_every_number_within_its_frame(
    arrived: dict[int, int], delivered: dict[int, int], until: int
) -> None:
    last = until // 3_600_000
    came = {last + hour: number for hour, number in arrived.items()}
    went = {last + hour: number for hour, number in delivered.items()}

    chart = charts.hours(came, went, until)

    assert [bar.arrived for bar in chart.bars] == [came.get(last - n, 0) for n in range(23, -1, -1)]
    assert [bar.delivered for bar in chart.bars] == [
        went.get(last - n, 0) for n in range(23, -1, -1)
    ]
    for bar in chart.bars:
        assert 0 <= bar.arrived_height <= chart.ground
        assert 0 <= bar.delivered_height <= chart.ground
        assert chart.left <= bar.x <= bar.x + 2 * bar.width <= chart.width


def test_days_add_up_their_hours() -> None:
    until = 20_000 * 86_400_000 + 5
    hours = {20_000 * 24: 3, 20_000 * 24 - 1: 4, 19_999 * 24: 5}

    chart = charts.days(hours, {}, until, 14)

    assert [bar.arrived for bar in chart.bars] == [0] * 12 + [9, 3]
    assert chart.bars[-1].label == "2024-10-04"
