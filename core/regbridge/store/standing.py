"""What each target should have: the newest delivery of each registrant there."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, Connection, select

from regbridge.store.rows import ORDER
from regbridge.store.sealed import opened
from regbridge.store.tables import State, deliveries, receipts, registrants, registrations

SETTLED = (State.DELIVERED, State.UNCHANGED)
_THERE = deliveries.c.reached | deliveries.c.state.in_(SETTLED)


def delivered_to(
    connection: Connection,
    client: str,
    target: str,
    above: int,
    limit: int,
    since: int | None = None,
) -> Sequence[Any]:
    """Return the deliveries that a target has, or may have, in the order of their numbers.

    With `since` (ms) those alone that it was given since then, or is being given. `order` is what
    revisions of a registrant are ordered by.
    """
    statement = (
        select(
            deliveries.c.id,
            deliveries.c.registration_id,
            deliveries.c.registrant_id,
            deliveries.c.target,
            deliveries.c.state,
            deliveries.c.record,
            deliveries.c.reached,
            deliveries.c.contact_stub,
            deliveries.c.settled_at,
            deliveries.c.external_id,
            registrations.c.previous_contact_stub,
            registrations.c.event_stub,
            registrations.c.name,
            registrants.c.subject,
            receipts.c.message_time,
            *(column.label(f"order_{place}") for place, column in enumerate(ORDER)),
        )
        .join(registrations, registrations.c.id == deliveries.c.registration_id)
        .join(receipts, receipts.c.id == registrations.c.receipt_id)
        .outerjoin(registrants, registrants.c.id == deliveries.c.registrant_id)
        .where(
            deliveries.c.client == client,
            deliveries.c.target == target,
            deliveries.c.id > above,
            _THERE if since is None else _given_since(since),
        )
        .order_by(deliveries.c.id)
        .limit(limit)
    )
    return opened(connection, statement, deliveries.c.record).all()


def _given_since(since: int) -> ColumnElement[bool]:
    under_way = deliveries.c.lease.is_not(None) | deliveries.c.reached
    return (deliveries.c.settled_at >= since) | ((deliveries.c.state == State.PENDING) & under_way)
