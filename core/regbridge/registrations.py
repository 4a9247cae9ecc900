"""A stored row, or a fresh revision, → the `Registration` that hooks receive."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from regbridge.errors import RejectedError
from regbridge.message import Envelope, Revision, read_fields
from regbridge.models import Client, Drop, Event, Kind, ReceiptKind, Registration
from regbridge.store.clock import from_ms
from regbridge.store.sealed import DAMAGED, is_damaged


def from_row(row: Any, client: Client) -> Registration:
    """Return what hooks receive for a row of the ledger.

    Raises `RejectedError` when the record's JSON cannot be read, or decrypted.
    """
    if is_damaged(row.payload):
        raise RejectedError(DAMAGED)
    return Registration(
        id=row.id,
        client=client.name,
        endpoint=row.endpoint,
        kind=Kind(row.kind),
        event_type=row.event_type,
        fields=MappingProxyType(read_fields(row.payload)),
        subject=row.subject or "",
        event=find_event(client, row.event_stub),
        event_stub=row.event_stub,
        invitee_stub=row.invitee_stub,
        contact_stub=row.contact_stub,
        previous_contact_stub=row.previous_contact_stub,
        is_guest=row.is_guest,
        message_stub=row.message_stub,
        message_time=None if row.message_time is None else from_ms(row.message_time),
        message_time_text=row.message_time_text,
        received_at=from_ms(row.received_at),
        position=row.position,
        occurrence=row.occurrence,
        message_size=row.record_count,
        receipt_kind=ReceiptKind(row.receipt_kind),
    )


def from_revision(
    revision: Revision, envelope: Envelope, client: Client, endpoint: str = ""
) -> Registration:
    """Return what hooks would receive for a message that is not in the ledger, as cases need it."""
    return Registration(
        id=revision.position,
        client=client.name,
        endpoint=endpoint,
        kind=revision.kind,
        event_type=envelope.event_type,
        fields=MappingProxyType(read_fields(revision.payload)),
        subject=revision.subject,
        event=find_event(client, revision.event_stub),
        event_stub=revision.event_stub,
        invitee_stub=revision.invitee_stub,
        contact_stub=revision.contact_stub,
        previous_contact_stub=revision.previous_contact_stub,
        is_guest=revision.is_guest,
        message_stub=envelope.message_stub,
        message_time=envelope.message_time,
        message_time_text=envelope.message_time_text,
        position=revision.position,
        occurrence=revision.occurrence,
        message_size=len(envelope.records),
    )


def find_event(client: Client, event_stub: str) -> Event | None:
    """Return the client's event with this id, if its file names it."""
    return client.events_by_id.get(event_stub)


def untaken(registration: Registration, client: Client) -> Drop | None:
    """Return why the client takes no such registration at all, whatever its plugins say."""
    if not any(registration.kind in target.kinds for target in client.targets.values()):
        return Drop(_UNTAKEN.get(registration.kind, f"a {registration.kind} message") + _NOBODY)
    endpoint = client.endpoints.get(registration.endpoint)
    if endpoint is None or not endpoint.events:
        return None
    event = registration.event.name if registration.event else registration.event_stub or "none"
    if event in endpoint.events:
        return None
    return Drop(f"event {event} is not among those of the endpoint {endpoint.name}")


_NOBODY = "; no target of this client takes those"
_UNTAKEN: Mapping[Kind, str] = {
    Kind.ABANDONED: "an abandoned registration",
    Kind.ATTENDANCE: "an attendance message",
    Kind.ORDER: "an order",
    Kind.EMAIL: "an e-mail message",
    Kind.EVENT: "an event message",
    Kind.UNKNOWN: "a message of an unknown type",
}
