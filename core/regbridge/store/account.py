"""How many registrants of an event are at Cvent, here, and at each target."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping
from typing import Any

from sqlalchemy import ColumnElement, Connection, func, select

from regbridge.store.differences import Difference
from regbridge.store.proof_tables import attendees, differences
from regbridge.store.rows import ORDER
from regbridge.store.sql import among
from regbridge.store.tables import State, deliveries, registrants, registrations

NOTHING = "not sent"
"""Beside the states: nothing came as far as this target."""

_newest = (
    select(registrations.c.id)
    .where(
        registrations.c.registrant_id == registrants.c.id,
        registrations.c.state.not_in((State.DUPLICATE, State.SUPERSEDED)),
    )
    .order_by(*(column.desc() for column in ORDER))
    .limit(1)
    .correlate(registrants)
    .scalar_subquery()
)


_JOINED = attendees.join(
    registrants,
    (registrants.c.client == attendees.c.client) & (registrants.c.subject == attendees.c.subject),
)


def count_attendees(
    connection: Connection, client: str, event: str, statuses: Collection[str]
) -> tuple[int, int]:
    """Return how many attendees Cvent had that must be here, and how many others."""
    must = _must_be_here(client, event, statuses)
    here = connection.scalar(select(func.count()).select_from(attendees).where(*must)) or 0
    of_event = attendees.c.client == client, attendees.c.event_stub == event
    everybody = connection.scalar(select(func.count()).select_from(attendees).where(*of_event))
    return here, (everybody or 0) - here


def count_here(
    connection: Connection, client: str, event: str, statuses: Collection[str]
) -> tuple[int, int, Mapping[str, int]]:
    """Return how many of them are in the ledger, how many are forgotten, and the others' states."""
    statement = select(registrants.c.forgotten_at.is_not(None), registrations.c.state, func.count())
    rows = connection.execute(
        statement.select_from(_JOINED)
        .outerjoin(registrations, registrations.c.id == _newest)
        .where(*_must_be_here(client, event, statuses))
        .group_by(registrants.c.forgotten_at.is_not(None), registrations.c.state)
    ).all()
    states = Counter[str]()
    forgotten = 0
    for is_forgotten, state, count in rows:
        if is_forgotten:
            forgotten += count
        else:
            states[state or NOTHING] += count
    return sum(states.values()), forgotten, dict(states)


def count_there(
    connection: Connection, number: int, client: str, event: str, target: str, statuses: Any
) -> Mapping[str, int]:
    """Return the states of their newest registrations' deliveries at a target.

    What the pass `number` did not find there is `MISSING_THERE`, unless it was delivered since.
    """
    # Joined, not asked for each delivery: SQLite would read all that the pass found each time.
    missing = (
        select(differences.c.delivery_id, func.max(differences.c.found_at).label("found_at"))
        .where(differences.c.pass_id == number, differences.c.kind == Difference.MISSING_THERE)
        .group_by(differences.c.delivery_id)
        .subquery()
    )
    lacked = deliveries.c.settled_at < missing.c.found_at
    each = (
        select(
            func.coalesce(deliveries.c.state, registrations.c.state).label("state"),
            func.coalesce(lacked, False).label("lacked"),
        )
        .select_from(_JOINED)
        .outerjoin(registrations, registrations.c.id == _newest)
        .outerjoin(
            deliveries,
            (deliveries.c.registration_id == registrations.c.id) & (deliveries.c.target == target),
        )
        .outerjoin(missing, missing.c.delivery_id == deliveries.c.id)
        .where(*_must_be_here(client, event, statuses), registrants.c.forgotten_at.is_(None))
        .subquery()
    )
    counted = select(each.c.state, each.c.lacked, func.count()).group_by(
        each.c.state, each.c.lacked
    )
    states = Counter[str]()
    for state, is_missing, count in connection.execute(counted):
        states[Difference.MISSING_THERE if is_missing else state or NOTHING] += count
    return dict(states)


def _must_be_here(
    client: str, event: str, statuses: Collection[str]
) -> tuple[ColumnElement[bool], ...]:
    return (
        attendees.c.client == client,
        attendees.c.event_stub == event,
        ~attendees.c.is_deleted,
        among(attendees.c.status, list(statuses)),
    )
