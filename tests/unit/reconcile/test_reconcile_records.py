"""A receipt of a reconciliation is a message as Cvent's Sync would send it."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest

from regbridge import Attendee
from regbridge.message import read_envelope, read_revisions
from regbridge.reconcile.records import event_type, message_of, name_in, record_of, status_in
from regbridge.store.clock import to_ms
from regbridge.store.differences import Difference
from regbridge.testing.payloads import registrant

AT = datetime(2027, 3, 4, 9, 30, 15, 250_000, tzinfo=UTC)


def attendee(status: str = "Accepted", *, is_deleted: bool = False) -> Attendee:
    fields = registrant(1, inviteeStatus=status)
    stubs = fields["inviteeStub"].lower(), fields["contactStub"].lower()
    return Attendee(*stubs, status, AT, is_deleted=is_deleted, fields=fields)


def test_a_message_is_read_as_every_other() -> None:
    one = attendee()
    body = message_of("AttendeeManualSynced", "reconcile-1-1", AT, [record_of(one, to_ms(AT))])

    envelope = read_envelope(body)
    [revision] = read_revisions(envelope, {})

    assert (envelope.event_type, envelope.message_stub) == ("AttendeeManualSynced", "reconcile-1-1")
    assert envelope.message_time == AT
    assert revision.invitee_stub == one.invitee_stub
    assert revision.modified_at == AT
    assert revision.problem == ""


def test_a_record_tells_of_the_person_who_was_there_before() -> None:
    record = json.loads(record_of(attendee(), 0, "somebody else"))

    assert record["oldContactStub"] == "somebody else"
    assert "oldContactStub" not in json.loads(record_of(attendee(), 0))


@pytest.mark.parametrize(
    ("one", "difference", "kind"),
    [
        (attendee(), Difference.MISSING_HERE, "AttendeeManualSynced"),
        (attendee(), Difference.STALE, "AttendeeManualSynced"),
        (attendee("Cancelled"), Difference.CANCELLED, "InviteeOrGuestCancelled"),
        (attendee("Declined"), Difference.CANCELLED, "InviteeOrGuestCancelled"),
        (attendee(is_deleted=True), Difference.DELETED_GUEST, "InviteeOrGuestCancelled"),
    ],
)
def test_a_cancellation_has_the_event_type_of_one(
    one: Attendee, difference: Difference, kind: str
) -> None:
    assert event_type(one, difference) == kind


@pytest.mark.parametrize(
    ("kind", "payload", "status"),
    [
        ("InviteeOrGuestAccepted", b"{}", "Accepted"),
        ("InviteeSubstitutedInAnEvent", None, "Accepted"),
        ("InviteeOrGuestCancelled", b'{"inviteeStatus": "Accepted"}', "Cancelled"),
        ("AttendeeManualSynced", b'{"inviteeStatus": " Waitlisted "}', "Waitlisted"),
        ("AttendeeManualSynced", b'{"inviteeStatus": ""}', None),
        ("AttendeeManualSynced", b'{"inviteeStatus": 7}', None),
        ("AttendeeManualSynced", b"[]", None),
        ("AttendeeManualSynced", b"{", None),
        ("AttendeeManualSynced", None, None),
        ("SomethingNew", b"{}", None),
    ],
)
def test_a_revision_tells_its_status_by_its_type_or_its_field(
    kind: str, payload: bytes | None, status: str | None
) -> None:
    assert status_in(kind, payload) == status


def test_a_name_is_made_of_what_there_is() -> None:
    assert name_in(Attendee("i", fields={"lastName": "Holm", "firstName": None})) == "Holm"
