"""The record that a manual sync would send about an attendee, made of the API's row."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from regbridge import normal_id
from regbridge_cvent.moments import read_moment, write_moment
from regbridge_cvent.patches import UNUSED, Row

_OF_CONTACT: Mapping[str, str] = {
    "contactSourceId": "sourceId",
    "firstName": "firstName",
    "middleName": "middleName",
    "lastName": "lastName",
    "nickName": "nickname",
    "prefix": "prefix",
    "designation": "designation",
    "email": "email",
    "ccEmail": "ccEmail",
    "gender": "gender",
    "title": "title",
    "company": "company",
    "workPhone": "workPhone",
    "workFax": "workFax",
    "mobilePhone": "mobilePhone",
    "homePhone": "homePhone",
    "homeFax": "homeFax",
}
"""The names of a message's fields → those of the API's contact."""

_OF_ADDRESS: Mapping[str, str] = {
    "Address1": "address1",
    "Address2": "address2",
    "Address3": "address3",
    "City": "city",
    "State": "region",
    "Zipcode": "postalCode",
    "Country": "country",
}
"""The same of an address, behind `work` and `home`."""

_VISIBLE: Mapping[str, int] = {"Public": 1, "Private": 0}


def synced_record(row: Row, event_id: str) -> dict[str, Any]:
    """Return the record under the names of AttendeeManualSynced; "" for what the row lacks.

    What the API does not tell about an attendee, such as orders, is left out. `attendee` is the
    row itself, without links by which a registration is accepted or declined. The shapes are those
    of reference/cvent-webhooks.md, sections 7 and 8.
    """
    kept = {name: value for name, value in row.items() if name not in UNUSED}
    return {**_registration(row, event_id), **_person(_inner(row, "contact")), "attendee": kept}


def _registration(row: Row, event_id: str) -> dict[str, Any]:
    modified = read_moment(row.get("lastModified"))
    return {
        "inviteeStub": _stub(row.get("id")),
        "contactStub": _stub(_inner(row, "contact").get("id")),
        "eventStub": _stub(_inner(row, "event").get("id") or event_id),
        "unsubscribed": _yes_or_no(row.get("unsubscribed")),
        "inviteeStatus": _status(row),
        "invitationBy": _text(row.get("invitedBy")),
        "responseMethod": _text(row.get("responseMethod")),
        "registrationDate": _moment(row.get("registeredAt")),
        "internalNote": _text(row.get("note")),
        "confirmationNumber": _text(row.get("confirmationNumber")),
        "registrationPath": _text(_inner(row, "registrationPath").get("name")),
        "visibleOnAttendeeList": _VISIBLE.get(_text(row.get("visibility")), ""),
        "isGuest": row.get("guest") is True,
        "updatedDate": modified.date().isoformat() if modified else "",
        "admissionItem": _text(_inner(row, "admissionItem").get("name")),
    }


def _person(contact: Row) -> dict[str, Any]:
    plain = {name: _text(contact.get(theirs)) for name, theirs in _OF_CONTACT.items()}
    return {
        **plain,
        "fullName": f"{plain['firstName']} {plain['lastName']}".strip(),
        "optedOut": _yes_or_no(_inner(contact, "optOut").get("optedOut")),
        **_address("work", _inner(contact, "workAddress")),
        **_address("home", _inner(contact, "homeAddress")),
        "customFields": list(_custom_fields(contact.get("customFields"))),
    }


def _address(kind: str, address: Row) -> dict[str, str]:
    return {f"{kind}{name}": _text(address.get(theirs)) for name, theirs in _OF_ADDRESS.items()}


def _custom_fields(fields: Any) -> Iterator[dict[str, str]]:
    """Yield custom fields, each with one text as messages have it.

    How Cvent joins several values in a message is not documented: here with a comma.
    """
    for field in fields if isinstance(fields, list) else ():
        if isinstance(field, Mapping):
            value = field.get("value")
            texts = map(_text, value if isinstance(value, list) else [value])
            yield {
                "id": _stub(field.get("id")),
                "name": _text(field.get("name")),
                "value": ", ".join(filter(None, texts)),
            }


def _status(row: Row) -> str:
    """Return the status; a deleted guest keeps theirs at Cvent, and does not come any more."""
    return "Cancelled" if row.get("deletedGuest") is True else _text(row.get("status"))


def _stub(id_: Any) -> str:
    """Return an id as messages write it: a GUID in upper case, any other as it is."""
    known = normal_id(id_)
    written = known.upper()
    return written if normal_id(written) == known else known


def _moment(value: Any) -> str:
    """Return a moment as messages of a sync write it; what is none stays as it is."""
    found = read_moment(value)
    return write_moment(found) if found else _text(value)


def _yes_or_no(value: Any) -> str:
    return "yes" if value is True else "no" if value is False else ""


def _inner(row: Row, name: str) -> Row:
    found = row.get(name)
    return found if isinstance(found, Mapping) else {}


def _text(value: Any) -> str:
    if isinstance(value, str):
        return value
    return str(value) if isinstance(value, int | float) and not isinstance(value, bool) else ""
