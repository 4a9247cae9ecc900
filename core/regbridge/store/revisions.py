"""Which revision of a registrant is the newest, and what its deliveries make of it."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, select, tuple_, update

from regbridge.store.bulk import update_rows
from regbridge.store.sql import among
from regbridge.store.tables import State, deliveries, registrants, registrations

_STRENGTH: Mapping[str, int] = {
    state.value: place
    for place, state in enumerate(
        (
            State.PARKED,
            State.PENDING,
            State.DELIVERED,
            State.UNCHANGED,
            State.SUPERSEDED,
            State.FILTERED,
            State.DUPLICATE,
        )
    )
}
"""The first of these that any delivery is in is the registration's state."""


# Made once: an alias costs a millisecond, because it copies every column.
_older, _newer = registrations.alias(), registrations.alias()
_newest = (
    select(_newer.c.id)
    .where(
        _newer.c.registrant_id == _older.c.registrant_id,
        _newer.c.admitted,
        tuple_(_newer.c.ordered_at, _newer.c.receipt_id, _newer.c.position)
        > tuple_(_older.c.ordered_at, _older.c.receipt_id, _older.c.position),
    )
    .order_by(_newer.c.ordered_at.desc(), _newer.c.receipt_id.desc(), _newer.c.position.desc())
    .limit(1)
    .scalar_subquery()
)


def lock_registrants(connection: Connection, of: Select[Any]) -> None:
    """Make every other transaction about these registrants (a query of their ids) wait.

    Which revision is the newest, and whether one is in flight, must not change between the look
    and the commit. SQLite lets one transaction write at a time and needs no lock.
    """
    if connection.dialect.name != "sqlite":
        connection.execute(_locking(registrants.c.id.in_(of)).with_for_update(key_share=True))


def try_lock_registrants(connection: Connection, ids: Collection[int]) -> set[int]:
    """Lock those registrants that no other transaction has locked, and return them."""
    if connection.dialect.name == "sqlite":
        return set(ids)
    statement = _locking(among(registrants.c.id, ids))
    locked = connection.scalars(statement.with_for_update(key_share=True, skip_locked=True))
    return set(locked.all())


def _locking(which: ColumnElement[bool]) -> Select[Any]:
    """Select registrants in the order in which all transactions lock them."""
    return select(registrants.c.id).where(which).order_by(registrants.c.id)


def newer_revisions(connection: Connection, ids: Collection[int]) -> dict[int, int]:
    """Return, for each registration that is no longer the newest, the one that is.

    Revisions are ordered by messageTime, then arrival. Only admitted ones count: what a filter
    dropped, or a duplicate, supersedes nothing.
    """
    statement = select(_older.c.id, _newest.label("newest")).where(among(_older.c.id, ids))
    return {
        row.id: row.newest for row in connection.execute(statement).all() if row.newest is not None
    }


def supersede_deliveries(connection: Connection, waiting: Mapping[int, int], now: int) -> set[int]:
    """Settle those deliveries (by id, their registrations) whose revision is not the newest."""
    newer = newer_revisions(connection, set(waiting.values()))
    rows = {
        key: {
            "state": State.SUPERSEDED,
            "reason": superseded_by(newer[registration]),
            "due_at": None,
            "lease": None,
            "settled_at": now,
        }
        for key, registration in waiting.items()
        if registration in newer
    }
    if rows:
        # A lease here has lapsed: its worker may have sent the record before it died.
        lapsed = update(deliveries).where(
            among(deliveries.c.id, rows), deliveries.c.lease.is_not(None)
        )
        connection.execute(lapsed.values(reached=True))
        update_rows(connection, deliveries, rows)
        roll_up(connection, newer, now)
    return set(rows)


def superseded_by(newest: int) -> str:
    """Return the reason of a superseded registration or delivery."""
    return f"registration {newest} of the same registrant is newer"


def roll_up(connection: Connection, ids: Collection[int], now: int) -> None:
    """Give registrations the state of their deliveries, the one a person should see first."""
    states: dict[int, list[Any]] = {}
    before: dict[int, tuple[str, str, str]] = {}
    statement = (
        select(
            deliveries.c.registration_id,
            deliveries.c.state,
            deliveries.c.reason,
            deliveries.c.field,
            registrations.c.state.label("old_state"),
            registrations.c.reason.label("old_reason"),
            registrations.c.field.label("old_field"),
        )
        .join(registrations, registrations.c.id == deliveries.c.registration_id)
        .where(among(deliveries.c.registration_id, ids))
        .order_by(deliveries.c.id)
    )
    for row in connection.execute(statement).all():
        states.setdefault(row.registration_id, []).append(row)
        before[row.registration_id] = (row.old_state, row.old_reason, row.old_field)
    rows = {key: _summary(found, now) for key, found in states.items()}
    changed = {
        key: values
        for key, values in rows.items()
        if before[key] != (values["state"], values["reason"], values["field"])
    }
    update_rows(connection, registrations, changed)


def _summary(rows: list[Any], now: int) -> dict[str, Any]:
    leading = min(rows, key=lambda row: _STRENGTH[row.state])
    reason = leading.reason
    if leading.state == State.FILTERED:  # no target gets it, and each may have its own reason
        reason = "; ".join(dict.fromkeys(row.reason for row in rows))
    pending = leading.state == State.PENDING
    return {
        "state": leading.state,
        "reason": reason,
        "field": leading.field,
        "settled_at": None if pending else now,
    }
