"""Registrations on their way to deliveries: claimed, admitted, then settled."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Select, select, update

from regbridge.store.bulk import insert_rows, update_rows
from regbridge.store.columns import PlainText
from regbridge.store.history import remember_all
from regbridge.store.leases import Lease, held, take
from regbridge.store.prepared import Prepared, write_deliveries
from regbridge.store.revisions import (
    lock_registrants,
    newer_revisions,
    roll_up,
    supersede_deliveries,
    superseded_by,
)
from regbridge.store.rows import ORDER, whole_registrations
from regbridge.store.sealed import opened
from regbridge.store.sql import among
from regbridge.store.tables import (
    State,
    dedupe_keys,
    deliveries,
    registration_payloads,
    registrations,
)

LONGEST_KEY = 300
"""Characters of a dedupe key that are kept as they are."""


@dataclass(frozen=True, slots=True)
class Postponed:
    """A registration that could not be prepared now. `due_at` is None when it is parked."""

    reason: str
    attempts: int
    due_at: int | None = None
    field: str = ""


def claim_registrations(
    connection: Connection,
    client: str,
    limit: int,
    lease: Lease,
    *,
    bulk: bool,
) -> Sequence[Any]:
    """Claim registrations of syncs (`bulk`) that are due, or all others, in order of arrival.

    Other revisions of the same registrants that are due come along, whatever the limit: only the
    newest needs the work.
    """
    ids = _due(connection, client, lease.now, bulk, limit)
    if not ids:
        return []
    ids = list({*ids, *_siblings(connection, ids, lease.now)})
    take(connection, registrations, ids, lease)
    return _rows(connection, ids)


def admit(
    connection: Connection,
    lease: Lease,
    filtered: Mapping[int, str],
    keys: Mapping[int, str],
    client: str,
) -> set[int]:
    """Settle what a filter dropped, duplicates and older revisions; return the rest.

    `filtered` gives reasons by registration, `keys` the dedupe keys of all others, in the order
    of their arrival. What is returned stays claimed and is now the newest of its registrant.
    """
    lock_registrants(connection, _registrants([*filtered, *keys]))
    mine = held(connection, registrations, [*filtered, *keys], lease.token)
    _settle(connection, State.FILTERED, {i: r for i, r in filtered.items() if i in mine}, lease.now)
    owners = _claim_keys(connection, {i: k for i, k in keys.items() if i in mine}, client)
    duplicates = {
        i: f"the same change as registration {owner}" for i, owner in owners.items() if owner != i
    }
    _settle(connection, State.DUPLICATE, duplicates, lease.now)
    kept = set(owners) - set(duplicates)
    connection.execute(
        update(registrations).where(among(registrations.c.id, kept)).values(admitted=True)
    )
    kept -= _settle_superseded(connection, kept, lease.now)
    supersede_deliveries(connection, _older_waiting(connection, kept), lease.now)
    return kept


def settle_prepared(
    connection: Connection,
    lease: Lease,
    client: str,
    fingerprint: str,
    prepared: Mapping[int, Sequence[Prepared] | Postponed],
) -> None:
    """Write the deliveries of registrations, or when to try again; frees what was claimed."""
    lock_registrants(connection, _registrants(prepared))
    mine = held(connection, registrations, list(prepared), lease.token)
    mine -= _settle_superseded(connection, mine, lease.now)
    done: dict[int, Sequence[Prepared]] = {}
    postponed: dict[int, Postponed] = {}
    for key in mine:
        result = prepared[key]
        if isinstance(result, Postponed):
            postponed[key] = result
        else:
            done[key] = result
    _postpone(connection, postponed, lease.now, client)
    waiting = write_deliveries(connection, done, lease.now, client, fingerprint)
    connection.execute(
        update(registrations).where(among(registrations.c.id, done)).values(lease=None, due_at=None)
    )
    roll_up(connection, done.keys() - waiting, lease.now)


def _due(connection: Connection, client: str, now: int, bulk: bool, limit: int) -> list[int]:
    statement = (
        select(registrations.c.id)
        .where(
            registrations.c.client == client,
            registrations.c.bulk == bulk,
            registrations.c.due_at <= now,
        )
        .order_by(registrations.c.due_at, registrations.c.id)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    return list(connection.scalars(statement).all())


def _siblings(connection: Connection, ids: list[int], now: int) -> Sequence[int]:
    statement = select(registrations.c.id).where(
        registrations.c.registrant_id.in_(_registrants(ids)), registrations.c.due_at <= now
    )
    return connection.scalars(statement.with_for_update(skip_locked=True)).all()


def _registrants(of: Collection[int]) -> Select[Any]:
    """Return the query of the registrants of registrations."""
    return select(registrations.c.registrant_id).where(among(registrations.c.id, of))


def _rows(connection: Connection, ids: Collection[int]) -> Sequence[Any]:
    chosen = whole_registrations().where(among(registrations.c.id, ids))
    return opened(connection, chosen.order_by(*ORDER), registration_payloads.c.payload).all()


def _claim_keys(connection: Connection, keys: Mapping[int, str], client: str) -> dict[int, int]:
    """Return the owner of each registration's key: the first that ever claimed it."""
    texts = {i: _stored_key(client, key) for i, key in keys.items()}
    # In one order at all hosts, so that none waits for another that waits for it.
    ordered = sorted(texts.items(), key=lambda item: item[1])
    rows = [{"key": text, "registration_id": i} for i, text in ordered]
    insert_rows(connection, dedupe_keys, rows, if_new=True)
    statement = select(dedupe_keys.c.key, dedupe_keys.c.registration_id).where(
        among(dedupe_keys.c.key, set(texts.values()))
    )
    owners = {row.key: row.registration_id for row in connection.execute(statement).all()}
    return {i: owners[text] for i, text in texts.items()}


