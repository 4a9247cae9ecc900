"""Receipts → registrations, in parts that a killed worker can resume."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import Connection, select, update

from regbridge.message import Envelope, Revision
from regbridge.models import ReceiptKind
from regbridge.store.bulk import insert_rows
from regbridge.store.clock import to_ms
from regbridge.store.forget import forgotten_contacts, nothing_of, strip_message
from regbridge.store.history import remember
from regbridge.store.leases import Lease, held, take
from regbridge.store.search import add_terms, search_form
from regbridge.store.sql import among
from regbridge.store.tables import (
    State,
    receipts,
    registrants,
    registration_payloads,
    registrations,
)

SMALL_RECEIPTS = 100
"""So many messages that are no sync are split in one transaction."""

SYNC_SIZE = 100
"""A message of more records is a sync: its registrations wait behind single ones."""


@dataclass(frozen=True, slots=True)
class ClaimedReceipt:
    """A receipt to split; `split_count` of its records are registrations already.

    `unread` says that nobody could read it when it arrived, so that the envelope is news.
    """

    id: int
    client: str
    endpoint: str
    ordered_at: int
    record_count: int
    split_count: int
    unread: bool = False
    kind: ReceiptKind = ReceiptKind.WEBHOOK


@dataclass(frozen=True, slots=True)
class Part:
    """Some revisions of a receipt, to be written in one transaction; `last` ends the receipt."""

    receipt: ClaimedReceipt
    revisions: Sequence[Revision]
    last: bool


def claim_receipts(
    connection: Connection, clients: Collection[str], sync: bool, lease: Lease
) -> list[ClaimedReceipt]:
    """Claim the oldest receipts that are due: one sync, or many of all other messages."""
    size = receipts.c.record_count > SYNC_SIZE if sync else receipts.c.record_count <= SYNC_SIZE
    statement = (
        select(receipts)
        .where(receipts.c.client.in_(clients), receipts.c.due_at <= lease.now, size)
        .order_by(receipts.c.due_at, receipts.c.id)
        .limit(1 if sync else SMALL_RECEIPTS)
        .with_for_update(skip_locked=True)
    )
    rows = connection.execute(statement).all()
    take(connection, receipts, [row.id for row in rows], lease)
    return [
        ClaimedReceipt(
            row.id,
            row.client,
            row.endpoint,
            row.received_at if row.message_time is None else row.message_time,
            row.record_count,
            row.split_count,
            unread=row.digest is not None,
            kind=ReceiptKind(row.kind),
        )
        for row in rows
    ]


def store_registrations(connection: Connection, parts: Sequence[Part], lease: Lease) -> bool:
    """Insert parts of receipts as registrations; a receipt whose part is the last is settled.

    Returns False when a lease was lost; nothing of that receipt is written.
    """
    mine = held(connection, receipts, [part.receipt.id for part in parts], lease.token)
    for part in parts:
        if part.receipt.id in mine:
            values: dict[str, Any] = {"split_count": receipts.c.split_count + len(part.revisions)}
            if part.last:
                values |= {"state": State.SPLIT, "due_at": None, "lease": None}
            settled = update(receipts).where(receipts.c.id == part.receipt.id)
            connection.execute(settled.values(values))
    _insert(connection, [part for part in parts if part.receipt.id in mine], lease.now)
    return len(mine) == len(parts)


def _insert(connection: Connection, parts: Sequence[Part], now: int) -> None:
    """Insert registrations with their records; of forgotten registrants only that they came."""
    rows: list[dict[str, Any]] = []
    raw: list[dict[str, Any]] = []
    gone: list[dict[str, Any]] = []
    for part in parts:
        known, forgotten = _registrants(connection, part.receipt.client, part.revisions)
        for revision in part.revisions:
            row = _row(part.receipt, revision, known, now)
            if {"", revision.contact_stub} & forgotten.get(row["registrant_id"], set()):
                gone.append(row | nothing_of(now))
                continue
            rows.append(row)
            record = {"position": revision.position, "payload": revision.payload}
            raw.append({"receipt_id": part.receipt.id, **record})
    insert_rows(connection, registrations, rows)
    _make_found(connection, rows)
    insert_rows(connection, registration_payloads, raw)
    insert_rows(connection, registrations, gone)
    several = {part.receipt.id for part in parts if len(part.revisions) < part.receipt.record_count}
    last = {part.receipt.id for part in parts if part.last}
    for receipt in last & (several | {row["receipt_id"] for row in gone}):
        strip_message(connection, receipt)


def _make_found(connection: Connection, rows: Sequence[Mapping[str, Any]]) -> None:
    """Add what names new registrations to the search, by the numbers that they got."""
    columns = registrations.c
    places = select(columns.receipt_id, columns.position, columns.id).where(
        among(columns.receipt_id, {row["receipt_id"] for row in rows})
    )
    first = min((row["position"] for row in rows), default=0)
    found = connection.execute(places.where(columns.position >= first))
    numbers = {(receipt, position): number for receipt, position, number in found}
    add_terms(connection, ((numbers[row["receipt_id"], row["position"]], row) for row in rows))


def describe_receipt(
    connection: Connection, receipt: ClaimedReceipt, envelope: Envelope, lease: Lease
) -> ClaimedReceipt:
    """Write down what a malformed receipt says now that it can be read; return it with that."""
    time = envelope.message_time
    message_time = None if time is None else to_ms(time)
    connection.execute(
        update(receipts)
        .where(receipts.c.id == receipt.id, receipts.c.lease == lease.token)
        .values(
            event_type=envelope.event_type,
            message_stub=envelope.message_stub,
            message_time=message_time,
            message_time_text=envelope.message_time_text,
            record_count=len(envelope.records),
            reason="",
        )
    )
    ordered_at = receipt.ordered_at if message_time is None else message_time
    return replace(receipt, ordered_at=ordered_at, record_count=len(envelope.records))


def park_receipt(
    connection: Connection, receipt: ClaimedReceipt, reason: str, lease: Lease
) -> None:
    """Set a receipt aside that cannot be split."""
    connection.execute(
        update(receipts)
        .where(receipts.c.id == receipt.id, receipts.c.lease == lease.token)
        .values(state=State.PARKED, reason=reason, due_at=None, lease=None)
    )
    remember(connection, lease.now, receipt.client, "parked", reason, receipt_id=receipt.id)


def _registrants(
    connection: Connection, client: str, revisions: Sequence[Revision]
) -> tuple[dict[str, int], dict[Any, set[str]]]:
    """Return the registrants' ids by subject, new ones added, and whom to forget of them."""
    subjects = sorted({revision.subject for revision in revisions if revision.subject})
    found = _find_registrants(connection, client, subjects)
    known = {row.subject for row in found}
    new = [{"client": client, "subject": s} for s in subjects if s not in known]
    if new:
        insert_rows(connection, registrants, new, if_new=True)
        found += _find_registrants(connection, client, [row["subject"] for row in new])
    forgotten = [row.id for row in found if row.forgotten_at is not None]
    return {row.subject: row.id for row in found}, forgotten_contacts(connection, forgotten)


