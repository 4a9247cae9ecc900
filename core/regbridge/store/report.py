"""What the ledger holds, for people: counts, and one registrant's whole story."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, func, or_, select

from regbridge.store.rows import ORDER, whole_registrations
from regbridge.store.sealed import opened
from regbridge.store.search import newest_named
from regbridge.store.sql import among
from regbridge.store.tables import (
    State,
    deliveries,
    history,
    pauses,
    receipt_parts,
    receipts,
    registration_payloads,
    registrations,
)

NO_LIMIT = 1_000_000
"""For who has to find everything that a text names."""


@dataclass(frozen=True, slots=True)
class Ending:
    """How one registration ended (or that it is pending), and why."""

    registration: int
    receipt: int
    state: str
    reason: str
    field: str


def endings_of(connection: Connection, of: Sequence[int]) -> Sequence[Ending]:
    """Return the endings of the registrations of receipts, in the order of their arrival."""
    statement = (
        select(
            registrations.c.id,
            registrations.c.receipt_id,
            registrations.c.state,
            registrations.c.reason,
            registrations.c.field,
        )
        .where(among(registrations.c.receipt_id, of))
        .order_by(registrations.c.receipt_id, registrations.c.position)
    )
    return [Ending(*row) for row in connection.execute(statement).all()]


def unsettled(connection: Connection, of: Sequence[int]) -> int:
    """Return how many records of receipts are still on their way."""
    split = connection.scalar(
        select(func.coalesce(func.sum(receipts.c.record_count - receipts.c.split_count), 0)).where(
            among(receipts.c.id, of), receipts.c.state == State.PENDING
        )
    )
    pending = connection.scalar(
        select(func.count()).where(
            among(registrations.c.receipt_id, of), registrations.c.state == State.PENDING
        )
    )
    return int(split or 0) + int(pending or 0)


def count_receipts(connection: Connection) -> Sequence[Any]:
    """Return rows (client, endpoint, state, receipts, records, split, oldest due)."""
    return connection.execute(
        select(
            receipts.c.client,
            receipts.c.endpoint,
            receipts.c.state,
            func.count().label("receipts"),
            func.sum(receipts.c.record_count).label("records"),
            func.sum(receipts.c.split_count).label("split"),
        ).group_by(receipts.c.client, receipts.c.endpoint, receipts.c.state)
    ).all()


def count_registrations(connection: Connection) -> Sequence[Any]:
    """Return rows (client, endpoint, state, count)."""
    columns = (registrations.c.client, registrations.c.endpoint, registrations.c.state)
    return connection.execute(
        select(*columns, func.count().label("count")).group_by(*columns).order_by(*columns)
    ).all()


def count_deliveries(connection: Connection) -> Sequence[Any]:
    """Return rows (client, target, state, count)."""
    columns = (deliveries.c.client, deliveries.c.target, deliveries.c.state)
    return connection.execute(
        select(*columns, func.count().label("count")).group_by(*columns).order_by(*columns)
    ).all()


def count_reasons(connection: Connection) -> Sequence[Any]:
    """Return rows (client, state, reason, count) of registrations that a reason explains."""
    columns = (registrations.c.client, registrations.c.state, registrations.c.reason)
    return connection.execute(
        select(*columns, func.count().label("count"))
        .where(
            registrations.c.reason != "", registrations.c.state.in_((State.PARKED, State.FILTERED))
        )
        .group_by(*columns)
        .order_by(func.count().desc())
        .limit(100)
    ).all()


def all_pauses(connection: Connection) -> Sequence[Any]:
    """Return the pauses: client, upstream, cause, reason, since, until."""
    return connection.execute(select(pauses).order_by(pauses.c.client, pauses.c.upstream)).all()


def pending_since(connection: Connection) -> int | None:
    """Return when the oldest work that waits arrived, in ms, or None when nothing waits."""
    waiting = select(registrations.c.receipt_id).where(registrations.c.state == State.PENDING)
    oldest: int | None = connection.scalar(
        select(func.min(receipts.c.received_at)).where(
            or_(receipts.c.state == State.PENDING, receipts.c.id.in_(waiting))
        )
    )
    return oldest


def is_idle(connection: Connection, clients: Sequence[str], at: int) -> bool:
    """Say whether nothing of these clients is due, or will be by a lease's end, up to `at`."""
    for table in (receipts, registrations, deliveries):
        due = select(table.c.id).where(table.c.client.in_(clients), table.c.due_at <= at)
        if connection.scalar(due.limit(1)) is not None:
            return False
    return True


def find_registrations(
    connection: Connection, text: str, client: str = "", limit: int = 200
) -> Sequence[Any]:
    """Return the registrations that a text names: newest registrants first, revisions in order.

    What a text may be, `regbridge.store.search.is_named` says.
    """
    ids = newest_named(connection, text, client, limit)
    registrant = select(registrations.c.registrant_id).where(among(registrations.c.id, ids))
    return _revisions(connection, set(ids), set(connection.scalars(registrant)))


def revisions_beside(connection: Connection, number: int) -> Sequence[Any]:
    """Return a registration and the other revisions of its registrant, in order; () for none."""
    registrant = select(registrations.c.registrant_id).where(registrations.c.id == number)
    return _revisions(connection, {number}, set(connection.scalars(registrant)))


def deliveries_of(connection: Connection, ids: Sequence[int]) -> Sequence[Any]:
    """Return the deliveries of registrations, in order."""
    statement = select(deliveries).where(among(deliveries.c.registration_id, ids))
    return opened(connection, statement.order_by(deliveries.c.id), deliveries.c.record).all()


def history_of(connection: Connection, ids: Sequence[int]) -> Sequence[Any]:
    """Return what happened out of the ordinary to registrations, in order."""
    statement = select(history).where(among(history.c.registration_id, ids))
    return connection.execute(statement.order_by(history.c.at, history.c.id)).all()


def parked_receipts(connection: Connection, client: str = "", limit: int = 200) -> Sequence[Any]:
    """Return the receipts that could not be read, without their bodies, newest first."""
    size = (
        select(func.sum(func.length(receipt_parts.c.body)))
        .where(receipt_parts.c.receipt_id == receipts.c.id)
        .scalar_subquery()
    )
    statement = select(
        receipts.c.id,
        receipts.c.client,
        receipts.c.endpoint,
        receipts.c.received_at,
        receipts.c.arrivals,
        receipts.c.reason,
        size.label("size"),
    ).where(receipts.c.state == State.PARKED)
    if client:
        statement = statement.where(receipts.c.client == client)
    return connection.execute(statement.order_by(receipts.c.id.desc()).limit(limit)).all()


def _revisions(connection: Connection, ids: set[int], of: set[int | None]) -> Sequence[Any]:
    meant = or_(among(registrations.c.id, ids), among(registrations.c.registrant_id, of - {None}))
    chosen = whole_registrations().where(meant)
    ordered = chosen.order_by(registrations.c.registrant_id, *ORDER)
    return opened(connection, ordered, registration_payloads.c.payload).all()
