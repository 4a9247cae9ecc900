"""What the timings of a ledger say: how long each stage took, for people."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from datetime import date, timedelta
from typing import Any

from regbridge.store.engine import Store
from regbridge.store.timings import timings_since
from regbridge.timings import BOUNDS, Stage, percentile

_ORDER = {stage.value: place for place, stage in enumerate(Stage)}
_NOT_WORK = (Stage.RECEIVE, Stage.TOTAL)
_DECIMALS = 6


@dataclass(frozen=True, slots=True)
class StageTime:
    """How long one stage of one client took; `part` is a plugin, a target or "".

    The percentiles are estimates within the right bucket, and `longest_ms` is the bound of the
    highest. `share` is that of the worker's time for this client, None for a stage in which others
    are waited for.
    """

    client: str
    stage: str
    part: str
    measurements: int
    registrations: int
    median_ms: float
    p95_ms: float
    p99_ms: float
    longest_ms: int
    total_seconds: float
    ms_per_registration: float | None
    share: float | None = None


def stage_times(store: Store, days: int, today: date) -> list[StageTime]:
    """Return the times of so many days (GMT), today's included.

    They are in order: by client, then as a registration comes by the stages.
    """
    since = (today - timedelta(days=days - 1)).isoformat()
    buckets: dict[tuple[str, str, str], list[Any]] = defaultdict(list)
    for row in store.read(lambda connection: timings_since(connection, since)):
        buckets[row.client, row.stage, row.part].append(row)
    times = [_stage_time(*key, found) for key, found in buckets.items()]
    # Another version's host may measure what this one has no name for.
    times.sort(key=lambda time: (time.client, _ORDER.get(time.stage, len(_ORDER)), time.part))
    return _with_shares(times)


def plain_times(times: Sequence[StageTime]) -> list[dict[str, Any]]:
    """Return times as plain values for scripts."""
    return [
        {
            name: round(value, _DECIMALS) if isinstance(value, float) else value
            for name, value in asdict(time).items()
        }
        for time in times
    ]


def _stage_time(client: str, stage: str, part: str, buckets: Sequence[Any]) -> StageTime:
    histogram: Counter[int] = Counter()
    for row in buckets:  # whose sums are decimal numbers at PostgreSQL
        histogram[min(row.bucket, len(BOUNDS) - 1)] += int(row.measurements)
    microseconds = int(sum(row.microseconds for row in buckets))
    registrations = int(sum(row.registrations for row in buckets))
    return StageTime(
        client,
        stage,
        part,
        measurements=histogram.total(),
        registrations=registrations,
        median_ms=percentile(histogram, 0.5),
        p95_ms=percentile(histogram, 0.95),
        p99_ms=percentile(histogram, 0.99),
        longest_ms=BOUNDS[max(histogram)],
        total_seconds=microseconds / 1_000_000,
        ms_per_registration=microseconds / 1000 / registrations if registrations else None,
    )


def _with_shares(times: Sequence[StageTime]) -> list[StageTime]:
    worked: dict[str, float] = defaultdict(float)
    for time in times:
        if time.stage not in _NOT_WORK:
            worked[time.client] += time.total_seconds
    return [
        time
        if time.stage in _NOT_WORK or not worked[time.client]
        else replace(time, share=time.total_seconds / worked[time.client])
        for time in times
    ]
