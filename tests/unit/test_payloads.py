"""The messages that plugin authors, the demo and the benchmarks send are as Cvent sends them."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from regbridge import Kind, parse_time
from regbridge.message import Revision, read_envelope, read_fields, read_revisions
from regbridge.testing import payloads

UPPER_GUID = re.compile(r"[0-9A-F]{8}(-[0-9A-F]{4}){3}-[0-9A-F]{12}")
LOWER_GUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
NUMBERS = st.integers(min_value=0, max_value=10**9)


def revisions(message: dict[str, Any]) -> list[Revision]:
    return list(read_revisions(read_envelope(payloads.encode(message)), {}))


@given(NUMBERS)
def test_a_number_is_always_the_same_registrant(number: int) -> None:
    assert payloads.registrant(number) == payloads.registrant(number)


@given(NUMBERS, NUMBERS)
def test_no_two_numbers_share_a_confirmation_number_or_an_id(one: int, other: int) -> None:
    names = ("inviteeStub", "contactStub", "confirmationNumber", "email", "contactSourceId")
    first, second = payloads.registrant(one), payloads.registrant(other)
    assert all((first[name] == second[name]) is (one == other) for name in names)


@given(NUMBERS)
def test_ids_and_dates_have_cvents_forms(number: int) -> None:
    record = payloads.registrant(number)
    stubs = [record[name] for name in ("inviteeStub", "contactStub", "eventStub", "accountStub")]
    assert all(UPPER_GUID.fullmatch(stub) for stub in stubs)
    assert re.fullmatch("[A-Z0-9]{11}", record["confirmationNumber"])
    assert re.fullmatch(r"[a-z.-]+\.\d+@example\.(com|org|net)", record["email"])
    assert record["registrationDate"].endswith(".000Z")
    assert parse_time(record["registrationDate"]) is not None
    assert record["updatedDate"] == record["registrationDate"][:10]


def test_the_same_person_has_another_invitee_at_another_event() -> None:
    here, there = payloads.registrant(7), payloads.registrant(7, "another event")
    assert here["contactStub"] == there["contactStub"]
    assert here["inviteeStub"] != there["inviteeStub"]


def test_fields_replace_or_add() -> None:
    record = payloads.registrant(1, company="Tern Tours", badgeColour="green")
    assert (record["company"], record["badgeColour"]) == ("Tern Tours", "green")


def test_a_sync_is_read_as_that_many_registrations_of_different_people() -> None:
    found = revisions(payloads.sync(50, first=10))
    assert len({revision.subject for revision in found}) == 50
    assert {(revision.kind, revision.problem) for revision in found} == {(Kind.REGISTRATION, "")}
    assert found[0].confirmation == payloads.registrant(10)["confirmationNumber"]


def test_a_sync_can_hold_guests() -> None:
    guests = [revision.is_guest for revision in revisions(payloads.sync(7, guest_every=3))]
    assert guests == [False, False, True, False, False, True, False]
    assert not any(revision.is_guest for revision in revisions(payloads.sync(7)))


def test_a_sync_of_10_000_has_the_size_of_a_real_one() -> None:
    size = len(payloads.encode(payloads.sync(1_000))) * 10
    assert 14_000_000 < size < 17_000_000


def test_a_message_has_a_lower_case_stub_and_a_time_to_the_millisecond() -> None:
    message = payloads.message("AttendeeManualSynced", [])
    assert LOWER_GUID.fullmatch(message["messageStub"])
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", message["messageTime"])


@pytest.mark.parametrize(
    "other",
    [
        payloads.live("InviteeOrGuestAccepted", payloads.registrant(1, company="Tern Tours")),
        payloads.live("InviteeOrGuestAccepted", payloads.registrant(2)),
        payloads.live("InviteeOrGuestCancelled", payloads.registrant(1)),
        payloads.live(
            "InviteeOrGuestAccepted", payloads.registrant(1), time="2026-11-24T10:00:00.001Z"
        ),
    ],
    ids=["field", "person", "type", "time"],
)
def test_another_message_has_another_stub_and_the_same_one_the_same(other: dict[str, Any]) -> None:
    message = payloads.live("InviteeOrGuestAccepted", payloads.registrant(1))
    assert message == payloads.live("InviteeOrGuestAccepted", payloads.registrant(1))
    assert message["messageStub"] != other["messageStub"]


def test_a_given_stub_is_kept() -> None:
    assert payloads.message("SessionCreated", [], stub="my stub")["messageStub"] == "my stub"


def test_the_live_form_gives_the_day_and_the_event_of_a_registration() -> None:
    record = payloads.registrant(1)
    (sent,) = payloads.live("InviteeOrGuestAccepted", record)["message"]
    assert sent["registrationDate"] == record["registrationDate"][:10]
    assert sent["eventForInvitee"]["eventTimeZoneName"] == "Eastern Time"
    assert sent["orders"][0]["orderDetails"][0]["registrant"]["inviteeStub"] == sent["inviteeStub"]
    assert "sessionStubList" not in sent


def test_a_live_message_is_about_the_registrant_of_the_sync() -> None:
    (live,) = revisions(payloads.live("InviteeOrGuestAccepted", payloads.registrant(3)))
    (synced,) = revisions(payloads.sync(1, first=3))
    assert live.subject == synced.subject


def test_a_live_record_without_its_invitee_is_still_told_by_its_orders() -> None:
    (sent,) = payloads.live("InviteeOrGuestCancelled", payloads.registrant(3))["message"]
    invitee = sent.pop("inviteeStub")
    (revision,) = revisions(payloads.message("InviteeOrGuestCancelled", [sent]))
    assert revision.invitee_stub == invitee.lower()


def test_a_substitution_keeps_the_invitee_and_changes_the_person() -> None:
    old, new = payloads.registrant(1), payloads.registrant(2)
    message = payloads.substitution(old, new)
    (revision,) = revisions(message)
    assert revision.invitee_stub == old["inviteeStub"].lower()
    assert revision.contact_stub == new["contactStub"].lower()
    assert revision.previous_contact_stub == old["contactStub"].lower()
    fields = read_fields(revision.payload)
    same = ("firstName", "lastName", "company", "workCity", "workZipcode", "workPhone", "email")
    assert {name: fields[name] for name in same} == {name: new[name] for name in same}
    assert fields["confirmationNumber"] == old["confirmationNumber"]
    assert fields["createdDate"] == "2026-11-24 10:00:00.000"


def test_a_message_is_encoded_as_plain_json_in_utf_8() -> None:
    message = payloads.sync(40)
    body = payloads.encode(message)
    assert json.loads(body) == message
    assert "Zoë" in body.decode()
