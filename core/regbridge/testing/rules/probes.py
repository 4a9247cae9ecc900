"""Registrations that a plugin must be able to take: of every kind, odd, incomplete, hostile."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from regbridge.message import KINDS
from regbridge.models import Client, Kind, Registration
from regbridge.testing.payloads import EVENT, live, message, registrant, substitution
from regbridge.testing.registrations import registrations_of
from regbridge.testing.rules.texts import UNICODE

_NAMES = {"firstName": "Zoë", "lastName": "O'Brien-Núñez", "email": "zoe.obrien@example.org"}
_IDS = frozenset({"inviteeStub", "eventStub"})
_ODD: Mapping[str, Any] = {
    "null": None,
    "an empty text": "",
    "a number": 0,
    "a large number": 10**15,
    "a fraction": 0.5,
    "true": True,
    "a list": [],
    "a list of lists": [[], [None]],
    "an object": {},
    "a text of all scripts": UNICODE,
    "a long text": "long " * 400,
}
_TYPES: Mapping[Kind, str] = {kind: name for name, kind in reversed(list(KINDS.items()))}


@dataclass(frozen=True, slots=True)
class Probe:
    """A registration, and what is special about it, in words that name nobody."""

    label: str
    registration: Registration


def probes(client: Client) -> list[Probe]:
    """Return registrations of one made-up person, as the host would hand them to plugins."""
    return [*_kinds(client), *_messages(client), *_odd(client), *_lacking(client)]


def person(client: Client) -> Registration:
    """Return a registration with nothing odd about it."""
    return _made(client, "InviteeOrGuestAccepted", record_of(client))


def record_of(client: Client, number: int = 1, **fields: Any) -> dict[str, Any]:
    """Return the record of the made-up person, at the client's first event."""
    event = next((each.id for each in client.events.values()), EVENT)
    return registrant(number, event, **{**_NAMES, **fields})


def _kinds(client: Client) -> Iterator[Probe]:
    """Yield a registration of every kind; the record is the same, whatever the kind is about."""
    record = {
        **record_of(client),
        "sessionStub": "5E551011-0000-4000-8000-000000000001",
        "speakerStub": "5E551011-0000-4000-8000-000000000002",
        "eventEmailStub": "5E551011-0000-4000-8000-000000000003",
    }
    for kind in Kind:
        event_type = _TYPES.get(kind, f"SomethingAbout{kind.title().replace('-', '')}")
        kinds = {**client.kinds, event_type: kind}
        found = registrations_of(message(event_type, [record]), replace(client, kinds=kinds))
        yield from (Probe(f"a message of the kind {kind}", each) for each in found)


def _messages(client: Client) -> Iterator[Probe]:
    record = record_of(client)
    newcomer = record_of(client, 2)
    for label, content in {
        "a message as Cvent sends it": live("InviteeOrGuestAccepted", record),
        "a cancellation": live("InviteeOrGuestCancelled", {**record, "inviteeStatus": "Cancelled"}),
        "a substitution": substitution(record, newcomer),
        "a manual sync": message("AttendeeManualSynced", [record]),
        "a guest": live("InviteeOrGuestAccepted", {**record, "isGuest": True}),
        "an event that the client does not name": live(
            "InviteeOrGuestAccepted",
            {**record, "eventStub": "E0000000-0000-4000-8000-000000000001"},
        ),
        "a message without its id": message("InviteeOrGuestAccepted", [record], stub=""),
        "a message whose time is none": message("InviteeOrGuestAccepted", [record], time="soon"),
    }.items():
        yield from (Probe(label, each) for each in registrations_of(content, client))


def _odd(client: Client) -> Iterator[Probe]:
    """Yield registrations in which every field but the ids is of another type, all at once."""
    record = record_of(client)
    for label, value in _ODD.items():
        odd = {name: each if name in _IDS else value for name, each in record.items()}
        yield Probe(f"a record whose fields are {label}", _made(client, "ASyncOfTomorrow", odd))
    for name in ("customFields", "orders"):
        for label, value in {"a text": "x", "a list of texts": ["x"], "null": None}.items():
            odd = {**record, name: value}
            yield Probe(f"a record whose {name} are {label}", _made(client, "AnUpdate", odd))


def _lacking(client: Client) -> Iterator[Probe]:
    """Yield registrations without each field in turn, and with nothing but the ids."""
    record = record_of(client)
    for name in sorted(record.keys() - _IDS):
        rest = {key: value for key, value in record.items() if key != name}
        yield Probe(f"a record without {name}", _made(client, "InviteeOrGuestAccepted", rest))
    bare = {name: record[name] for name in _IDS}
    yield Probe("a record with nothing but ids", _made(client, "InviteeOrGuestAccepted", bare))


def _made(client: Client, event_type: str, record: Mapping[str, Any]) -> Registration:
    kinds = {**client.kinds, event_type: Kind.REGISTRATION}
    [found] = registrations_of(message(event_type, [record]), replace(client, kinds=kinds))
    return found
