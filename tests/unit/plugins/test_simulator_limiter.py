"""What the simulated account's tier admits."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from regbridge_cvent.simulator.calls import most_within
from regbridge_cvent.simulator.limiter import SECOND, Limiter, Verdict
from regbridge_cvent.simulator.tiers import FREE, PREMIUM, STANDARD, Tier, read_tier

START = datetime(2026, 11, 24, 10, 0, tzinfo=UTC)
TIERS = st.sampled_from([FREE, STANDARD, PREMIUM, Tier("odd", None, 3, 7), Tier("", None, 7, 3)])
GAPS = st.lists(st.integers(0, 1_500_000), max_size=80)


class Account:
    """A limiter with a clock; times are in microseconds from the start."""

    def __init__(self, tier: Tier) -> None:
        self.now = START
        self.limiter = Limiter(tier, lambda: self.now)

    def call_at(self, microseconds: int) -> Verdict:
        self.now = START + timedelta(microseconds=microseconds)
        return self.limiter.admit()

    def admitted(self, times: Iterable[int]) -> list[int]:
        return [time for time in times if self.call_at(time) is Verdict.ADMITTED]


def after(gaps: list[int]) -> list[int]:
    return [sum(gaps[: end + 1]) for end in range(len(gaps))]


@given(TIERS, GAPS)
def test_no_second_ever_has_more_calls_than_the_rate(tier: Tier, gaps: list[int]) -> None:
    admitted = Account(tier).admitted(after(gaps))
    assert most_within(SECOND, admitted) <= tier.rate


@given(TIERS, GAPS)
def test_no_stretch_of_time_has_more_calls_than_burst_and_refill(
    tier: Tier, gaps: list[int]
) -> None:
    admitted = Account(tier).admitted(after(gaps))
    for first, start in enumerate(admitted):
        for last, end in enumerate(admitted[first:], start=1):
            assert last * SECOND <= tier.burst * SECOND + (end - start) * tier.rate


@given(TIERS, st.integers(1, 200))
def test_calls_spaced_evenly_at_the_rate_are_all_admitted(tier: Tier, count: int) -> None:
    step = -(-SECOND // tier.rate)
    times = [number * step for number in range(count)]
    assert Account(tier).admitted(times) == times


def test_a_free_account_takes_one_call_at_a_time() -> None:
    account = Account(FREE)
    assert account.admitted([0, 1, 499_999, 500_000, 999_999, 1_000_000]) == [0, 500_000, 1_000_000]


def test_a_burst_uses_up_the_whole_second() -> None:
    account = Account(STANDARD)
    assert len(account.admitted([0] * 12)) == 10
    assert account.call_at(999_999) is Verdict.THROTTLED
    assert account.call_at(1_000_000) is Verdict.ADMITTED


def test_refused_calls_count_against_the_quota() -> None:
    account = Account(Tier("small", 5, 1, 1))
    verdicts = [account.call_at(0) for _ in range(6)]
    assert verdicts == [Verdict.ADMITTED, *[Verdict.THROTTLED] * 4, Verdict.EXCEEDED]
    assert account.limiter.quota().remaining == 0
    assert account.limiter.used[START.date()] == 6


def test_the_quota_begins_anew_at_midnight_gmt() -> None:
    account = Account(Tier("small", 1, 1, 1))
    midnight = 14 * 3600 * SECOND
    assert account.call_at(0) is Verdict.ADMITTED
    assert account.call_at(midnight - 1) is Verdict.EXCEEDED
    assert account.limiter.quota().reset == datetime(2026, 11, 25, tzinfo=UTC).timestamp()
    assert account.call_at(midnight) is Verdict.ADMITTED


def test_a_clock_that_is_set_back_does_not_fill_the_bucket() -> None:
    account = Account(FREE)
    assert account.call_at(5 * SECOND) is Verdict.ADMITTED
    assert account.call_at(0) is Verdict.THROTTLED


def test_a_tier_is_read_by_name_or_by_numbers() -> None:
    assert read_tier("Free") == FREE
    assert read_tier("standard") == STANDARD
    assert read_tier("premium") == PREMIUM
    odd = read_tier("1200/3/7")
    assert (odd.quota, odd.rate, odd.burst) == (1200, 3, 7)


@pytest.mark.parametrize("text", ["gold", "", "1/2", "0/1/1", "1/0/1", "1/1/1/1", "-1/1/1"])
def test_what_is_no_tier_is_refused_with_what_would_be_one(text: str) -> None:
    with pytest.raises(ValueError, match="free, standard, premium"):
        read_tier(text)


@given(st.lists(st.integers(0, 60), max_size=40), st.integers(1, 20))
def test_the_fullest_window_is_found(times: list[int], length: int) -> None:
    windows = [sum(end - length < time <= end for time in times) for end in times]
    assert most_within(length, times) == max(windows, default=0)