def _find_registrants(connection: Connection, client: str, subjects: Sequence[str]) -> list[Any]:
    columns = (registrants.c.subject, registrants.c.id, registrants.c.forgotten_at)
    statement = select(*columns).where(
        registrants.c.client == client, among(registrants.c.subject, subjects)
    )
    # Nobody can be forgotten between this look and the commit.
    return list(connection.execute(statement.with_for_update(read=True, key_share=True)))


def _row(
    receipt: ClaimedReceipt, revision: Revision, registrants: dict[str, int], now: int
) -> dict[str, Any]:
    parked = bool(revision.problem)
    ordered_at = receipt.ordered_at
    if receipt.kind is ReceiptKind.RECONCILE and revision.modified_at:
        ordered_at = to_ms(revision.modified_at)
    return {
        "receipt_id": receipt.id,
        "position": revision.position,
        "client": receipt.client,
        "endpoint": receipt.endpoint,
        "registrant_id": registrants.get(revision.subject),
        "kind": revision.kind.value,
        "occurrence": revision.occurrence,
        "event_stub": revision.event_stub,
        "invitee_stub": revision.invitee_stub,
        "contact_stub": revision.contact_stub,
        "previous_contact_stub": revision.previous_contact_stub,
        "is_guest": revision.is_guest,
        "name": revision.name,
        "search_name": search_form(revision.name),
        "email": revision.email,
        "confirmation": revision.confirmation,
        "ordered_at": ordered_at,
        "bulk": receipt.record_count > SYNC_SIZE,
        "state": State.PARKED if parked else State.PENDING,
        "reason": revision.problem,
        "field": revision.field,
        "due_at": None if parked else now,
        "settled_at": now if parked else None,
    }
