"""When a failed attempt is tried again."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from regbridge.errors import (
    AmbiguousError,
    CredentialsError,
    PluginError,
    QuotaExceededError,
    RegbridgeError,
    RejectedError,
    RetryableError,
)
from regbridge.worker.schedule import FIRST_DELAY, LONGEST_DELAY, Again, Limits, Park, decide, delay

NOW = 1_800_000_000_000
LIMITS = Limits(attempts=12, bug_attempts=3)
ATTEMPTS = st.integers(min_value=1, max_value=10_000)
JITTER = st.floats(min_value=0, max_value=1)
ERRORS = st.sampled_from(
    [
        RetryableError("down"),
        RetryableError("down", retry_after=5),
        RetryableError("down", retry_after=10**6),
        AmbiguousError("lost"),
        PluginError("a bug"),
        RejectedError("wrong"),
        CredentialsError("wrong"),
        QuotaExceededError("used up", until=datetime(2027, 1, 1, tzinfo=UTC)),
    ]
)


@pytest.mark.parametrize(
    ("attempts", "seconds"),
    [
        (1, 30),
        (2, 60),
        (3, 120),
        (4, 240),
        (5, 480),
        (6, 960),
        (7, 1920),
        (8, 3600),
        (9, 3600),
        (11, 3600),
    ],
)
def test_the_delay_doubles_from_half_a_minute_to_an_hour(attempts: int, seconds: int) -> None:
    decision = decide(RetryableError("down"), attempts, LIMITS, NOW, 0.0)

    assert decision == Again(NOW + seconds * 1000)


@pytest.mark.parametrize(("jitter", "seconds"), [(0.0, 30.0), (0.5, 31.5), (1.0, 33.0)])
def test_jitter_adds_up_to_a_tenth(jitter: float, seconds: float) -> None:
    assert delay(1, jitter) == pytest.approx(seconds)


@pytest.mark.parametrize(
    ("retry_after", "seconds"),
    [(None, 30), (0, 30), (5, 30), (30, 30), (31, 31), (0.5, 30), (90_000, 90_000), (-5, 30)],
)
def test_a_wait_that_the_upstream_asks_for_is_never_cut_short(
    retry_after: float | None, seconds: float
) -> None:
    error = RetryableError("down", retry_after=retry_after)

    assert decide(error, 1, LIMITS, NOW, 0.0) == Again(NOW + round(seconds * 1000))


@pytest.mark.parametrize("retry_after", [1e12, 1e300, float("inf")])
def test_an_absurd_wait_is_a_week(retry_after: float) -> None:
    error = RetryableError("down", retry_after=retry_after)

    assert decide(error, 1, LIMITS, NOW, 0.0) == Again(NOW + 7 * 86_400_000)


def test_a_wait_that_is_no_number_is_no_wait() -> None:
    error = RetryableError("down", retry_after=float("nan"))

    assert decide(error, 1, LIMITS, NOW, 0.0) == Again(NOW + 30_000)


@pytest.mark.parametrize(
    ("error", "limit"),
    [
        (RetryableError("down"), 12),
        (RetryableError("down", retry_after=60), 12),
        (AmbiguousError("lost"), 12),
        (PluginError("a bug"), 3),
        (RejectedError("wrong"), 1),
    ],
)
def test_after_its_limit_a_failure_is_parked(error: RegbridgeError, limit: int) -> None:
    for attempts in range(1, limit):
        assert isinstance(decide(error, attempts, LIMITS, NOW, 0.0), Again)

    assert isinstance(decide(error, limit, LIMITS, NOW, 0.0), Park)


def test_the_reason_of_parking_says_what_failed_and_how_often() -> None:
    given_up = decide(RetryableError("connection refused"), 12, LIMITS, NOW, 0.0)
    refused = decide(RejectedError("no such company"), 1, LIMITS, NOW, 0.0)

    assert given_up == Park("connection refused (given up after 12 attempts)")
    assert refused == Park("no such company")


@given(ATTEMPTS, JITTER)
def test_the_delay_never_shrinks_and_stays_within_its_bounds(attempts: int, jitter: float) -> None:
    assert FIRST_DELAY <= delay(attempts, jitter) <= LONGEST_DELAY * 1.1
    assert delay(attempts, jitter) <= delay(attempts + 1, jitter)


@given(ERRORS, ATTEMPTS, JITTER)
def test_every_failure_is_tried_later_or_parked_with_a_reason(
    error: RegbridgeError, attempts: int, jitter: float
) -> None:
    match decide(error, attempts, LIMITS, NOW, jitter):
        case Again(at):
            assert at >= NOW + FIRST_DELAY * 1000
            assert attempts < LIMITS.attempts
        case Park(reason):
            assert str(error) in reason


@given(ERRORS, ATTEMPTS, JITTER)
def test_the_same_question_has_the_same_answer(
    error: RegbridgeError, attempts: int, jitter: float
) -> None:
    assert decide(error, attempts, LIMITS, NOW, jitter) == decide(
        error, attempts, LIMITS, NOW, jitter
    )
