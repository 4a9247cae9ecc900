"""The timings of all hosts of a ledger, by day."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, delete, func, select

from regbridge.store.clock import from_ms
from regbridge.store.sql import insert
from regbridge.store.tables import timings
from regbridge.timings import Counts

KEPT_DAYS = 35
"""Today is day 0; older ones than this are deleted."""

_DAY = 86_400_000
_KEY = ("day", "client", "stage", "part", "bucket")
_SUMS = ("measurements", "registrations", "microseconds")


def add_timings(connection: Connection, counts: Counts, now: int) -> None:
    """Add a process's counts to those of the day, in one statement."""
    day = f"{from_ms(now):%Y-%m-%d}"
    rows = [
        {
            "day": day,
            "client": key.client,
            "stage": key.stage.value,
            "part": key.part,
            "bucket": bucket,
            "measurements": count.measurements,
            "registrations": count.registrations,
            "microseconds": count.microseconds,
        }
        for (key, bucket), count in counts.items()
    ]
    # In one order at all hosts, so that none waits for another that waits for it.
    rows.sort(key=lambda row: tuple(row[name] for name in _KEY))
    new = insert(connection.dialect, timings)
    sums = {name: timings.c[name] + new.excluded[name] for name in _SUMS}
    connection.execute(new.on_conflict_do_update(index_elements=_KEY, set_=sums), rows)


def forget_timings(connection: Connection, now: int) -> None:
    """Delete days that are long over."""
    before = f"{from_ms(now - KEPT_DAYS * _DAY):%Y-%m-%d}"
    connection.execute(delete(timings).where(timings.c.day < before))


def timings_since(connection: Connection, day: str) -> Sequence[Any]:
    """Return rows (client, stage, part, bucket, and the sums) from a day (GMT) on."""
    columns = (timings.c.client, timings.c.stage, timings.c.part, timings.c.bucket)
    sums = [func.sum(timings.c[name]).label(name) for name in _SUMS]
    return connection.execute(
        select(*columns, *sums).where(timings.c.day >= day).group_by(*columns).order_by(*columns)
    ).all()
