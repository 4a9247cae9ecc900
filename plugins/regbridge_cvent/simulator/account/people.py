"""Turns a webhook's record of a registrant into the contact and the attendee of the REST API."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from typing import Any

from regbridge import parse_time
from regbridge_cvent.simulator.account.events import lookup
from regbridge_cvent.simulator.account.forms import audit, filled, rest_id

Source = Mapping[str, Any]
"""A record in the form of `regbridge.testing.payloads.registrant`."""

_COUNTRY_CODES = {"USA": "US", "Canada": "CA"}
_FIELD_TYPES = {"Member number": "FreeText", "Newsletter": "SingleChoice"}
_SAME_NAME = (
    "firstName",
    "middleName",
    "lastName",
    "designation",
    "email",
    "ccEmail",
    "title",
    "company",
    "prefix",
    "workPhone",
    "workFax",
    "mobilePhone",
    "homePhone",
    "homeFax",
)
# What GET /contacts tells and an attendee's contact does not.
_CONTACT_ONLY = frozenset({"parentId", "event", "purged", "dateOfBirth"})


def registered_at(source: Source) -> datetime:
    """Return when a registrant registered, in UTC. Raises `ValueError` for a wrong date."""
    found = parse_time(source["registrationDate"])
    if isinstance(found, datetime):
        return found.replace(tzinfo=UTC) if found.tzinfo is None else found
    if isinstance(found, date):
        return datetime(found.year, found.month, found.day, tzinfo=UTC)
    raise ValueError("registrationDate is not a date that Cvent writes")


def contact_of(source: Source) -> dict[str, Any]:
    """Return the contact whom a record is about; what is empty there is left out."""
    return filled(
        {
            **audit(registered_at(source)),
            "id": rest_id(source["contactStub"]),
            **{name: source[name] for name in _SAME_NAME},
            "nickname": source["nickName"],
            "gender": source["gender"],
            "dateOfBirth": _birthday(source),
            "sourceId": source["contactSourceId"],
            "primaryAddressType": "Work",
            "workAddress": _address(source, "work"),
            "homeAddress": _address(source, "home"),
            "customFields": custom_fields(source),
            "optOut": {"optedOut": source["optedOut"] == "yes"},
            "deleted": False,
        }
    )


def custom_fields(source: Source) -> list[dict[str, Any]]:
    """Return a record's custom fields; each value is an array, an empty one for no answer."""
    return [
        filled(
            {
                "id": rest_id(field["id"]),
                "name": field["name"],
                "order": order,
                "type": _FIELD_TYPES.get(field["name"], "FreeText"),
            }
        )
        | {"value": [field["value"]] if field["value"] else []}
        for order, field in enumerate(source["customFields"], start=1)
    ]


def attendee_of(
    source: Source, contact: Mapping[str, Any], type_name: str, answers: Sequence[Mapping[str, Any]]
) -> dict[str, Any]:
    """Return the attendee that a record is about; without answers, `answers` is left out."""
    event_id = rest_id(source["eventStub"])
    times = audit(registered_at(source))
    registered = times["created"]
    record = filled(
        {
            **times,
            "id": rest_id(source["inviteeStub"]),
            "event": {"id": event_id},
            "confirmationNumber": source["confirmationNumber"],
            "contact": embedded(contact, times),
            "checkedIn": False,
            "registrationPath": _named("registration path", event_id, source["registrationPath"]),
            "registrationType": _named("registration type", event_id, type_name),
            "admissionItem": _named("admission item", event_id, source["admissionItem"]),
            "note": source["internalNote"],
            "guest": source["isGuest"],
            "deletedGuest": False,
            "unsubscribed": source["unsubscribed"] == "yes",
            "status": source["inviteeStatus"],
            "registeredAt": registered,
            "registrationLastModified": registered,
            "attendeeLastModified": registered,
            "invitedBy": source["invitationBy"],
            "responseMethod": source["responseMethod"],
            "visibility": "Public" if source["visibleOnAttendeeList"] else "Private",
            "testRecord": False,
            "credit": 0,
        }
    )
    if record["status"] == "Cancelled":
        record["registrationCancelledAt"] = record["registeredAt"]
    return record | {"answers": list(answers)} if answers else record


def embedded(contact: Mapping[str, Any], times: Mapping[str, str]) -> dict[str, Any]:
    """Return a contact as an attendee has it; its times there are those of the attendee."""
    told = {name: value for name, value in contact.items() if name not in _CONTACT_ONLY}
    return {**told, **times}


def _address(source: Source, kind: str) -> dict[str, str]:
    country = source[f"{kind}Country"]
    return filled(
        {
            "address1": source[f"{kind}Address1"],
            "address2": source[f"{kind}Address2"],
            "address3": source[f"{kind}Address3"],
            "city": source[f"{kind}City"],
            "region": source[f"{kind}State"],
            "postalCode": source[f"{kind}Zipcode"],
            "country": country,
            "countryCode": _COUNTRY_CODES.get(country, ""),
        }
    )


def _birthday(source: Source) -> str:
    day = parse_time(source["dateOfBirth"])
    return f"{day:%Y-%m-%d}" if day else ""


def _named(what: str, event_id: str, name: str) -> dict[str, str] | None:
    return lookup(what, event_id, name) if name else None
