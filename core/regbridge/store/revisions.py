"""Which revision of a registrant is the newest, and what its deliveries make of it."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from sqlalchemy import Connection, bindparam, or_, select, tuple_, update

from regbridge.store.tables import State, deliveries, registrations

_STRONGEST = (
    State.PARKED,
    State.PENDING,
    State.DELIVERED,
    State.UNCHANGED,
    State.SUPERSEDED,
    State.FILTERED,
)
"""The first of these that any delivery is in is the registration's state."""


def newer_revisions(connection: Connection, ids: Collection[int]) -> dict[int, int]:
    """Return, for each registration that is no longer the newest, the one that is.

    Revisions are ordered by messageTime, then arrival. Only admitted ones count: what a filter
    dropped, or a duplicate, supersedes nothing.
    """
    older, newer = registrations.alias(), registrations.alias()
    newest = (
        select(newer.c.id)
        .where(
            newer.c.registrant_id == older.c.registrant_id,
            newer.c.admitted,
            tuple_(newer.c.ordered_at, newer.c.receipt_id, newer.c.position)
            > tuple_(older.c.ordered_at, older.c.receipt_id, older.c.position),
        )
        .order_by(newer.c.ordered_at.desc(), newer.c.receipt_id.desc(), newer.c.position.desc())
        .limit(1)
        .scalar_subquery()
    )
    statement = select(older.c.id, newest.label("newest")).where(older.c.id.in_(ids))
    return {row.id: row.newest for row in connection.execute(statement) if row.newest is not None}


def supersede_deliveries(connection: Connection, waiting: Mapping[int, int], now: int) -> set[int]:
    """Settle those deliveries (by id, their registrations) whose revision is not the newest."""
    newer = newer_revisions(connection, set(waiting.values()))
    rows = [
        {"key": key, "why": superseded_by(newer[registration])}
        for key, registration in waiting.items()
        if registration in newer
    ]
    if rows:
        connection.execute(
            update(deliveries)
            .where(deliveries.c.id == bindparam("key"))
            .values(
                state=State.SUPERSEDED,
                reason=bindparam("why"),
                # A lease here has lapsed: its worker may have sent the record before it died.
                reached=or_(deliveries.c.reached, deliveries.c.lease.is_not(None)),
                due_at=None,
                lease=None,
                settled_at=now,
            ),
            rows,
        )
        roll_up(connection, newer, now)
    return {key for key, registration in waiting.items() if registration in newer}


def superseded_by(newest: int) -> str:
    """Return the reason of a superseded registration or delivery."""
    return f"registration {newest} of the same registrant is newer"


def roll_up(connection: Connection, ids: Collection[int], now: int) -> None:
    """Give registrations the state of their deliveries, the one a person should see first."""
    states: dict[int, list[Any]] = {}
    statement = select(
        deliveries.c.registration_id,
        deliveries.c.target,
        deliveries.c.state,
        deliveries.c.reason,
        deliveries.c.field,
    ).where(deliveries.c.registration_id.in_(ids))
    for row in connection.execute(statement):
        states.setdefault(row.registration_id, []).append(row)
    rows = [{"key": key, **_summary(rows, now)} for key, rows in states.items()]
    if rows:
        settle = update(registrations).where(registrations.c.id == bindparam("key"))
        connection.execute(
            settle.values({name: bindparam(name) for name in rows[0] if name != "key"}), rows
        )


def _summary(rows: list[Any], now: int) -> dict[str, Any]:
    leading = min(rows, key=lambda row: _STRONGEST.index(row.state))
    pending = leading.state == State.PENDING
    return {
        "state": leading.state,
        "reason": leading.reason,
        "field": leading.field,
        "settled_at": None if pending else now,
    }