def _stored_key(client: str, key: str) -> str:
    text = PlainText.clean(f"{client}|{key}")
    if len(text) <= LONGEST_KEY:
        return text
    return f"{client}|{hashlib.blake2b(key.encode('utf-8', 'replace')).hexdigest()}"


def _settle(connection: Connection, state: State, reasons: Mapping[int, str], now: int) -> None:
    if not reasons:
        return
    settled: dict[str, Any] = {
        "state": state,
        "field": "",
        "due_at": None,
        "lease": None,
        "settled_at": now,
        # What a filter drops, or a duplicate, supersedes nothing; a retry may have changed that.
        "admitted": state == State.SUPERSEDED,
    }
    rows = {key: {**settled, "reason": reason} for key, reason in reasons.items()}
    update_rows(connection, registrations, rows)
    left = _left_to_deliver(connection, reasons)
    del settled["admitted"]
    update_rows(
        connection,
        deliveries,
        {key: {**settled, "reason": reasons[of]} for key, of in left.items()},
    )
    roll_up(connection, set(left.values()), now)


def _left_to_deliver(connection: Connection, of: Collection[int]) -> dict[int, int]:
    """Return the open deliveries of registrations that are retried; those in flight settle alone.

    A registration that comes for the first time has none.
    """
    statement = select(deliveries.c.id, deliveries.c.registration_id).where(
        among(deliveries.c.registration_id, of),
        deliveries.c.state.in_((State.PENDING, State.PARKED)),
        deliveries.c.lease.is_(None),
    )
    return {row.id: row.registration_id for row in connection.execute(statement).all()}


def _settle_superseded(connection: Connection, ids: Collection[int], now: int) -> set[int]:
    newer = newer_revisions(connection, ids)
    _settle(connection, State.SUPERSEDED, {i: superseded_by(n) for i, n in newer.items()}, now)
    return set(newer)


def _older_waiting(connection: Connection, ids: Collection[int]) -> dict[int, int]:
    """Return the deliveries that wait for the same registrants; those in flight settle alone."""
    about = _registrants(ids)
    statement = select(deliveries.c.id, deliveries.c.registration_id).where(
        deliveries.c.registrant_id.in_(about),
        deliveries.c.state == State.PENDING,
        deliveries.c.lease.is_(None),
    )
    return {row.id: row.registration_id for row in connection.execute(statement).all()}


def _postpone(
    connection: Connection, postponed: Mapping[int, Postponed], now: int, client: str
) -> None:
    update_rows(
        connection,
        registrations,
        {
            key: {
                "state": State.PARKED if why.due_at is None else State.PENDING,
                "reason": why.reason,
                "field": why.field,
                "attempts": why.attempts,
                "due_at": why.due_at,
                "lease": None,
                "settled_at": now if why.due_at is None else None,
            }
            for key, why in postponed.items()
        },
    )
    remember_all(
        connection,
        [
            {
                "at": now,
                "client": client,
                "registration_id": key,
                "happening": "parked" if why.due_at is None else "failed",
                "text": why.reason,
            }
            for key, why in postponed.items()
        ],
    )
