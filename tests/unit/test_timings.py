"""Histograms of how long things take."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given
from hypothesis import strategies as st

from regbridge.timings import BOUNDS, Count, Key, Stage, Timings, bucket_of, percentile

KEY = Key("apap", Stage.DELIVER, "crm")
SECONDS = st.floats(min_value=0, max_value=4000)


class Clock:
    """Seconds that pass only when a test says so."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


@given(SECONDS)
def test_a_time_is_in_the_first_bucket_that_it_fits_in(seconds: float) -> None:
    bucket = bucket_of(seconds)

    assert seconds * 1000 <= BOUNDS[bucket]
    assert bucket == 0 or seconds * 1000 > BOUNDS[bucket - 1]


def test_what_takes_longer_than_the_last_bound_is_in_the_last_bucket() -> None:
    assert bucket_of(1e9) == len(BOUNDS) - 1


@given(st.lists(SECONDS, min_size=1, max_size=200), st.sampled_from([0.01, 0.5, 0.95, 0.99, 1.0]))
def test_a_percentile_lies_in_the_bucket_of_the_true_one(times: list[float], share: float) -> None:
    histogram: dict[int, int] = {}
    for seconds in times:
        histogram[bucket_of(seconds)] = histogram.get(bucket_of(seconds), 0) + 1
    place = max(-(-len(times) * share // 1) - 1, 0)
    true = bucket_of(sorted(times)[int(place)])

    guess = percentile(histogram, share)

    assert (BOUNDS[true - 1] if true else 0) <= guess <= BOUNDS[true]


def test_nothing_measured_has_no_percentile() -> None:
    assert percentile({}, 0.5) == 0


def test_a_block_is_measured_also_when_it_fails() -> None:
    clock = Clock()
    timings = Timings(clock)

    with timings.measure(KEY, 7):
        clock.now += 0.003
    with pytest.raises(KeyError), timings.measure(KEY, 1):
        clock.now += 3
        raise KeyError

    assert timings.take() == {(KEY, 2): Count(1, 7, 3.0), (KEY, 12): Count(1, 1, 3000.0)}


def test_each_registration_of_a_batch_has_an_age_of_its_own() -> None:
    timings = Timings()

    timings.add_ages(KEY, [0.5, 0.5, 9.0])

    found = timings.take()
    assert {bucket: count.measurements for (_, bucket), count in found.items()} == {9: 2, 14: 1}


def test_what_is_taken_is_gone_and_what_is_put_back_is_added() -> None:
    timings = Timings()
    timings.add(KEY, 0.002, 5)
    taken = timings.take()
    assert timings.take() == {}

    timings.add(KEY, 0.002, 5)
    timings.put_back(taken)

    assert timings.take() == {(KEY, 1): Count(2, 10, 4.0)}


def test_threads_lose_no_measurement() -> None:
    timings = Timings()

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda _: timings.add(KEY, 0.002, 2), range(4000)))

    [(key, count)] = timings.take().items()
    assert key == (KEY, 1)
    assert (count.measurements, count.registrations) == (4000, 8000)
    assert count.milliseconds == pytest.approx(8000.0)
