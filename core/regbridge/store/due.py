"""When a ledger has something to do next."""

from __future__ import annotations

from sqlalchemy import Connection, func, select

from regbridge.store.proof_tables import passes
from regbridge.store.tables import deliveries, pauses, receipts, registrations


def next_due(connection: Connection, now: int) -> int | None:
    """Return the first moment (ms) after `now` at which something is due; None if nothing is.

    What is due already waits for something else: a pause, another target, another revision.
    """
    times = [table.c.due_at for table in (receipts, registrations, deliveries, passes)]
    first = (select(func.min(time)).where(time > now) for time in [*times, pauses.c.until])
    found = [moment for each in first if (moment := connection.scalar(each)) is not None]
    return min(found, default=None)
