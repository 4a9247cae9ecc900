"""How long each stage took, for people."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from regbridge.cli.printing import print_table, say
from regbridge.store.engine import Store
from regbridge.store.timings import timings_since
from regbridge.timings import BOUNDS, Stage, percentile

Rows = list[dict[str, Any]]

_ORDER = [stage.value for stage in Stage]
_COLUMNS = {
    "client": "client",
    "stage": "stage",
    "part": "of",
    "measurements": "times",
    "registrations": "registrations",
    "median_ms": "half within ms",
    "p95_ms": "95 %",
    "p99_ms": "99 %",
    "longest_ms": "all",
    "total_seconds": "seconds in all",
    "ms_per_registration": "ms a registration",
    "share": "share",
}
"""The columns of the table, by the names of the JSON."""


def read_timings(store: Store, days: int) -> Rows:
    """Return one row for each client, stage and part, from today and the days before (GMT)."""
    since = f"{datetime.now(UTC) - timedelta(days=days - 1):%Y-%m-%d}"
    found: dict[tuple[str, str, str], list[Any]] = defaultdict(list)
    for row in store.read(lambda c: timings_since(c, since)):
        found[row.client, row.stage, row.part].append(row)
    rows = [_summary(*key, buckets) for key, buckets in found.items()]
    rows.sort(key=lambda row: (row["client"], _ORDER.index(row["stage"]), row["part"]))
    return _with_shares(rows)


def print_timings(rows: Rows, days: int) -> None:
    """Print the rows of `read_timings`."""
    if not rows:
        say("No stage has been measured yet; a host writes its timings down every ten seconds.")
        return
    print_table(
        f"Where time went, {'today' if days == 1 else f'in {days} days'} (GMT)",
        tuple(_COLUMNS.values()),
        (tuple(_shown(row[name]) for name in _COLUMNS) for row in rows),
        right=tuple(_COLUMNS.values())[3:],
    )
    say("The share is that of the worker's time; receive and arrival to delivery are not in it.")


def _summary(client: str, stage: str, part: str, buckets: Sequence[Any]) -> dict[str, Any]:
    histogram = {row.bucket: int(row.measurements) for row in buckets}
    milliseconds = int(sum(row.microseconds for row in buckets)) / 1000
    registrations = int(sum(row.registrations for row in buckets))
    return {
        "client": client,
        "stage": stage,
        "part": part,
        "measurements": sum(histogram.values()),
        "registrations": registrations,
        "median_ms": round(percentile(histogram, 0.5), 1),
        "p95_ms": round(percentile(histogram, 0.95), 1),
        "p99_ms": round(percentile(histogram, 0.99), 1),
        "longest_ms": BOUNDS[max(histogram)],
        "total_seconds": round(milliseconds / 1000, 1),
        "ms_per_registration": round(milliseconds / registrations, 2) if registrations else None,
    }


def _with_shares(rows: Rows) -> Rows:
    """Add what part of the worker's time a stage took; waiting for a commit is not the worker's."""
    beside = {Stage.RECEIVE.value, Stage.TOTAL.value}
    total = sum(row["total_seconds"] for row in rows if row["stage"] not in beside)
    for row in rows:
        counts = row["stage"] not in beside and total
        row["share"] = round(row["total_seconds"] / total, 3) if counts else None
    return rows


def _shown(value: Any) -> str:
    match value:
        case None:
            return ""
        case float():
            return f"{value:,.1f}" if value >= 10 else f"{value:,g}"
        case int():
            return f"{value:,}"
    return str(value)
