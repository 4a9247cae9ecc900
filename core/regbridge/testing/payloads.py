"""Builds Cvent messages as Cvent would send them.

Everything is made up, and the same arguments give the same bytes: no clock, no chance. Shapes and
field names are those of `reference/cvent-webhooks.md`, sections 3, 7 and 8.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec

from regbridge.testing.people import code, guid, person

EVENT = "0B4C4410-1D46-43CD-A903-E8CF9DE6ADE5"
"""The eventStub that messages are about unless another one is given."""

SUMMIT = "7C1E5A52-9B0E-4F3D-8A67-2D4B61F0C9E3"
"""The eventStub of another event."""

ACCOUNT = "6E0B7A54-8F53-4B39-9A2C-3D1F5C0A7E21"
TIME = "2026-11-24T10:00:00.000Z"
NO_GUID = "00000000-0000-0000-0000-000000000000"

_OPENING = datetime(2026, 9, 1, 8, 0, tzinfo=UTC)
_ORDERS = 10**12  # order numbers are codes too, far from those of registrants
_MEMBER_NUMBER = guid("custom field", 1)
_NEWSLETTER = guid("custom field", 2)
_SYNC_ONLY = ("sessionStubList",)
_LIVE_ONLY: Mapping[str, Any] = {
    "contactType": "",
    "contactTypeStub": NO_GUID,
    "registrationType": "",
    "profileImageUrl": "",
    "referenceId": "",
    "workStateCode": "",
    "homeStateCode": "",
    "eventForInvitee": {
        "eventTitle": "Annual Conference 2027",
        "eventLocation": "Riverside Hall",
        "eventStartDate": "2027-03-04 09:00:00.0",
        "eventEndDate": "2027-03-06 16:00:00.0",
        "eventDescription": "Three days of talks by the river.",
        "eventCode": "QT7XN2MW4KD",
        "eventPlannerFirstName": "Petra",
        "eventPlannerLastName": "Holm",
        "eventPlannerPrefix": "",
        "eventPlannerTitle": "Planner",
        "eventPlannerCompany": "Riverside Events",
        "eventCustomFields": [],
        "eventTimeZoneName": "Eastern Time",
    },
}


def registrant(
    number: int, event: str = EVENT, *, guest: bool = False, **fields: Any
) -> dict[str, Any]:
    """Return the record of one made-up registrant, in the form of a manual sync.

    Each number is another person with ids of their own. `fields` replace or add fields under
    Cvent's names: `registrant(7, company="", inviteeStatus="Cancelled")`.
    """
    who = person(number)
    registered = _OPENING + timedelta(minutes=7 * number % 100_000)
    day = registered.date().isoformat()
    return {
        "inviteeStub": guid(f"invitee of {event}", number),
        "contactStub": guid("contact", number),
        "contactSourceId": str(700_000 + number),
        "eventStub": event,
        "sessionStubList": [],
        "unsubscribed": "no",
        "inviteeStatus": "Accepted",
        "invitationBy": "No Invitation",
        "responseMethod": "Self-Responded",
        "participantStatus": False,
        "registrationDate": f"{registered:%Y-%m-%dT%H:%M:%S}.000Z",
        "internalNote": "",
        "confirmationNumber": code(number),
        "totalCredits": "0.00",
        "eligibleCredits": "0.00",
        "registrationPath": "Guests" if guest else "Members",
        "visibleOnAttendeeList": 1,
        "isGuest": guest,
        "accountStub": ACCOUNT,
        "firstName": who.first_name,
        "middleName": "",
        "lastName": who.last_name,
        "fullName": f"{who.first_name} {who.last_name}",
        "nickName": "",
        "prefix": "",
        "designation": "",
        "email": who.email,
        "ccEmail": "",
        "dateOfBirth": "",
        "gender": "",
        "optedOut": "no",
        "title": who.title,
        "company": who.company,
        "workAddress1": f"{100 + number % 900} Quarry Road",
        "workAddress2": "",
        "workAddress3": "",
        "workCity": who.place.city,
        "workState": who.place.state,
        "workZipcode": who.place.zipcode,
        "workCountry": who.place.country,
        "workPhone": who.phone,
        "workFax": "",
        "mobilePhone": "",
        "homePhone": "",
        "updatedDate": day,
        "customFields": [
            {"id": _MEMBER_NUMBER, "name": "Member number", "value": f"M-{number:06}"},
            {"id": _NEWSLETTER, "name": "Newsletter", "value": "Yes" if number % 3 else ""},
        ],
        "homeAddress1": "",
        "homeAddress2": "",
        "homeAddress3": "",
        "homeCity": "",
        "homeState": "",
        "homeZipcode": "",
        "homeCountry": "",
        "homeFax": "",
        "admissionItem": "Conference Pass",
        "orders": [{"orderNumber": code(_ORDERS + number), "orderDate": day}],
    } | fields


def message(
    event_type: str, records: Sequence[Any], stub: str | None = None, time: str = TIME
) -> dict[str, Any]:
    """Return a message of records.

    Without a `stub`, messageStub follows from all the rest: the same message has the same one.
    """
    if stub is None:
        content = encode({"": [event_type, time, records]})
        stub = str(uuid.uuid5(uuid.NAMESPACE_OID, content.decode()))
    return {
        "eventType": event_type,
        "messageTime": time,
        "messageStub": stub,
        "message": list(records),
    }


def sync(
    count: int,
    event: str = EVENT,
    *,
    first: int = 1,
    guest_every: int = 0,
    time: str = TIME,
) -> dict[str, Any]:
    """Return the message of a manual sync: `count` registrants from number `first` on.

    With `guest_every=5`, every fifth record is a guest.
    """
    records = [
        registrant(
            first + index, event, guest=guest_every > 0 and index % guest_every == guest_every - 1
        )
        for index in range(count)
    ]
    return message("AttendeeManualSynced", records, time=time)


def live(event_type: str, record: Mapping[str, Any], time: str = TIME) -> dict[str, Any]:
    """Return the message that Cvent sends when one registrant does something.

    Takes a record of `registrant`. The live form adds fields, among them eventForInvitee and the
    details of orders, and gives registrationDate as a day.
    """
    fields = {name: value for name, value in record.items() if name not in _SYNC_ONLY}
    fields["registrationDate"] = record["registrationDate"][:10]
    fields["orders"] = [
        {"orderDetails": [_order_details(record)], **order} for order in record["orders"]
    ]
    return message(event_type, [{**_LIVE_ONLY, **fields}], time=time)


def substitution(
    record: Mapping[str, Any], newcomer: Mapping[str, Any], time: str = TIME
) -> dict[str, Any]:
    """Return the message that says that `newcomer` takes over the registration of `record`.

    Takes two records of `registrant`. inviteeStub and confirmation number stay, the contact
    changes; most names are in snake_case (`reference/cvent-webhooks.md`, section 8).
    """
    fields = {
        "zip": newcomer["workZipcode"],
        "newContactStub": newcomer["contactStub"],
        "city": newcomer["workCity"],
        "address_1": newcomer["workAddress1"],
        "address_2": newcomer["workAddress2"],
        "phone_work": newcomer["workPhone"],
        "oldContactStub": record["contactStub"],
        "last_name": newcomer["lastName"],
        "visible_on_attendee_list": newcomer["visibleOnAttendeeList"],
        "organization_name": newcomer["company"],
        "title": newcomer["title"],
        "inviteeStub": record["inviteeStub"],
        "createdDate": time.replace("T", " ").removesuffix("Z"),
        "registration_code": record["confirmationNumber"],
        "createdBy": "Petra Holm",
        "eventStub": record["eventStub"],
        "remote_avatar_url": "",
        "accountStub": record["accountStub"],
        "state": newcomer["workState"],
        "first_name": newcomer["firstName"],
        "email": newcomer["email"],
    }
    return message("InviteeSubstitutedInAnEvent", [fields], time=time)


def encode(message: Mapping[str, Any]) -> bytes:
    """Return a message as the bytes of a request."""
    return msgspec.json.encode(message)


def _order_details(record: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "productName": record["admissionItem"],
        "orderFee": "0.00",
        "orderQuantity": 1,
        "orderAmount": "0.00",
        "paidAmount": "0.00",
        "orderType": "charge",
        "registrant": {
            "name": f"{record['lastName']}, {record['firstName']}",
            "isGuest": record["isGuest"],
            "inviteeStub": record["inviteeStub"],
            "lastName": record["lastName"],
            "email": record["email"],
        },
    }
