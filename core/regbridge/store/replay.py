"""Registrations that were delivered, to be mapped again, and the records that changed by it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, exists, select

from regbridge.store.bulk import update_rows
from regbridge.store.choice import Choice
from regbridge.store.history import remember_all
from regbridge.store.prepared import Prepared
from regbridge.store.revisions import lock_registrants, newer_revisions, roll_up
from regbridge.store.rows import whole_registrations
from regbridge.store.sealed import opened, stored_digest
from regbridge.store.sql import among
from regbridge.store.tables import State, deliveries, registration_payloads, registrations

DELIVERED = (State.DELIVERED, State.UNCHANGED)


@dataclass(frozen=True, slots=True)
class Remapped:
    """The new record of a delivery that a target has; `changed` names its fields."""

    prepared: Prepared
    changed: Sequence[str]


def find_delivered(
    connection: Connection, choice: Choice, above: int, limit: int
) -> tuple[Sequence[Any], int]:
    """Return the newest registrations that a target has, and the number to go on above (0: none).

    `choice` says of which client, event, target and numbers.
    """
    there = [
        deliveries.c.registration_id == registrations.c.id,
        deliveries.c.state.in_(DELIVERED),
    ]
    if choice.target:
        there.append(deliveries.c.target == choice.target)
    where = [registrations.c.client == choice.client, registrations.c.purged_at.is_(None)]
    if choice.ids:
        where.append(among(registrations.c.id, choice.ids))
    if choice.events:
        where.append(among(registrations.c.event_stub, choice.events))
    statement = (
        whole_registrations()
        .where(*where, registrations.c.id > above, exists().where(*there))
        .order_by(registrations.c.id)
        .limit(limit)
    )
    found = opened(connection, statement, registration_payloads.c.payload).all()
    newer = newer_revisions(connection, [row.id for row in found])
    return [row for row in found if row.id not in newer], found[-1].id if found else 0


def delivered_records(
    connection: Connection, ids: Sequence[int], target: str = ""
) -> Mapping[int, list[Any]]:
    """Return what targets have of registrations: rows (id, target, record, digest) by number."""
    statement = select(
        deliveries.c.id,
        deliveries.c.registration_id,
        deliveries.c.target,
        deliveries.c.record,
        deliveries.c.digest,
    ).where(among(deliveries.c.registration_id, ids), deliveries.c.state.in_(DELIVERED))
    if target:
        statement = statement.where(deliveries.c.target == target)
    found: dict[int, list[Any]] = {}
    for row in opened(connection, statement.order_by(deliveries.c.id), deliveries.c.record):
        found.setdefault(row.registration_id, []).append(row)
    return found


def send_again(
    connection: Connection,
    client: str,
    remapped: Mapping[int, Remapped],
    fingerprint: str,
    now: int,
) -> int:
    """Give deliveries (by id) their new record, to be sent; return how many.

    What is no longer delivered, or no longer the newest, is left alone. They wait behind single
    registrations, as a sync does.
    """
    of = select(deliveries.c.registrant_id).where(among(deliveries.c.id, remapped))
    lock_registrants(connection, of)
    held = connection.execute(
        select(deliveries.c.id, deliveries.c.registration_id)
        .where(among(deliveries.c.id, remapped), deliveries.c.state.in_(DELIVERED))
        .with_for_update()
    ).all()
    newer = newer_revisions(connection, {row.registration_id for row in held})
    mine = {row.id: row.registration_id for row in held if row.registration_id not in newer}
    digest = stored_digest(connection)
    update_rows(
        connection,
        deliveries,
        {
            key: _values(remapped[key].prepared, fingerprint, now)
            | {"registration_id": registration, "digest": digest(remapped[key].prepared.digest)}
            for key, registration in mine.items()
        },
    )
    roll_up(connection, set(mine.values()), now)
    remember_all(
        connection,
        [
            {
                "at": now,
                "client": client,
                "registration_id": registration,
                "target": remapped[key].prepared.target,
                "happening": "replayed",
                "text": ", ".join(remapped[key].changed),
            }
            for key, registration in mine.items()
        ],
    )
    return len(mine)


def _values(prepared: Prepared, fingerprint: str, now: int) -> dict[str, Any]:
    return {
        "target": prepared.target,
        "record": prepared.record,
        "configuration": fingerprint,
        "state": State.PENDING,
        "reason": "",
        "field": "",
        "outcome": "",
        "attempts": 0,
        "bulk": True,
        "due_at": now,
        "settled_at": None,
    }
