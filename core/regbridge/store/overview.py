"""What the console's overview counts, each by an index."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Connection, func, select, text

from regbridge.store.tables import State, deliveries, receipts, registrations
from regbridge.store.walks import values

HOUR = 3_600_000

ARRIVED_WELL = (State.DELIVERED, State.UNCHANGED)
"""The states of what its target has."""


class Count(NamedTuple):
    """So many registrations of a client, or deliveries where there is a target, in a state."""

    client: str
    target: str
    state: str
    number: int


class Recent(NamedTuple):
    """As `Count`, of what arrived lately: `is_today` says that it was since midnight."""

    client: str
    target: str
    state: str
    is_today: bool
    number: int


def count_all(connection: Connection) -> list[Count]:
    """Return how many registrations and deliveries are in each state; walks along two indexes."""
    here = registrations.c.client, registrations.c.state
    there = deliveries.c.client, deliveries.c.target, deliveries.c.state
    found = connection.execute(select(*here, func.count()).group_by(*here)).all()
    counts = [Count(client, "", state, number) for client, state, number in found]
    rows = connection.execute(select(*there, func.count()).group_by(*there)).all()
    return sorted(counts + [Count(*row) for row in rows])


def count_recent(connection: Connection, since: int, midnight: int) -> list[Recent]:
    """Return the same of what arrived since a time (ms), which is before midnight."""
    is_today = (receipts.c.received_at >= midnight).label("is_today")
    registration = receipts.c.id == registrations.c.receipt_id
    here = registrations.c.client, registrations.c.state, is_today
    found = connection.execute(
        select(*here, func.count())
        .select_from(receipts)
        .join(registrations, registration)
        .where(receipts.c.received_at >= since)
        .group_by(*here)
    ).all()
    counts = [Recent(client, "", state, bool(new), number) for client, state, new, number in found]
    there = deliveries.c.client, deliveries.c.target, deliveries.c.state, is_today
    rows = connection.execute(
        select(*there, func.count())
        .select_from(receipts)
        .join(registrations, registration)
        .join(deliveries, deliveries.c.registration_id == registrations.c.id)
        .where(receipts.c.received_at >= since)
        .group_by(*there)
    ).all()
    counts += [
        Recent(client, target, state, bool(new), number)
        for client, target, state, new, number in rows
    ]
    return sorted(counts)


def arrived_by_hour(connection: Connection, since: int) -> dict[int, int]:
    """Return how many records arrived in each hour, counted from 1970, since a time (ms)."""
    hour = _hour(receipts.c.received_at)
    statement = select(hour, func.sum(receipts.c.record_count))
    rows = connection.execute(statement.where(receipts.c.received_at >= since).group_by(hour))
    return {found: int(number) for found, number in rows}


def delivered_by_hour(connection: Connection, since: int) -> dict[int, int]:
    """Return how many registrations were delivered in each hour, of what arrived since a time."""
    hour = _hour(registrations.c.settled_at)
    statement = (
        select(hour, func.count())
        .select_from(receipts)
        .join(registrations, registrations.c.receipt_id == receipts.c.id)
        .where(
            receipts.c.received_at >= since,
            registrations.c.state.in_(ARRIVED_WELL),
            registrations.c.settled_at.is_not(None),
        )
        .group_by(hour)
    )
    return {found: int(number) for found, number in connection.execute(statement)}


def unreadable_since(connection: Connection, since: int) -> int:
    """Return how many messages that arrived since a time (ms) cannot be read."""
    mine = receipts.c.received_at >= since, receipts.c.state == State.PARKED
    return connection.scalar(select(func.count()).select_from(receipts).where(*mine)) or 0


def parked_reasons(
    connection: Connection, clients: Collection[str], limit: int
) -> Sequence[tuple[str, str, int]]:
    """Return (client, reason, count) of parked registrations, the most frequent first.

    Takes one client after the other, so that each is found by the index of states.
    """
    found: list[tuple[str, str, int]] = []
    reason, number = registrations.c.reason, func.count().label("number")
    for client in clients:
        of = select(reason, number).where(*_in_state(client, State.PARKED))
        rows = connection.execute(of.group_by(reason).order_by(number.desc(), reason).limit(limit))
        found += [(client, row.reason, row.number) for row in rows]
    return sorted(found, key=lambda row: (-row[2], row[0], row[1]))[:limit]


def oldest_pending(connection: Connection) -> dict[str, int]:
    """Return when the oldest work that waits arrived (ms), by client; none of whom nothing waits.

    Takes one client after the other, as the index of states has them.
    """
    unsplit = select(receipts.c.client, func.min(receipts.c.received_at)).where(_waits())
    oldest = {row[0]: row[1] for row in connection.execute(unsplit.group_by(receipts.c.client))}
    for client in list(values(connection, registrations.c.client)):
        first = select(func.min(registrations.c.receipt_id)).where(
            *_in_state(client, State.PENDING)
        )
        found = select(receipts.c.received_at).where(receipts.c.id == first.scalar_subquery())
        at = connection.scalar(found)
        if at is not None:
            oldest[client] = min(at, oldest.get(client, at))
    return oldest


def count_unsplit(connection: Connection) -> int:
    """Return how many records wait in messages for being taken apart."""
    left = func.sum(receipts.c.record_count - receipts.c.split_count)
    return int(connection.scalar(select(left).where(_waits())) or 0)


def _waits() -> ColumnElement[bool]:
    """Return the condition of the index of work."""
    return receipts.c.due_at.is_not(None)


def _in_state(client: str, state: State) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    return registrations.c.client == client, registrations.c.state == state


def _hour(column: ColumnElement[Any]) -> ColumnElement[int]:
    # In the text itself: PostgreSQL takes two parameters for two expressions, and groups by none.
    return (column.op("/")(text(str(HOUR)))).label("hour")
