"""How long each stage takes: the histograms of one process, until the ledger has them."""

from __future__ import annotations

import threading
import time
from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum

BOUNDS: tuple[int, ...] = tuple(2**power for power in range(31))
"""The upper bounds of the buckets in ms, from 1 ms to 12 days; what is above is in the last.

A record may be tried for days before its target takes it.
"""


class Stage(StrEnum):
    """What is measured, in the order in which a registration comes by."""

    RECEIVE = "receive"
    """From a message's arrival to its commit, while Cvent waits; one measurement a message."""
    SPLIT = "split"
    """Messages become registrations; one measurement a batch, as for all without another word."""
    FILTER = "filter"
    """Filters and dedupe, with their transactions."""
    ENRICH = "enrich"
    """An enrichment plugin's call, which may wait for its turn; one measurement a call."""
    MAP = "map"
    """Records are made for all targets."""
    PREPARE = "prepare"
    """All else of preparing: registrations are claimed, their deliveries written."""
    DELIVER = "deliver"
    """A target's call; one measurement a call."""
    SETTLE = "settle"
    """All else of delivering: deliveries are claimed, what became of them is written."""
    TOTAL = "arrival to delivery"
    """From a message's arrival to the target's answer; one measurement a registration."""


@dataclass(frozen=True, slots=True)
class Key:
    """What a histogram is about: `part` is the plugin of `enrich`, the target of later stages."""

    client: str
    stage: Stage
    part: str = ""


@dataclass(slots=True)
class Count:
    """What one bucket of a histogram holds."""

    measurements: int = 0
    registrations: int = 0
    microseconds: int = 0

    def add(self, other: Count) -> None:
        """Add what another one holds."""
        self.measurements += other.measurements
        self.registrations += other.registrations
        self.microseconds += other.microseconds


Counts = dict[tuple[Key, int], Count]
"""Counts by histogram and bucket (an index into `BOUNDS`)."""


@dataclass(slots=True)
class Measurement:
    """A measurement under way, which counts once it is known how many registrations it is for.

    `inside` are the seconds that belong to measurements within it.
    """

    registrations: int | None
    inside: float = 0.0


class _Innermost(threading.local):
    measurement: Measurement | None = None


class Timings:
    """The measurements of one process. Safe to share between threads.

    A measurement takes a few microseconds, and there is one for a batch. `clock` gives seconds.
    """

    def __init__(self, clock: Callable[[], float] = time.perf_counter) -> None:
        self.clock = clock
        self._counts: Counts = {}
        self._lock = threading.Lock()
        self._innermost = _Innermost()

    @contextmanager
    def measure(self, key: Key, registrations: int | None = None) -> Iterator[Measurement]:
        """Measure a block, less what is measured within it by the same thread.

        It counts only if the block says how many registrations it dealt with, if it was not said
        here. One that fails counts too.
        """
        around = self._innermost.measurement
        self._innermost.measurement = measurement = Measurement(registrations)
        begun = self.clock()
        try:
            yield measurement
        finally:
            spent = self.clock() - begun
            self._innermost.measurement = around
            counted = measurement.inside
            if measurement.registrations is not None:
                self.add(key, spent - counted, measurement.registrations)
                counted = spent
            if around:
                around.inside += counted

    def add(self, key: Key, seconds: float, registrations: int = 1) -> None:
        """Add one measurement."""
        self.put_back({(key, bucket_of(seconds)): _count(seconds, registrations)})

    def add_ages(self, key: Key, seconds: Iterable[float]) -> None:
        """Add one measurement for each registration of a batch."""
        counts: Counts = {}
        for each, times in Counter(seconds).items():  # those of one message are of one age
            one = _count(each, 1)
            same = Count(times, times, times * one.microseconds)
            counts.setdefault((key, bucket_of(each)), Count()).add(same)
        self.put_back(counts)

    def take(self) -> Counts:
        """Return everything that was measured, and begin anew."""
        with self._lock:
            taken, self._counts = self._counts, {}
        return taken

    def put_back(self, counts: Counts) -> None:
        """Add counts, as those that could not be written down."""
        with self._lock:
            for key, count in counts.items():
                self._counts.setdefault(key, Count()).add(count)


def _count(seconds: float, registrations: int) -> Count:
    # Whole microseconds add up exactly; of whole milliseconds nothing would be left for what
    # takes less than half of one, however often it is done.
    return Count(1, registrations, round(seconds * 1_000_000))


def bucket_of(seconds: float) -> int:
    """Return the bucket of a time: the first whose bound it does not exceed."""
    return min(bisect_left(BOUNDS, seconds * 1000), len(BOUNDS) - 1)


def percentile(histogram: Mapping[int, int], share: float) -> float:
    """Return the time in ms that a share of the measurements (by bucket) does not exceed.

    It lies in the right bucket; where in it is a guess, as if all lay evenly.
    """
    wanted = share * sum(histogram.values())
    passed = 0
    for bucket in sorted(histogram):
        here = histogram[bucket]
        if here and passed + here >= wanted:
            low, high = (BOUNDS[bucket - 1] if bucket else 0), BOUNDS[bucket]
            return float(low + (high - low) * max(wanted - passed, 0) / here)
        passed += here
    return 0.0
