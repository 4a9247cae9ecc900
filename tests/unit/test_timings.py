"""Histograms of how long things take."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given
from hypothesis import strategies as st

from regbridge.timings import BOUNDS, Count, Key, Stage, Timings, bucket_of, percentile

KEY = Key("apap", Stage.DELIVER, "crm")
WHOLE = Key("apap", Stage.SETTLE, "crm")
SECONDS = st.floats(min_value=0, max_value=1_000_000)


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

    assert timings.take() == {(KEY, 2): Count(1, 7, 3000), (KEY, 12): Count(1, 1, 3_000_000)}


def test_a_block_that_says_of_no_registrations_is_not_counted() -> None:
    timings = Timings()

    with timings.measure(KEY):
        pass

    assert timings.take() == {}


def test_what_is_measured_within_a_measurement_is_not_counted_twice() -> None:
    clock = Clock()
    timings = Timings(clock)

    with timings.measure(WHOLE) as batch:
        batch.registrations = 4
        clock.now += 0.001
        for seconds in (0.1, 0.2):
            with timings.measure(KEY, 2):
                clock.now += seconds
        with timings.measure(WHOLE):  # does not count, so its time is the batch's
            clock.now += 0.002
            with timings.measure(KEY, 1):
                clock.now += 0.3

    sums = {key: Count() for key in (WHOLE, KEY)}
    for (key, _), count in timings.take().items():
        sums[key].add(count)
    assert sums == {WHOLE: Count(1, 4, 3000), KEY: Count(3, 5, 600_000)}


def test_a_measurement_of_another_thread_is_not_within_this_one() -> None:
    clock = Clock()
    timings = Timings(clock)

    def elsewhere() -> None:
        with timings.measure(KEY, 1):
            clock.now += 1

    with timings.measure(WHOLE, 1), ThreadPoolExecutor(1) as pool:
        pool.submit(elsewhere).result()

    assert {key: count.microseconds for (key, _), count in timings.take().items()} == {
        WHOLE: 1_000_000,
        KEY: 1_000_000,
    }


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

    assert timings.take() == {(KEY, 1): Count(2, 10, 4000)}


@given(st.lists(st.lists(SECONDS, max_size=20), max_size=5))
def test_what_several_processes_measured_adds_up_to_what_one_would_have(
    processes: list[list[float]],
) -> None:
    together, alone = Timings(), Timings()
    for measured in processes:
        own = Timings()
        own.add_ages(KEY, measured)
        together.put_back(own.take())
        for seconds in measured:
            alone.add(KEY, seconds)

    assert together.take() == alone.take()


def test_what_takes_less_than_half_a_millisecond_adds_up() -> None:
    timings = Timings()

    for _ in range(1000):
        timings.add(KEY, 0.0004)

    assert timings.take() == {(KEY, 0): Count(1000, 1000, 400_000)}


def test_threads_lose_no_measurement() -> None:
    timings = Timings()

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda _: timings.add(KEY, 0.002, 2), range(4000)))

    assert timings.take() == {(KEY, 1): Count(4000, 8000, 8_000_000)}
