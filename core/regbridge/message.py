"""Cvent's envelope → registrations: their kind, their identity, their time."""

from __future__ import annotations

import codecs
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import msgspec

from regbridge.errors import MalformedMessageError, RejectedError
from regbridge.models import Kind
from regbridge.times import parse_time

KINDS: Mapping[str, Kind] = {
    "AttendeeManualSynced": Kind.REGISTRATION,
    "InviteeOrGuestAccepted": Kind.REGISTRATION,
    "InviteeOrGuestCancelled": Kind.REGISTRATION,
    "InviteeSubstitutedInAnEvent": Kind.REGISTRATION,
    "InviteeAbandonedRegistrationInAnEvent": Kind.ABANDONED,
    "InviteeAbandonedRegistrationManualSynced": Kind.ABANDONED,
    "InviteeAttendsCventSession": Kind.ATTENDANCE,
    "InviteeOrGuestEmailBounced": Kind.EMAIL,
    "InviteeOrGuestEmailOpened": Kind.EMAIL,
    "InviteeOrGuestEmailSent": Kind.EMAIL,
    "InviteeResubscribed": Kind.EMAIL,
    "ContactConfirmedOptedIn": Kind.CONTACT,
    "ContactOptedOut": Kind.CONTACT,
    "SessionCreated": Kind.SESSION,
    "SessionDeleted": Kind.SESSION,
    "SessionManualSynced": Kind.SESSION,
    "SessionUpdated": Kind.SESSION,
    "EventManualSynced": Kind.EVENT,
    "SpeakerCreated": Kind.SPEAKER,
    "SpeakerDeleted": Kind.SPEAKER,
    "SpeakerUpdated": Kind.SPEAKER,
}
"""The eventType strings that are publicly known; Cvent has about twenty more."""

ALIASES: Mapping[str, str] = {
    "address_1": "workAddress1",
    "address_2": "workAddress2",
    "city": "workCity",
    "first_name": "firstName",
    "last_name": "lastName",
    "newContactStub": "contactStub",
    "organization_name": "company",
    "phone_work": "workPhone",
    "registration_code": "confirmationNumber",
    "remote_avatar_url": "profileImageUrl",
    "state": "workState",
    "visible_on_attendee_list": "visibleOnAttendeeList",
    "zip": "workZipcode",
}
"""Names that InviteeSubstitutedInAnEvent uses → those of every other registration message."""

_GUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}", re.ASCII)
_NO_GUID = "00000000-0000-0000-0000-000000000000"
_BOM = b"\xef\xbb\xbf"
_PIECE = 1 << 20


@dataclass(frozen=True, slots=True)
class Envelope:
    """A message; `records` are the JSON texts of its records, as they came."""

    event_type: str
    message_stub: str
    message_time: datetime | None
    message_time_text: str
    records: Sequence[msgspec.Raw]


class Revision(msgspec.Struct, frozen=True, kw_only=True):
    """Who or what one record of a message is about; `subject` and `occurrence` as in
    `Registration`, `payload` the record's JSON.

    `modified_at` is the record's own time, which those have that reconciling made. `problem` and
    `field` say why the record cannot be taken (it is parked); "" when it can.
    """

    position: int
    payload: bytes
    kind: Kind = Kind.UNKNOWN
    subject: str = ""
    occurrence: int = 0
    event_stub: str = ""
    invitee_stub: str = ""
    contact_stub: str = ""
    previous_contact_stub: str = ""
    is_guest: bool = False
    name: str = ""
    email: str = ""
    confirmation: str = ""
    modified_at: datetime | None = None
    problem: str = ""
    field: str = ""


def read_envelope(body: bytes) -> Envelope:
    """Read a message's envelope; its records stay unread.

    Accepts a UTF-8 byte order mark. Raises `MalformedMessageError`, whose text says what is wrong
    and where and never quotes the body, when the body is not UTF-8, not JSON or not an envelope.
    """
    text = body.removeprefix(_BOM)
    if not text.strip():
        raise MalformedMessageError("the body is empty; a Cvent message in JSON was expected")
    try:
        _require_utf8(text)
        envelope = _decode_envelope(text)
    except RecursionError:
        raise MalformedMessageError("the body is nested too deeply") from None
    except msgspec.ValidationError as error:
        raise MalformedMessageError(f"the body is not a Cvent message: {error}") from None
    except msgspec.DecodeError as error:
        raise MalformedMessageError(f"the body is not JSON: {error}") from None
    time_text = _text(envelope.messageTime) if isinstance(envelope.messageTime, str) else ""
    return Envelope(
        event_type=envelope.eventType.replace("\0", ""),
        message_stub=normal_id(envelope.messageStub),
        message_time=_utc(time_text),
        message_time_text=time_text,
        records=envelope.message,
    )


