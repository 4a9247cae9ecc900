"""Forgets one person: what arrived about them is removed, and is not taken in again."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

import msgspec
from sqlalchemy import Connection, delete, or_, select, update

from regbridge.errors import RejectedError
from regbridge.store.bodies import read_bodies, store_bodies
from regbridge.store.bulk import insert_rows
from regbridge.store.history import remember_all
from regbridge.store.proof_tables import differences
from regbridge.store.purge import BLANK, strip
from regbridge.store.sealed import is_damaged, opened, sealing_of
from regbridge.store.search import forget_terms
from regbridge.store.sql import among
from regbridge.store.tables import (
    State,
    corrections,
    dedupe_keys,
    deliveries,
    history,
    receipt_parts,
    receipts,
    registrants,
    registrations,
    tombstones,
)

FORGOTTEN = "forgotten because the person asked for it; nothing about them is kept"
"""The reason of a forgotten registration, and of one that arrives later."""

_GONE = {
    "state": State.FILTERED,
    "reason": FORGOTTEN,
    "field": "",
    "lease": None,
    "due_at": None,
    "contact_stub": "",
}


def nothing_of(now: int) -> dict[str, Any]:
    """Return the columns of a registration that keeps nothing of a forgotten person."""
    return {
        **_GONE,
        **BLANK,
        "invitee_stub": "",
        "previous_contact_stub": "",
        "settled_at": now,
        "purged_at": now,
    }


def forget(
    connection: Connection,
    of: Mapping[int, Collection[str]],
    made_by: str,
    reason: str,
    now: int,
    nobodys: Collection[int] = (),
) -> list[int]:
    """Remove all that the ledger has about people; return their registrations.

    `of` names the contacts of each registrant, whose invitation may have been another person's
    before or after (a substitution); no contacts means all. `nobodys` are registrations that name
    no registrant, so that a late one like them cannot be known. Ids stay (client, event, invitee,
    contact): by them a late message is known. Raises `RejectedError` while something of theirs is
    being worked on.
    """
    # Who splits a message of theirs at this moment comes before or after this, not between.
    locked = select(registrants.c.id).where(among(registrants.c.id, of)).order_by(registrants.c.id)
    connection.execute(locked.with_for_update())
    rows = _revisions(connection, of, nobodys)
    ids = [row.id for row in rows]
    _require_idle(connection, ids)
    _bury(connection, of, now)
    forget_terms(connection, ids)
    strip(connection, ids, now)
    about = among(registrations.c.id, ids)
    connection.execute(update(registrations).where(about).values(nothing_of(now)))
    there = among(deliveries.c.registration_id, ids)
    sent = {"digest": "", "external_id": None, "settled_at": now}
    connection.execute(update(deliveries).where(there).values(_GONE | sent))
    # Why a value was corrected may say something about the person too.
    made = among(corrections.c.registration_id, ids)
    connection.execute(delete(corrections).where(made))
    connection.execute(delete(dedupe_keys).where(among(dedupe_keys.c.registration_id, ids)))
    # What a pass has found about them would bring them back.
    subjects = select(registrants.c.subject).where(among(registrants.c.id, of))
    about = differences.c.subject.in_(subjects) | among(differences.c.registration_id, ids)
    connection.execute(delete(differences).where(about))
    happened = among(history.c.registration_id, ids)
    connection.execute(update(history).where(happened).values(text=""))
    for receipt in {row.receipt_id for row in rows}:
        strip_message(connection, receipt)
    _remember(connection, rows, f"by {made_by}: {reason}", now)
    return ids


def strip_message(connection: Connection, receipt: int) -> None:
    """Take the records of forgotten people out of a message, once it is split.

    A message of which nothing is left is deleted.
    """
    positions = set(
        connection.scalars(
            select(registrations.c.position)
            .join(receipts, receipts.c.id == registrations.c.receipt_id)
            .where(
                registrations.c.receipt_id == receipt,
                registrations.c.reason == FORGOTTEN,
                receipts.c.state == State.SPLIT,
            )
        )
    )
    body = read_bodies(connection, [receipt]).get(receipt) if positions else None
    if body is None:
        return
    if is_damaged(body) and sealing_of(connection) is None:
        raise RejectedError("the ledger is encrypted, and no key is given by which it can be read")
    connection.execute(delete(receipt_parts).where(receipt_parts.c.receipt_id == receipt))
    left = b"" if is_damaged(body) else _without(body, positions)
    if left:
        store_bodies(connection, [(receipt, left)])


def forgotten_contacts(connection: Connection, of: Collection[int]) -> dict[int, set[str]]:
    """Return the contacts of registrants that are to be forgotten; "" stands for any."""
    statement = select(tombstones).where(among(tombstones.c.registrant_id, of))
    found: dict[int, set[str]] = {}
    for row in connection.execute(statement) if of else ():
        found.setdefault(row.registrant_id, set()).add(row.contact_stub)
    return found


def mentions(connection: Connection, email: str) -> Mapping[str, Sequence[int]]:
    """Return what else contains an address: numbers of registrations and of parked receipts.

    It reads every record, which may take a while. Answers of other people, and a message that
    nobody could read, are for a person to judge.
    """
    found = _records_with(connection, email)
    unread = connection.scalars(select(receipts.c.id).where(receipts.c.state == State.PARKED)).all()
    sought = email.lower().encode()
    return {
        "registrations": sorted(found),
        "receipts": [
            receipt
            for receipt in unread
            if sought in read_bodies(connection, [receipt]).get(receipt, b"").lower()
        ],
    }


def _records_with(connection: Connection, email: str) -> set[int]:
    """Return the registrations whose records contain an address."""
    if sealing_of(connection) is None:
        there = deliveries.c.record.contains(email, autoescape=True)
        return set(connection.scalars(select(deliveries.c.registration_id).where(there)))
    columns = (deliveries.c.registration_id, deliveries.c.target, deliveries.c.record)
    each = opened(connection, select(*columns), deliveries.c.record)
    return {row.registration_id for row in each if email.lower() in row.record.lower()}


def _revisions(
    connection: Connection, of: Mapping[int, Collection[str]], nobodys: Collection[int]
) -> list[Any]:
    statement = select(
        registrations.c.id,
        registrations.c.client,
        registrations.c.receipt_id,
        registrations.c.registrant_id,
        registrations.c.contact_stub,
    ).where(or_(among(registrations.c.registrant_id, of), among(registrations.c.id, nobodys)))
    return [
        row
        for row in connection.execute(statement)
        if not of.get(row.registrant_id) or row.contact_stub in of[row.registrant_id]
    ]


def _bury(connection: Connection, of: Mapping[int, Collection[str]], now: int) -> None:
    mine = update(registrants).where(among(registrants.c.id, of))
    connection.execute(mine.values(forgotten_at=now))
    rows = [
        {"registrant_id": registrant, "contact_stub": contact}
        for registrant, contacts in of.items()
        for contact in contacts or [""]
    ]
    insert_rows(connection, tombstones, rows, if_new=True)


def _remember(connection: Connection, rows: Sequence[Any], text: str, now: int) -> None:
    what = {"at": now, "happening": "forgotten", "text": text}
    remember_all(
        connection, [what | {"client": row.client, "registration_id": row.id} for row in rows]
    )


def _require_idle(connection: Connection, ids: Collection[int]) -> None:
    """Raise when a step has claimed something: it would be sent after it was forgotten."""
    here = select(registrations.c.id).where(
        among(registrations.c.id, ids), registrations.c.lease.is_not(None)
    )
    there = select(deliveries.c.id).where(
        among(deliveries.c.registration_id, ids), deliveries.c.lease.is_not(None)
    )
    if connection.scalar(here.limit(1)) or connection.scalar(there.limit(1)):
        raise RejectedError(
            "something of theirs is on its way at this moment; try again in a minute"
        )


def _without(body: bytes, positions: Collection[int]) -> bytes:
    """Return a message in which some records are empty objects; nothing if all of them are."""
    text = body.removeprefix(b"\xef\xbb\xbf")
    envelope: dict[str, Any] = msgspec.json.decode(text, type=dict[str, msgspec.Raw])
    records = msgspec.json.decode(envelope["message"], type=list[msgspec.Raw])
    if len(positions) >= len(records):
        return b""
    kept = [msgspec.Raw(b"{}") if at in positions else raw for at, raw in enumerate(records)]
    return msgspec.json.encode(envelope | {"message": kept})
