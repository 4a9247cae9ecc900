"""Deliveries: claimed for one target, then settled by its answers."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from sqlalchemy import Connection, exists, func, or_, select

from regbridge.store.bulk import update_rows
from regbridge.store.history import remember_all
from regbridge.store.leases import Lease, by_share, take
from regbridge.store.prepared import equal_before, last_reached, unchanged_since
from regbridge.store.restored import DOUBTFUL
from regbridge.store.revisions import (
    lock_registrants,
    roll_up,
    supersede_deliveries,
    try_lock_registrants,
)
from regbridge.store.sealed import DAMAGED, comparable_digest, is_damaged, opened_rows
from regbridge.store.sql import among
from regbridge.store.tables import State, deliveries, receipts, registrants, registrations

_other = deliveries.alias()  # made once, because an alias copies every column

_CLAIMED = (
    deliveries.c.id,
    deliveries.c.registration_id,
    deliveries.c.registrant_id,
    deliveries.c.target,
    deliveries.c.record,
    deliveries.c.digest,
    deliveries.c.attempts,
    deliveries.c.external_id,
    or_(deliveries.c.reached, deliveries.c.lease.is_not(None)).label("reached"),
    deliveries.c.contact_stub,
    deliveries.c.lease.is_not(None).label("lapsed"),
    DOUBTFUL.label("doubtful"),
    registrants.c.subject,
    registrations.c.previous_contact_stub,
    registrations.c.event_stub,
    registrations.c.receipt_id,
    registrations.c.name,
    registrations.c.email,
    receipts.c.received_at,
    receipts.c.message_time,
)
"""What a claimed delivery brings along."""


@dataclass(frozen=True, slots=True)
class Settlement:
    """What became of one delivery. A pending one is tried again at `due_at`.

    `reached` says that the target may have the record.
    """

    state: State
    reached: bool
    attempts: int
    reason: str = ""
    field: str = ""
    outcome: str = ""
    external_id: str | None = None
    due_at: int | None = None


def count_due(connection: Connection, client: str, target: str, now: int, most: int) -> int:
    """Return how many deliveries may be claimed at a target; who counts to `most` stops there."""
    due = (
        select(deliveries.c.id)
        .where(
            deliveries.c.client == client,
            deliveries.c.target == target,
            deliveries.c.due_at <= now,
        )
        .limit(most)
        .subquery()
    )
    return connection.scalar(select(func.count()).select_from(due)) or 0


def claim_deliveries(
    connection: Connection,
    client: str,
    target: str,
    limit: int,
    lease: Lease,
    turn: int = 1,
    after: str | None = None,
    *,
    by_contact: bool = False,
) -> Sequence[Any]:
    """Claim deliveries that are due at one target, single ones before syncs.

    Never takes a delivery while another of the same registrant is in flight there; older
    revisions found on the way are settled as superseded, so that there is one for each registrant,
    and what the target has been given meanwhile (for the same contact, if `by_contact`) as
    unchanged.
    A row whose `lapsed` is true was claimed before by a worker that never came back, one that is
    `doubtful` may have been delivered before the ledger was restored from a backup. With `after`,
    a delivery waits while the same registration's delivery at that target is pending or parked.
    """
    due = partial(_due, connection, client, target, after, lease.now)
    while found := _not_in_flight(connection, by_share(due, limit, turn), target, lease.now):
        settled = supersede_deliveries(
            connection, {row.id: row.registration_id for row in found}, lease.now
        )
        rows = [row for row in found if row.id not in settled]
        settled |= _settle_unchanged(connection, rows, target, lease.now, by_contact=by_contact)
        rows = [row for row in rows if row.id not in settled]
        rows = opened_rows(connection, rows, deliveries.c.record)
        settled = _park_damaged(connection, client, rows, lease.now)
        # Who finds only what needs no call looks further: a small batch may hold nothing else.
        if rows := [row for row in rows if row.id not in settled]:
            ids = [row.id for row in rows]
            take(connection, deliveries, ids, lease, begun_at=lease.now, batch=lease.token)
            return rows
    return []


def settle_deliveries(
    connection: Connection,
    client: str,
    target: str,
    settled: Mapping[int, Settlement],
    lease: Lease,
) -> None:
    """Write what became of claimed deliveries; those whose lease was lost are left alone."""
    ids = list(settled)
    of = select(deliveries.c.registrant_id).where(among(deliveries.c.id, ids))
    lock_registrants(connection, of)
    about = _held(connection, ids, lease)
    if not about:
        return
    update_rows(connection, deliveries, {i: _values(settled[i], lease.now) for i in sorted(about)})
    waiting = {key: of for key, of in about.items() if settled[key].state == State.PENDING}
    supersede_deliveries(connection, waiting, lease.now)
    roll_up(connection, set(about.values()), lease.now)
    remember_all(connection, _happenings(client, target, settled, about, lease.now))


def last_external_ids(
    connection: Connection, target: str, of: Collection[int], *, by_contact: bool
) -> dict[tuple[int, str], str]:
    """Return the ids that a target gave, by registrant and contact ("" unless `by_contact`)."""
    statement = (
        select(deliveries.c.registrant_id, deliveries.c.contact_stub, deliveries.c.external_id)
        .where(
            among(deliveries.c.registrant_id, of),
            deliveries.c.target == target,
            deliveries.c.reached,
            deliveries.c.external_id.is_not(None),
        )
        .order_by(deliveries.c.settled_at, deliveries.c.id)
    )
    return {
        (row.registrant_id, row.contact_stub if by_contact else ""): row.external_id
        for row in connection.execute(statement).all()
    }


def _due(
    connection: Connection,
    client: str,
    target: str,
    after: str | None,
    now: int,
    bulk: bool,
    limit: int,
) -> list[Any]:
    if limit <= 0:
        return []
    in_flight = exists().where(
        _other.c.registrant_id == deliveries.c.registrant_id,
        _other.c.target == deliveries.c.target,
        _other.c.id != deliveries.c.id,
        _other.c.lease.is_not(None),
        _other.c.due_at > now,
    )
    waits = exists().where(
        _other.c.registration_id == deliveries.c.registration_id,
        _other.c.target == after,
        _other.c.state.in_((State.PENDING, State.PARKED)),
    )
    statement = (
        select(*_CLAIMED)
        .join(registrations, registrations.c.id == deliveries.c.registration_id)
        .join(receipts, receipts.c.id == registrations.c.receipt_id)
        .outerjoin(registrants, registrants.c.id == deliveries.c.registrant_id)
        .where(
            deliveries.c.client == client,
            deliveries.c.target == target,
            deliveries.c.bulk == bulk,
            deliveries.c.due_at <= now,
            ~in_flight,
            *([] if after is None else [~waits]),
        )
        .order_by(deliveries.c.due_at, deliveries.c.id)
        .limit(limit)
        .with_for_update(skip_locked=True, of=deliveries)
    )
    return list(connection.execute(statement))


def _not_in_flight(connection: Connection, rows: list[Any], target: str, now: int) -> list[Any]:
    """Leave out what another host claims for the same registrants at this moment.

    The query that found the rows could not see that claim. Once the registrants are locked nobody
    can make one, and a second look sees all that were made.
    """
    if connection.dialect.name == "sqlite":
        return rows
    locked = try_lock_registrants(connection, {row.registrant_id for row in rows} - {None})
    busy = select(deliveries.c.registrant_id).where(
        among(deliveries.c.registrant_id, locked),
        deliveries.c.target == target,
        deliveries.c.lease.is_not(None),
        deliveries.c.due_at > now,
    )
    free = locked - set(connection.scalars(busy).all())
    return [row for row in rows if row.registrant_id is None or row.registrant_id in free]


def _settle_unchanged(
    connection: Connection, rows: Sequence[Any], target: str, now: int, *, by_contact: bool
) -> set[int]:
    """Settle what the target has got by now; when it was prepared, that was in flight."""
    last = last_reached(connection, {row.registrant_id for row in rows} - {None})
    comparable = comparable_digest(connection)
    unchanged: dict[int, dict[str, Any]] = {}
    for row in rows:
        contact = row.contact_stub if by_contact else ""
        before = last.get((row.registrant_id, target, contact))
        if before is not None and equal_before(before, row.digest, comparable):
            values = {"state": State.UNCHANGED, "reason": unchanged_since(before), "due_at": None}
            unchanged[row.id] = values | {"field": "", "lease": None, "settled_at": now}
    if unchanged:
        update_rows(connection, deliveries, unchanged)
        roll_up(connection, {row.registration_id for row in rows if row.id in unchanged}, now)
    return set(unchanged)


def _park_damaged(connection: Connection, client: str, rows: Sequence[Any], now: int) -> set[int]:
    """Park by themselves what cannot be decrypted, so that the others of the batch go on."""
    damaged = {row.id: row.registration_id for row in rows if is_damaged(row.record)}
    if damaged:
        parked: dict[str, Any] = {
            "state": State.PARKED,
            "reason": DAMAGED,
            "field": "",
            "lease": None,
        }
        parked |= {"due_at": None, "settled_at": now}
        update_rows(connection, deliveries, dict.fromkeys(damaged, parked))
        roll_up(connection, set(damaged.values()), now)
        what = {"at": now, "client": client, "happening": "parked", "text": DAMAGED}
        what["target"] = rows[0].target
        remember_all(connection, [what | {"registration_id": of} for of in damaged.values()])
    return set(damaged)


def _values(settled: Settlement, now: int) -> dict[str, Any]:
    return {
        "state": settled.state,
        "reason": settled.reason,
        "field": settled.field,
        "outcome": settled.outcome,
        "external_id": settled.external_id,
        "reached": settled.reached,
        "attempts": settled.attempts,
        "due_at": settled.due_at,
        "lease": None,
        "settled_at": None if settled.state == State.PENDING else now,
    }


def _held(connection: Connection, ids: Collection[int], lease: Lease) -> dict[int, int]:
    """Return the registrations of the deliveries that still belong to a lease, and lock these."""
    statement = select(deliveries.c.id, deliveries.c.registration_id).where(
        among(deliveries.c.id, ids), deliveries.c.lease == lease.token
    )
    rows = connection.execute(statement.with_for_update()).all()
    return {row.id: row.registration_id for row in rows}


def _happenings(
    client: str,
    target: str,
    settled: Mapping[int, Settlement],
    about: Mapping[int, int],
    now: int,
) -> list[dict[str, Any]]:
    """Return a history row for each delivery that failed; a success needs none."""
    return [
        {
            "at": now,
            "client": client,
            "registration_id": registration,
            "target": target,
            "happening": "parked" if settled[key].state == State.PARKED else "failed",
            "text": settled[key].reason,
        }
        for key, registration in about.items()
        if settled[key].state in (State.PARKED, State.PENDING) and settled[key].reason
    ]