def read_revisions(
    envelope: Envelope, kinds: Mapping[str, Kind], start: int = 0
) -> Iterator[Revision]:
    """Yield the revisions of a message in order, from position `start` on.

    `kinds` is what the client says about event types; it wins over `KINDS`.
    """
    seen: Counter[str] = Counter()
    for position, record in enumerate(envelope.records):
        revision = _read_revision(position, bytes(record), envelope.event_type, kinds)
        if revision.subject:
            occurrence = seen[revision.subject]
            seen[revision.subject] += 1
            if occurrence:
                revision = msgspec.structs.replace(revision, occurrence=occurrence)
        if position >= start:
            yield revision


def read_fields(payload: bytes) -> dict[str, Any]:
    """Return a record's fields, with the usual names added beside `ALIASES`.

    Raises `RejectedError` when the record is not an object or holds a number too large.
    """
    try:
        fields = _decode_object(payload)
    except (msgspec.MsgspecError, RecursionError) as error:
        raise RejectedError(f"the record cannot be read: {error}") from None
    for alias in ALIASES.keys() & fields.keys():
        fields.setdefault(ALIASES[alias], fields[alias])
    return fields


def normal_id(value: Any) -> str:
    """Return an id for comparison: a GUID in lower case, "" for an all-zero one or for none.

    Other ids are opaque: only the spaces around them go.
    """
    if isinstance(value, bool):
        return ""
    text = _text(value)
    if _GUID.fullmatch(text):
        text = text.lower()
    return "" if text == _NO_GUID else text


def no_subject(missing: str) -> str:
    """Return the problem of a registration that lacks a field that identifies it."""
    return f"{missing} is missing, so nobody can say whose registration this is"


def _require_utf8(text: bytes) -> None:
    """Look through a message piece by piece: as a whole it may take four times its size."""
    if text.isascii():
        return
    decoder = codecs.getincrementaldecoder("utf-8")()
    view = memoryview(text)
    for start in range(0, len(text), _PIECE):
        pending = len(decoder.getstate()[0])
        try:
            decoder.decode(view[start : start + _PIECE], final=start + _PIECE >= len(text))
        except UnicodeDecodeError as error:
            where = start - pending + error.start
            raise MalformedMessageError(f"the body is not UTF-8 (byte {where})") from None


class _Envelope(msgspec.Struct):
    eventType: str
    message: list[msgspec.Raw]
    messageTime: Any = None
    messageStub: Any = None


class _Identifying(msgspec.Struct):
    """The fields that tell records apart, under Cvent's names; the rest is skipped unread."""

    inviteeStub: Any = None
    contactStub: Any = None
    newContactStub: Any = None
    oldContactStub: Any = None
    eventStub: Any = None
    sessionStub: Any = None
    speakerStub: Any = None
    eventEmailStub: Any = None
    isGuest: Any = None
    firstName: Any = None
    first_name: Any = None
    lastName: Any = None
    last_name: Any = None
    email: Any = None
    confirmationNumber: Any = None
    registration_code: Any = None
    lastModified: Any = None
    orders: msgspec.Raw = msgspec.Raw(b"[]")


_decode_envelope = msgspec.json.Decoder(_Envelope).decode
_decode_identifying = msgspec.json.Decoder(_Identifying).decode
_decode_object = msgspec.json.Decoder(dict[str, Any]).decode


