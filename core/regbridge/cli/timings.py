"""Where the time went, as `regbridge status --timings` shows it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import groupby
from typing import Any

from regbridge.cli.printing import print_table, say
from regbridge.timings import Stage

COLUMNS = {
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


def print_timings(times: Sequence[Mapping[str, Any]], days: int) -> None:
    """Print a table for each client, and what its columns are; `times` as `plain_times` has them.

    They are in the order of clients.
    """
    when = "today (GMT)" if days == 1 else f"in the last {days} days (GMT)"
    if not times:
        say(f"Nothing was measured {when}. Hosts write their timings down every ten seconds.")
        return
    for client, of_client in groupby(times, key=lambda time: time["client"]):
        print_table(
            f"Where the time of {client} went {when}",
            tuple(COLUMNS.values()),
            [_cells(time) for time in of_client],
            right=tuple(COLUMNS.values())[2:],
        )
    say(
        "From half within ms to all: half, 95 % and 99 % of the times took at most so many "
        "milliseconds (about), and all took at most the last. The share is that of the worker's "
        "time; receive and arrival to delivery are waiting, and not in it."
    )


def _cells(time: Mapping[str, Any]) -> list[str]:
    cells = {name: _number(value) for name, value in time.items()}
    cells["share"] = "" if time["share"] is None else f"{time['share']:.1%}"
    if time["stage"] == Stage.TOTAL:  # a sum of ages says nothing
        cells["total_seconds"] = ""
    return [cells[name] for name in COLUMNS]


def _number(value: object) -> str:
    match value:
        case None:
            return ""
        case int():
            return f"{value:,}"
        case float():
            return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"
    return str(value)
