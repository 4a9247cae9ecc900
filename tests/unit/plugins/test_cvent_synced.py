"""The record of an attendee is the one that Cvent's manual sync would send."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from regbridge.message import read_envelope, read_revisions
from regbridge.testing import payloads
from regbridge_cvent.simulator.account.people import attendee_of, contact_of
from regbridge_cvent.synced import synced_record

EVENT_ID = payloads.EVENT.lower()
NOT_TOLD = {
    "accountStub",
    "dateOfBirth",
    "eligibleCredits",
    "orders",
    "participantStatus",
    "sessionStubList",
    "totalCredits",
}
"""What a sync sends and no attendee of the API tells."""

TEXTS = sorted(
    name
    for name, value in payloads.registrant(1).items()
    if isinstance(value, str)
    and name not in {*NOT_TOLD, "eventStub", "fullName", "registrationDate", "updatedDate"}
    and not name.endswith("Stub")
)

yes_or_no = st.sampled_from(["yes", "no"])
stub = st.uuids().map(lambda id_: str(id_).upper())
moments = st.integers(0, 4_000_000_000).map(lambda seconds: datetime.fromtimestamp(seconds, UTC))
statuses = st.sampled_from(["Accepted", "Cancelled", "Waitlisted", "Pending Approval"])


@st.composite
def registrants(draw: st.DrawFn) -> dict[str, Any]:
    """Draw records of a sync with any texts in them."""
    fields: dict[str, Any] = {name: draw(st.text(max_size=8)) for name in TEXTS}
    registered = draw(moments).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    fields |= {
        "inviteeStub": draw(stub),
        "contactStub": draw(stub),
        "fullName": f"{fields['firstName']} {fields['lastName']}".strip(),
        "inviteeStatus": draw(statuses),
        "unsubscribed": draw(yes_or_no),
        "optedOut": draw(yes_or_no),
        "visibleOnAttendeeList": draw(st.sampled_from([0, 1])),
        "registrationDate": registered,
        "updatedDate": registered[:10],
        "customFields": [
            {"id": draw(stub), "name": draw(st.text(max_size=8)), "value": draw(st.text())}
            for _ in range(draw(st.integers(0, 3)))
        ],
    }
    return payloads.registrant(1, guest=draw(st.booleans()), **fields)


def row_of(record: dict[str, Any]) -> dict[str, Any]:
    """Return the row that the API has for a record of a sync."""
    return attendee_of(record, contact_of(record), "", ())


def told(record: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in record.items() if name not in NOT_TOLD}


@given(registrants())
def test_what_a_sync_sends_about_somebody_is_what_the_api_makes_of_them(
    record: dict[str, Any],
) -> None:
    row = row_of(record)

    assert synced_record(row, EVENT_ID) == told(record) | {"attendee": row}


def test_nobody_invents_what_the_api_does_not_tell() -> None:
    record = synced_record(row_of(payloads.registrant(1)), EVENT_ID)

    assert set(payloads.registrant(1)) - set(record) == NOT_TOLD
    assert set(record) - set(payloads.registrant(1)) == {"attendee"}


def test_a_row_with_nothing_but_an_id_has_empty_texts_as_messages_have() -> None:
    id_ = payloads.registrant(1)["inviteeStub"].lower()

    record = synced_record({"id": id_, "contact": None, "registeredAt": None}, EVENT_ID)

    told = {name: value for name, value in record.items() if value != ""}
    assert told == {
        "inviteeStub": id_.upper(),
        "eventStub": payloads.EVENT,
        "isGuest": False,
        "customFields": [],
        "attendee": {"id": id_, "contact": None, "registeredAt": None},
    }


def test_a_link_that_accepts_or_declines_a_registration_is_not_kept() -> None:
    row = row_of(payloads.registrant(1))
    links = {"webLinks": {"declineRegistration": "https://example.com/decline"}, "_links": {}}

    assert synced_record(row | links, EVENT_ID) == synced_record(row, EVENT_ID)


def test_a_deleted_guest_has_cancelled() -> None:
    row = row_of(payloads.registrant(1, guest=True)) | {"deletedGuest": True}

    assert row["status"] == "Accepted"
    assert synced_record(row, EVENT_ID)["inviteeStatus"] == "Cancelled"


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ([], ""),
        (["A"], "A"),
        (["A", "", "B"], "A, B"),
        (None, ""),
        ("A", "A"),
        ([7, 1.5], "7, 1.5"),
    ],
)
def test_a_custom_field_has_one_text(value: Any, text: str) -> None:
    row = {"id": "1", "contact": {"customFields": [{"name": "Diet", "value": value}, "nonsense"]}}

    fields = synced_record(row, EVENT_ID)["customFields"]

    assert fields == [{"id": "", "name": "Diet", "value": text}]


@pytest.mark.parametrize(
    ("id_", "stub"),
    [
        ("0b4c4410-1d46-43cd-a903-e8cf9de6ade5", "0B4C4410-1D46-43CD-A903-E8CF9DE6ADE5"),
        ("A-new-kind-of-id:7", "A-new-kind-of-id:7"),
        (payloads.NO_GUID, ""),
        (None, ""),
    ],
)
def test_only_a_guid_is_in_upper_case(id_: Any, stub: str) -> None:
    record = synced_record({"id": "1", "contact": {"id": id_}}, EVENT_ID)

    assert record["contactStub"] == stub


@pytest.mark.parametrize(
    ("registered", "text"),
    [
        ("2018-01-13T02:00:00Z", "2018-01-13T02:00:00.000Z"),
        ("2018-01-13T02:00:00.5+02:00", "2018-01-13T00:00:00.500Z"),
        ("2018-01-13T02:00:00", "2018-01-13T02:00:00.000Z"),
        ("2018-01-13", "2018-01-13"),
        ("soon", "soon"),
    ],
)
def test_a_moment_is_written_as_a_sync_writes_it(registered: str, text: str) -> None:
    record = synced_record({"id": "1", "registeredAt": registered}, EVENT_ID)

    assert record["registrationDate"] == text


def test_the_day_of_the_last_change_is_the_one_in_utc() -> None:
    record = synced_record({"id": "1", "lastModified": "2026-11-24T23:30:00-05:00"}, EVENT_ID)

    assert record["updatedDate"] == "2026-11-25"


def test_a_message_of_the_record_is_about_the_same_registrant() -> None:
    original = payloads.registrant(7, guest=True)
    listed = synced_record(row_of(original), EVENT_ID)
    messages = [
        read_envelope(payloads.encode(payloads.message("AttendeeManualSynced", [record])))
        for record in (original, listed)
    ]

    [[one], [other]] = (list(read_revisions(message, {})) for message in messages)

    assert msgspec.structs.replace(other, payload=one.payload) == one
