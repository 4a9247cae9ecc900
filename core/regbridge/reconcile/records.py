"""What a receipt of a reconciliation says: a message as Cvent's own Sync would send it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import msgspec

from regbridge.message import KINDS
from regbridge.models import Attendee
from regbridge.reconcile.compare import is_live
from regbridge.store.clock import from_ms
from regbridge.store.differences import Difference

SYNCED = "AttendeeManualSynced"
CANCELLED = "InviteeOrGuestCancelled"

_STATUSES = {
    "InviteeOrGuestAccepted": "Accepted",
    "InviteeSubstitutedInAnEvent": "Accepted",
    CANCELLED: "Cancelled",
}
"""What a message says by its type alone (reference/cvent-webhooks.md, section 8)."""

assert _STATUSES.keys() | {SYNCED} <= KINDS.keys()


def event_type(attendee: Attendee, difference: Difference) -> str:
    """Return the eventType of the message that tells of an attendee.

    Mappings know a cancellation by its eventType or by inviteeStatus, so it has both.
    """
    ended = difference in (Difference.CANCELLED, Difference.DELETED_GUEST)
    gone = ended and not is_live("Cancelled" if attendee.is_deleted else attendee.status)
    return CANCELLED if gone else SYNCED


def record_of(attendee: Attendee, ordered_at: int, contact_before: str = "") -> bytes:
    """Return an attendee's record, which carries the time (ms) that orders it.

    `contact_before` is the contact that the ledger has for the invitee, if it is another one.
    """
    fields: dict[str, Any] = {**attendee.fields, "lastModified": _written(from_ms(ordered_at))}
    if contact_before:
        fields["oldContactStub"] = contact_before
    return msgspec.json.encode(fields)


def message_of(kind: str, stub: str, at: datetime, records: Sequence[bytes]) -> bytes:
    """Return a message with the records, as it is stored and split like every other."""
    head = {"eventType": kind, "messageTime": _written(at), "messageStub": stub}
    return msgspec.json.encode(head | {"message": [msgspec.Raw(record) for record in records]})


def status_in(kind: str, payload: bytes | None) -> str | None:
    """Return the status that a revision tells, None if it does not or its data was purged."""
    if kind in _STATUSES:
        return _STATUSES[kind]
    if payload is None:
        return None
    try:
        found = _decode_status(payload).inviteeStatus
    except (msgspec.MsgspecError, RecursionError):
        return None
    return found.strip() or None if isinstance(found, str) else None


def name_in(attendee: Attendee) -> str:
    """Return an attendee's name, for people."""
    fields = attendee.fields
    return " ".join(str(fields.get(part) or "") for part in ("firstName", "lastName")).strip()


class _Status(msgspec.Struct):
    inviteeStatus: Any = None  # noqa: N815 - Cvent's spelling


_decode_status = msgspec.json.Decoder(_Status).decode


def _written(time: datetime) -> str:
    return f"{time:%Y-%m-%dT%H:%M:%S}.{time.microsecond // 1000:03d}Z"
