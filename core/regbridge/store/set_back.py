"""What waits for a time that a clock wrote which was ahead, and has been set back since."""

from __future__ import annotations

from sqlalchemy import Connection, case, func, select, update

from regbridge.store.pauses import FOR_EVER
from regbridge.store.proof_tables import passes
from regbridge.store.tables import (
    deliveries,
    limiter_blocks,
    limiter_places,
    pauses,
    receipts,
    registrations,
)

_WAITING = (
    receipts.c.due_at,
    registrations.c.due_at,
    deliveries.c.due_at,
    passes.c.due_at,
    pauses.c.until,
    limiter_places.c.free_at,
    limiter_blocks.c.until,
)


def newest_time(connection: Connection) -> int:
    """Return the latest time (ms) that is surely that of a clock of this ledger; 0 for none."""
    return connection.scalar(select(func.max(receipts.c.received_at))) or 0


def bring_forward(connection: Connection, now: int, ahead: int, beyond: int) -> None:
    """Let everything that waits for a time later than `beyond` wait `ahead` ms less.

    What was written before the clock was ahead comes earlier than it has to, which does no harm.
    """
    for column in _WAITING:
        earlier = column - ahead
        values = {column.name: case((earlier > now, earlier), else_=now)}
        late = update(column.table).where(column > beyond, column < FOR_EVER)
        connection.execute(late.values(values))