def _read_revision(
    position: int, payload: bytes, event_type: str, kinds: Mapping[str, Kind]
) -> Revision:
    try:
        record = _decode_identifying(payload)
    except (msgspec.MsgspecError, RecursionError) as error:
        kind = kinds.get(event_type) or KINDS.get(event_type, Kind.UNKNOWN)
        problem = f"the record cannot be read: {error}"
        return Revision(position=position, payload=payload, kind=kind, problem=problem)
    event = normal_id(record.eventStub)
    invitee = normal_id(record.inviteeStub) or _invitee_of_orders(record)
    confirmation = _text(record.confirmationNumber or record.registration_code)
    kind = (
        kinds.get(event_type)
        or KINDS.get(event_type)
        or _kind_by_shape(record, bool(event and invitee and confirmation))
    )
    subject, missing = _subject(kind, record, event, invitee)
    return Revision(
        position=position,
        payload=payload,
        kind=kind,
        subject=subject,
        event_stub=event,
        invitee_stub=invitee,
        contact_stub=normal_id(record.newContactStub) or normal_id(record.contactStub),
        previous_contact_stub=normal_id(record.oldContactStub),
        is_guest=_is_yes(record.isGuest),
        name=_name(record),
        email=_text(record.email).lower(),
        confirmation=confirmation,
        modified_at=_utc(_text(record.lastModified)) if record.lastModified else None,
        problem=no_subject(missing) if missing else "",
        field=missing,
    )


def _kind_by_shape(record: _Identifying, is_registration: bool) -> Kind:
    """Classify an event type that nobody has documented, by what the record holds."""
    if normal_id(record.eventEmailStub):
        return Kind.EMAIL
    if is_registration:
        return Kind.ATTENDANCE if normal_id(record.sessionStub) else Kind.REGISTRATION
    return Kind.UNKNOWN


def _subject(kind: Kind, record: _Identifying, event: str, invitee: str) -> tuple[str, str]:
    """Return the subject ("" when the record names nobody) and the field that a registration lacks.

    Messages without an invitee are registrations of their own kind.
    """
    match kind:
        case Kind.REGISTRATION:
            missing = "" if event and invitee else "inviteeStub" if event else "eventStub"
            return ("" if missing else f"{kind}:{event}:{invitee}"), missing
        case Kind.CONTACT:
            parts = [normal_id(record.contactStub)]
        case Kind.SESSION:
            parts = [normal_id(record.sessionStub)]
        case Kind.SPEAKER:
            parts = [normal_id(record.speakerStub)]
        case Kind.EVENT:
            parts = [event]
        case Kind.ABANDONED:
            parts = [event, _text(record.email).lower()]
        case Kind.EMAIL:
            parts = [
                event,
                invitee or normal_id(record.contactStub),
                normal_id(record.eventEmailStub),
            ]
        case Kind.ATTENDANCE:
            parts = [event, invitee or normal_id(record.contactStub), normal_id(record.sessionStub)]
        case Kind.ORDER:
            parts = [event, invitee]
        case _:
            parts = [""]
    return (":".join((kind, *parts)) if all(parts) else ""), ""


def _invitee_of_orders(record: _Identifying) -> str:
    """Return the invitee that the orders name, where the record itself does not (a cancellation).

    A primary registrant's orders may also list guests, so only registrants with the record's own
    `isGuest` count, and only when they agree.
    """
    try:
        orders = msgspec.json.decode(record.orders)
        registrants = [
            detail["registrant"]
            for order in orders
            for detail in order.get("orderDetails") or ()
            if isinstance(detail.get("registrant"), dict)
        ]
    except (msgspec.MsgspecError, AttributeError, TypeError, RecursionError):
        return ""
    found = {
        normal_id(registrant.get("inviteeStub"))
        for registrant in registrants
        if _is_yes(registrant.get("isGuest")) == _is_yes(record.isGuest)
    } - {""}
    return found.pop() if len(found) == 1 else ""


def _is_yes(value: Any) -> bool:
    return value is True or str(value).strip().lower() in {"true", "yes", "1"}


def _name(record: _Identifying) -> str:
    first = _text(record.firstName or record.first_name)
    return f"{first} {_text(record.lastName or record.last_name)}".strip()


def _text(value: Any) -> str:
    if isinstance(value, str):
        # PostgreSQL takes no NUL in a text; the record's own bytes keep it.
        return (value.replace("\0", "") if "\0" in value else value).strip()
    return str(value) if isinstance(value, int) else ""


def _utc(text: str) -> datetime | None:
    """Return a messageTime in UTC; one without a zone is taken as UTC, one that is no time None."""
    time = parse_time(text)
    if not isinstance(time, datetime):
        return None
    return time if time.tzinfo else time.replace(tzinfo=UTC)
