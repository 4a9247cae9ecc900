"""The frozen values that hooks receive and return."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType
from typing import Any

from regbridge.addresses import Network
from regbridge.findings import Finding as Finding
from regbridge.findings import Level as Level

EMPTY: Mapping[str, Any] = MappingProxyType({})


class Kind(StrEnum):
    """What a registration (one record of a message) is about."""

    REGISTRATION = "registration"
    ABANDONED = "abandoned"
    ATTENDANCE = "attendance"
    ORDER = "order"
    EMAIL = "email"
    CONTACT = "contact"
    SESSION = "session"
    EVENT = "event"
    SPEAKER = "speaker"
    MEETING_REQUEST = "meeting-request"
    UNKNOWN = "unknown"


class ReceiptKind(StrEnum):
    """How a message came: Cvent posted it, or reconciling found that it was missing."""

    WEBHOOK = "webhook"
    RECONCILE = "reconcile"


class KeyedOn(StrEnum):
    """What one record at a target stands for."""

    REGISTRANT = "registrant"
    CONTACT = "contact"


@dataclass(frozen=True, slots=True)
class Question:
    """A registration question that a client named: by its GUID, its portable code, or its text."""

    name: str
    id: str | None = None
    code: str | None = None
    text: str | None = None


@dataclass(frozen=True, slots=True)
class Product:
    """Something that a client named and that registrants order: by its GUID, or by its `title`."""

    name: str
    id: str | None = None
    title: str | None = None


@dataclass(frozen=True, slots=True)
class Event:
    """An event that a client file names. `id` is Cvent's eventStub, GUIDs in lower case."""

    name: str
    id: str
    time_zone: str = "UTC"
    questions: Mapping[str, Question] = field(default_factory=lambda: EMPTY)
    products: Mapping[str, Product] = field(default_factory=lambda: EMPTY)


