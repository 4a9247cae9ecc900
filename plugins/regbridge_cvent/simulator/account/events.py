"""The made-up events: what they are, their registration types, paths and sessions."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

from regbridge.testing import payloads
from regbridge.testing.people import code
from regbridge_cvent.simulator.account.forms import audit, rest_id, shared_id, write_time

CREATED = datetime(2026, 6, 1, 9, 0, tzinfo=UTC)
"""When the events were made, and all that belongs to them before anybody registers."""

ADMISSION_ITEM = "Conference Pass"
_START = datetime(2027, 3, 4, 14, 0, tzinfo=UTC)
_END = datetime(2027, 3, 6, 21, 0, tzinfo=UTC)
_TYPES = ("Member", "Student", "Speaker")
_PATHS = ("Members", "Guests")
_SESSIONS = (
    ("Opening keynote", True),
    ("Workshop: soils and rivers", False),
    ("Workshop: maps by hand", False),
    ("Boat tour", False),
)
_EVENT_CODES = 5 * 10**11  # far from the numbers of registrants and of orders


def lookup(what: str, event_id: str, name: str) -> dict[str, str]:
    """Return the reference to something of an event that has a name: `id`, `code`, `name`."""
    return {
        "id": shared_id(f"{what} {name} of {event_id}"),
        "code": name.upper().replace(" ", "")[:30],
        "name": name,
    }


def type_name(number: int) -> str:
    """Return the registration type of a registrant; every fourth has none."""
    return (*_TYPES, "")[number % 4]


def event_record(event: str, position: int) -> dict[str, Any]:
    """Return the event with an eventStub; the first one is that of the payloads."""
    told = _told()
    return {
        **audit(CREATED),
        "id": rest_id(event),
        "title": told["eventTitle"] if position == 0 else f"Regional Meeting {position}",
        "code": told["eventCode"] if position == 0 else code(_EVENT_CODES + position),
        "description": told["eventDescription"],
        "format": "In-person",
        "virtual": False,
        "start": write_time(_START),
        "end": write_time(_END),
        "closeAfter": write_time(_START),
        "archiveAfter": "2027-06-04T14:00:00.000Z",
        "launchAfter": "2026-09-01T08:00:00.000Z",
        "timezone": "America/New_York",
        "venues": [
            {"name": told["eventLocation"], "address": {"city": "Duluth", "countryCode": "US"}}
        ],
        "defaultLocale": "en-US",
        "languages": ["en-US"],
        "currency": "USD",
        "registrationSecurityLevel": "Public",
        "status": "Active",
        "eventStatus": "Upcoming",
        "planningStatus": "Confirmed",
        "testMode": False,
        "capacity": 20_000,
        "planners": [
            {
                "firstName": told["eventPlannerFirstName"],
                "lastName": told["eventPlannerLastName"],
                "title": told["eventPlannerTitle"],
                "company": told["eventPlannerCompany"],
                "email": "petra.holm@example.com",
            }
        ],
        "customFields": [
            {
                "id": EVENT_FIELD,
                "name": "Department",
                "value": ["Education"],
                "order": 1,
                "type": "SingleChoice",
            }
        ],
        "type": "Conference",
    }


EVENT_FIELD = shared_id("event custom field", 1)
"""The id of the one custom field of events."""


def type_records(event_id: str) -> Iterator[dict[str, Any]]:
    """Yield the registration types of an event, each with its path."""
    for name in _TYPES:
        yield {
            **lookup("registration type", event_id, name),
            "description": f"For a {name.lower()}.",
            "virtual": False,
            "openForRegistration": True,
            "event": {"id": event_id},
            "capacity": {"total": -1, "remaining": -1, "consumed": 0},
            "registrationPath": {"id": lookup("registration path", event_id, "Members")["id"]},
        }


def path_records(event_id: str) -> Iterator[dict[str, Any]]:
    """Yield the registration paths of an event."""
    for name in _PATHS:
        yield {
            **lookup("registration path", event_id, name),
            "description": f"{name} register here.",
        }


@cache
def session_ids(event_id: str) -> tuple[str, ...]:
    """Return the ids of an event's sessions; only the first is included with registration."""
    return tuple(shared_id(f"session of {event_id}", number) for number in range(len(_SESSIONS)))


def session_records(event_id: str) -> Iterator[dict[str, Any]]:
    """Yield the sessions of an event."""
    for number, (title, included) in enumerate(_SESSIONS):
        start = _START + timedelta(hours=2 * number)
        yield {
            **audit(CREATED),
            "id": session_ids(event_id)[number],
            "event": {"id": event_id},
            "title": title,
            "code": f"S{number + 1:02}",
            "start": write_time(start),
            "end": write_time(start + timedelta(hours=1)),
            "status": "Active",
            "virtual": False,
            "includedSession": included,
            "enableWaitlist": False,
            "capacityUnlimited": True,
            "openForRegistration": not included,
            "openForAttendeeHub": True,
            "registrationTypes": [],
            "admissionItems": [lookup("admission item", event_id, ADMISSION_ITEM)["id"]],
            "order": number + 1,
        }


def _told() -> Mapping[str, Any]:
    """Return what webhooks tell of the event."""
    message = payloads.live("InviteeOrGuestAccepted", payloads.registrant(1))
    told: Mapping[str, Any] = message["message"][0]["eventForInvitee"]
    return told
