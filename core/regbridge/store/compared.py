"""What the ledger knows of registrants, and whom Cvent had, as passes compare them."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, delete, exists, func, select

from regbridge.models import Kind, ReceiptKind
from regbridge.store.bulk import insert_rows
from regbridge.store.forget import forgotten_contacts
from regbridge.store.proof_tables import attendees
from regbridge.store.rows import ORDER
from regbridge.store.sealed import opened
from regbridge.store.sql import among, own_payload
from regbridge.store.tables import receipts, registrants, registration_payloads, registrations


@dataclass(frozen=True, slots=True)
class NewestRevision:
    """The newest revision of a registrant, whatever became of it; `payload` None once purged.

    `received_at` is when the last of all revisions arrived. `tombstones` are the contacts that are
    forgotten, "" for any.
    """

    registration: int
    name: str
    ordered_at: int
    received_at: int
    contact_stub: str
    event_type: str
    payload: bytes | None
    tombstones: Collection[str]


def newest_revisions(
    connection: Connection, client: str, subjects: Collection[str]
) -> dict[str, NewestRevision]:
    """Return the newest revision of each registrant that the ledger knows, by subject."""
    statement = select(registrants.c.id, registrants.c.subject, registrants.c.forgotten_at)
    mine = statement.where(registrants.c.client == client, among(registrants.c.subject, subjects))
    found = {row.id: row for row in connection.execute(mine)}
    last: dict[int, Any] = {}
    received: dict[int, int] = {}
    for row in connection.execute(_revisions(found)):
        last[row.registrant_id] = row
        received[row.registrant_id] = max(received.get(row.registrant_id, 0), row.received_at)
    payloads = _payloads(connection, [row.id for row in last.values()])
    gone = forgotten_contacts(
        connection, [row.id for row in found.values() if row.forgotten_at is not None]
    )
    return {
        found[key].subject: NewestRevision(
            registration=row.id,
            name=row.name,
            ordered_at=row.ordered_at,
            received_at=received[key],
            contact_stub=row.contact_stub,
            event_type=row.event_type,
            payload=payloads.get(row.id),
            tombstones=gone.get(key, ()),
        )
        for key, row in last.items()
    }


def keep_attendees(connection: Connection, rows: Sequence[dict[str, Any]]) -> None:
    """Write whom Cvent has; a row of somebody who is known already is replaced."""
    if not rows:
        return
    of = rows[0]
    known = delete(attendees).where(
        attendees.c.client == of["client"],
        attendees.c.event_stub == of["event_stub"],
        among(attendees.c.invitee_stub, [row["invitee_stub"] for row in rows]),
    )
    connection.execute(known)
    insert_rows(connection, attendees, rows)


def drop_unseen(connection: Connection, row: Any) -> list[str]:
    """Remove whom a full pass did not see.

    Returns the subjects of all registrants of the event whom the ledger has and Cvent does not.
    """
    unseen = delete(attendees).where(
        attendees.c.client == row.client,
        attendees.c.event_stub == row.event_stub,
        attendees.c.seen_in < row.id,
    )
    connection.execute(unseen)
    prefix = f"{Kind.REGISTRATION}:{row.event_stub}:"
    # By their key: by their subject, all attendees would be read for each registrant.
    seen = exists().where(
        attendees.c.client == row.client,
        attendees.c.event_stub == row.event_stub,
        attendees.c.invitee_stub == func.substr(registrants.c.subject, len(prefix) + 1),
    )
    of_event = registrants.c.subject.startswith(prefix, autoescape=True)
    statement = select(registrants.c.subject).where(
        registrants.c.client == row.client, of_event, ~seen
    )
    return list(connection.scalars(statement))


def waits_to_be_split(connection: Connection, client: str, before: int) -> bool:
    """Say whether a message that arrived before a time is no registrations yet."""
    found = select(receipts.c.id).where(
        receipts.c.client == client, receipts.c.due_at.is_not(None), receipts.c.received_at < before
    )
    return connection.scalar(found.limit(1)) is not None


def was_told(connection: Connection, client: str, event: str, since: int) -> bool:
    """Say whether Cvent has posted anything about an event since a time (about any if "")."""
    found = (
        select(registrations.c.id)
        .join(receipts, receipts.c.id == registrations.c.receipt_id)
        .where(
            receipts.c.received_at > since,
            receipts.c.kind == ReceiptKind.WEBHOOK,
            registrations.c.client == client,
            *([registrations.c.event_stub == event] if event else []),
        )
    )
    return connection.scalar(found.limit(1)) is not None


def _revisions(of: Collection[int]) -> Any:
    statement = select(
        registrations.c.id,
        registrations.c.registrant_id,
        registrations.c.name,
        registrations.c.ordered_at,
        registrations.c.contact_stub,
        receipts.c.received_at,
        receipts.c.event_type,
    ).join(receipts, receipts.c.id == registrations.c.receipt_id)
    return statement.where(among(registrations.c.registrant_id, of)).order_by(*ORDER)


def _payloads(connection: Connection, of: Collection[int]) -> dict[int, bytes]:
    statement = select(registrations.c.id, registration_payloads).join(
        registration_payloads, own_payload()
    )
    statement = statement.where(among(registrations.c.id, of))
    found = opened(connection, statement, registration_payloads.c.payload)
    return {row.id: row.payload for row in found}