@dataclass(frozen=True, slots=True)
class Target:
    """A CRM destination of a client. `map` is the mapping block as the YAML gives it.

    `time_zone` is the zone that its times are written in; None means the zone of each event.
    `after` is the target that each registration has to reach before this one.
    """

    name: str
    kinds: frozenset[Kind] = frozenset({Kind.REGISTRATION})
    keyed_on: KeyedOn = KeyedOn.REGISTRANT
    time_zone: str | None = None
    after: str | None = None
    map: Mapping[str, Any] = field(default_factory=lambda: EMPTY)


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A URL path that Cvent posts to. `tokens` are the resolved secrets, several for rotation, and
    none where a plugin lets in by something else.

    `events` are the names of the events that it takes; empty means all. `silence_hours` is how
    long nothing may arrive before that is worth an alert, None for ever. `token_names` say where
    each token comes from ("env APAP_CVENT_TOKEN"). `allow_from` are the networks that may reach it,
    None where the host's own rule holds.
    """

    name: str
    path: str
    tokens: tuple[str, ...] = field(repr=False)
    events: tuple[str, ...] = ()
    silence_hours: float | None = None
    token_names: tuple[str, ...] = ()
    allow_from: tuple[Network, ...] | None = None


@dataclass(frozen=True, slots=True)
class Reconcile:
    """How a client's events are compared with what Cvent has.

    `statuses` are those (in lower case) with which a registrant must be here. What changed within
    the last `grace_minutes` may still be on its way and is left to the next time; what is asked for
    by its time of change is asked for from `overlap_minutes` before. `every_minutes` is None when
    it is done by hand alone.
    """

    every_minutes: float | None = 60.0
    full_every_hours: float = 24.0
    calls_per_day: int = 200
    fix: bool = True
    overwrite: bool = False
    statuses: frozenset[str] = frozenset({"accepted"})
    grace_minutes: float = 5.0
    overlap_minutes: float = 10.0


BY_HAND = Reconcile(every_minutes=None)
"""What holds for a client whose file does not say how it is reconciled."""


@dataclass(frozen=True, slots=True)
class Client:
    """One organisation's configuration, as plugins may see it.

    `time_zone` holds for registrations of events that `events` does not name. `events_by_id` are
    the same events by their eventStub.
    """

    name: str
    events: Mapping[str, Event] = field(default_factory=lambda: EMPTY)
    targets: Mapping[str, Target] = field(default_factory=lambda: EMPTY)
    endpoints: Mapping[str, Endpoint] = field(default_factory=lambda: EMPTY)
    kinds: Mapping[str, Kind] = field(default_factory=lambda: EMPTY)
    time_zone: str = "UTC"
    reconcile: Reconcile = BY_HAND
    events_by_id: Mapping[str, Event] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        by_id = {event.id: event for event in self.events.values()}
        object.__setattr__(self, "events_by_id", MappingProxyType(by_id))


@dataclass(frozen=True, slots=True)
class Request:
    """The head of an HTTP request. Header names are in lower case; the body is not read yet."""

    method: str
    path: str
    headers: Mapping[str, str] = field(repr=False)
    remote_address: str = ""


@dataclass(frozen=True, slots=True)
class Identity:
    """Who a request proved to be, in words that may be logged ("token 1", never the token)."""

    name: str


@dataclass(frozen=True, slots=True)
class Registration:
    """One record of a message: one attendee of one event at one moment.

    Stubs are Cvent's ids; a GUID is in lower case, an all-zero GUID is "". `fields` is the record
    as Cvent sent it, with the usual field names added where a message type uses others
    (`first_name` is also there as `firstName`). `enriched` holds one patch per enrichment plugin,
    under the plugin's name. Times are aware and in UTC.

    `subject` is the identity of who or what the record is about, within the client: for a
    registrant `registration:<event>:<invitee>`; "" when the record names nobody. `occurrence`
    counts the records of one message that share a subject, from 0. `message_size` is how many
    records came in the same message, and `receipt_kind` says how that came.
    """

    id: int
    client: str
    endpoint: str
    kind: Kind
    event_type: str
    fields: Mapping[str, Any] = field(repr=False)
    subject: str = ""
    event: Event | None = None
    event_stub: str = ""
    invitee_stub: str = ""
    contact_stub: str = ""
    previous_contact_stub: str = ""
    is_guest: bool = False
    message_stub: str = ""
    message_time: datetime | None = None
    message_time_text: str = ""
    received_at: datetime | None = None
    position: int = 0
    occurrence: int = 0
    message_size: int = 1
    receipt_kind: ReceiptKind = ReceiptKind.WEBHOOK
    enriched: Mapping[str, Mapping[str, Any]] = field(default_factory=lambda: EMPTY, repr=False)

    def document(self) -> dict[str, Any]:
        """Return what a mapping reads, a new dict at every call.

        At the top the record's fields, each enrichment patch laid over them in call order; beside
        them `enriched.<plugin>` (each patch by itself), `event` (name, id, time_zone, and what
        patches say about the event), `message` (eventType, messageTime, messageStub) and
        `registration` (kind, endpoint, isGuest, the stubs in lower case, receivedAt).
        """
        document = dict(self.fields)
        for patch in self.enriched.values():
            document.update(patch)
        document["enriched"] = {name: dict(patch) for name, patch in self.enriched.items()}
        about = document.get("event")
        document["event"] = (dict(about) if isinstance(about, Mapping) else {}) | {
            "name": self.event.name if self.event else None,
            "id": self.event_stub,
            "time_zone": self.event.time_zone if self.event else None,
        }
        document["message"] = {
            "eventType": self.event_type,
            "messageTime": self.message_time_text,
            "messageStub": self.message_stub,
        }
        document["registration"] = {
            "kind": self.kind.value,
            "endpoint": self.endpoint,
            "isGuest": self.is_guest,
            "inviteeStub": self.invitee_stub,
            "contactStub": self.contact_stub,
            "previousContactStub": self.previous_contact_stub,
            "receivedAt": self.received_at.isoformat() if self.received_at else None,
        }
        return document


@dataclass(frozen=True, slots=True)
class Attendee:
    """A registrant as Cvent has them at this moment.

    `status` is Cvent's word for it (Accepted, Cancelled, ...), `modified_at` when anything of it
    changed last (aware, UTC), `is_deleted` marks a guest who was deleted. `fields` is the record
    that a message of Cvent's about the registrant would have, under the usual field names.
    """

    invitee_stub: str
    contact_stub: str = ""
    status: str = ""
    modified_at: datetime | None = None
    is_guest: bool = False
    is_deleted: bool = False
    fields: Mapping[str, Any] = field(default_factory=lambda: EMPTY, repr=False)


@dataclass(frozen=True, slots=True)
class AttendeePage:
    """Some attendees of an event. `next_page` asks for the next ones, "" when there are none.

    `total` is how many all pages have, None while nobody knows.
    """

    attendees: Sequence[Attendee]
    next_page: str = ""
    total: int | None = None


@dataclass(frozen=True, slots=True)
class Delivered:
    """One record as a target has it. `key` tells it from all others at that target.

    `fields` are those that can be compared with what was delivered, in one form on both sides.
    """

    key: str
    fields: Mapping[str, Any] = field(default_factory=lambda: EMPTY, repr=False)


@dataclass(frozen=True, slots=True)
class DeliveredPage:
    """Some of what a target has. `next_page` asks for the next ones, "" when there are none."""

    records: Sequence[Delivered]
    next_page: str = ""


@dataclass(frozen=True, slots=True)
class Drop:
    """A decision not to go on, with a reason that a planner understands."""

    reason: str


@dataclass(frozen=True, slots=True)
class Record:
    """The fields that one registration maps to at one target.

    A mapping returns `Record(fields)`; the host adds the rest before delivery. `delivery` is a
    stable id of this delivery (the same at every attempt), `external_id` what the target answered
    for the registrant's last delivered record, and None where that record is another person's.
    `event_stub` and `message_time` (aware, UTC) are those of the registration.
    """

    fields: Mapping[str, Any] = field(repr=False)
    delivery: int = 0
    registration: int = 0
    registrant: str = ""
    contact_stub: str = ""
    previous_contact_stub: str = ""
    external_id: str | None = None
    attempt: int = 1
    event_stub: str = ""
    message_time: datetime | None = None


class OutcomeKind(StrEnum):
    """What became of one record at a target."""

    CREATED = "created"
    UPDATED = "updated"
    UNCHANGED = "unchanged"
    REJECTED = "rejected"
    RETRY = "retry"
    AMBIGUOUS = "ambiguous"


@dataclass(frozen=True, slots=True)
class Outcome:
    """A target's answer for one record. Build one with the class methods."""

    kind: OutcomeKind
    reason: str = ""
    field: str | None = None
    external_id: str | None = None
    after: float | None = None

    @classmethod
    def created(cls, external_id: str | None = None) -> Outcome:
        """Return "the target made a new record"; `external_id` is the target's id for it."""
        return cls(OutcomeKind.CREATED, external_id=external_id)

    @classmethod
    def updated(cls, external_id: str | None = None) -> Outcome:
        """Return "the target changed a record that it had"."""
        return cls(OutcomeKind.UPDATED, external_id=external_id)

    @classmethod
    def unchanged(cls, external_id: str | None = None) -> Outcome:
        """Return "the target has exactly this already"."""
        return cls(OutcomeKind.UNCHANGED, external_id=external_id)

    @classmethod
    def rejected(cls, reason: str, field: str | None = None) -> Outcome:
        """Return "the target refuses this record"; it is parked with the reason and the field."""
        return cls(OutcomeKind.REJECTED, reason=reason, field=field)

    @classmethod
    def retry(cls, reason: str, after: float | None = None) -> Outcome:
        """Return "surely not delivered, try again"; `after` is the least wait in seconds."""
        return cls(OutcomeKind.RETRY, reason=reason, after=after)

    @classmethod
    def ambiguous(cls, reason: str) -> Outcome:
        """Return "sent, and the answer was lost": retried or parked as the target allows."""
        return cls(OutcomeKind.AMBIGUOUS, reason=reason)
