"""The kit's clock lets limiters and vendors agree about the time, and nothing waits."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest

from regbridge import QuotaExceededError, RateLimit
from regbridge.testing.clock import SteppedClock


def test_it_stands_still_until_somebody_sleeps() -> None:
    clock = SteppedClock(datetime(2027, 1, 1, tzinfo=UTC))
    assert clock.now() == clock.now() == datetime(2027, 1, 1, tzinfo=UTC)
    clock.sleep(90)
    assert clock.now() - timedelta(seconds=90) == datetime(2027, 1, 1, tzinfo=UTC)
    assert clock.slept == 90


def test_a_limiter_lets_it_pass_in_the_place_of_waiting() -> None:
    clock = SteppedClock()
    limiter = clock.limiters().limiter("an account")
    begun = time.monotonic()
    made = []
    for _ in range(60):
        with limiter.call(RateLimit(per_second=1, burst=1)):
            made.append(clock.seconds())
    assert all(later - earlier >= 1 for earlier, later in pairwise(made))
    assert time.monotonic() - begun < 30


def test_a_block_ends_by_the_clock() -> None:
    clock = SteppedClock()
    limiter = clock.limiters().limiter("an account")
    limiter.block(clock.now() + timedelta(hours=1), "used up")
    with pytest.raises(QuotaExceededError), limiter.call(RateLimit(10, 1)):
        pass
    clock.sleep(3600)
    with limiter.call(RateLimit(10, 1)):
        pass


def test_several_threads_may_share_it() -> None:
    clock = SteppedClock()
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(clock.sleep, [0.5] * 1000))
    assert clock.slept == 500
