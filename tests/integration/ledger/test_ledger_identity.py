"""Rule 3: who a revision is about."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from regbridge import KeyedOn
from regbridge.testing.payloads import EVENT, NO_GUID, live, message, registrant, substitution

if TYPE_CHECKING:
    from tests.integration.ledger.conftest import Ledger

LATER = "2026-11-24T12:00:00.000Z"


def test_guids_are_compared_without_case(ledger: Ledger) -> None:
    record = registrant(1, company="A")
    shouted = {**record, "inviteeStub": record["inviteeStub"].upper(), "company": "B"}
    whispered = {**record, "eventStub": record["eventStub"].lower(), "company": "C"}
    for minute, one in enumerate((record, shouted, whispered)):
        ledger.receive(live("InviteeOrGuestModified", one, time=f"2026-11-24T10:0{minute}:00Z"))

    ledger.run()

    assert ledger.states() == ["superseded", "superseded", "delivered"]


@pytest.mark.parametrize("field", ["inviteeStub", "eventStub"])
@pytest.mark.parametrize("value", [NO_GUID, "", None])
def test_a_registration_that_names_nobody_is_parked_with_the_field(
    ledger: Ledger, field: str, value: str | None
) -> None:
    record = registrant(1) | {field: value}
    ledger.receive(message("AttendeeManualSynced", [record]))

    ledger.run()

    assert ledger.states() == ["parked"]
    assert ledger.registrations()[0].field == field
    assert field in ledger.reasons()[0]


def test_a_registration_that_names_nobody_is_parked_again_when_it_is_retried(
    ledger: Ledger,
) -> None:
    ledger.receive(message("AttendeeManualSynced", [registrant(1) | {"inviteeStub": NO_GUID}]))
    ledger.run()

    assert ledger.retry() == 1
    ledger.run()

    assert ledger.states() == ["parked"]
    assert ledger.registrations()[0].field == "inviteeStub"
    assert ledger.crm.calls == []


def test_a_registrant_is_another_one_in_another_event(ledger: Ledger) -> None:
    ledger.register(1, "A", inviteeStub="one")
    ledger.register(1, "B", inviteeStub="one", eventStub="another event", minute=1)

    ledger.run()

    assert ledger.states() == ["delivered", "delivered"]


def test_a_registrant_is_another_one_at_another_client(ledger: Ledger) -> None:
    ledger.add_client(name="other")
    ledger.register(1, "A")
    ledger.register(1, "A", client="other")

    ledger.run()

    assert ledger.states() == ["delivered", "delivered"]


def test_a_substitution_carries_both_contacts(ledger: Ledger) -> None:
    before, after = registrant(1, company="A"), registrant(2, company="B")
    ledger.receive(substitution(before, after))

    ledger.run()

    record = ledger.crm.calls[0][0]
    assert record.contact_stub == after["contactStub"].lower()
    assert record.previous_contact_stub == before["contactStub"].lower()


def test_a_target_keyed_on_the_registrant_gets_its_id_again_after_a_substitution(
    ledger: Ledger,
) -> None:
    before, after = registrant(1, company="A"), registrant(2, company="B")
    ledger.receive(live("InviteeOrGuestAccepted", before))
    ledger.run()
    ledger.receive(substitution(before, after, time=LATER))

    ledger.run()

    first = ledger.crm.calls[0][0]
    assert first.external_id is None
    assert ledger.crm.calls[1][0].external_id == f"id {first.delivery}"


def test_a_record_says_of_which_event_it_is_and_when_cvent_told_of_it(ledger: Ledger) -> None:
    ledger.receive(live("InviteeOrGuestAccepted", registrant(1), "2026-11-24T13:00:00.250Z"))
    ledger.run()

    [[record]] = ledger.crm.calls
    assert record.event_stub == EVENT.lower()
    assert record.message_time == datetime(2026, 11, 24, 13, 0, 0, 250_000, UTC)


def test_a_target_keyed_on_the_contact_gets_no_id_of_the_old_contact(bare_ledger: Ledger) -> None:
    bare_ledger.add_client(keyed_on=KeyedOn.CONTACT)
    before, after = registrant(1, company="A"), registrant(2, company="B")
    bare_ledger.receive(live("InviteeOrGuestAccepted", before))
    bare_ledger.run()
    bare_ledger.receive(substitution(before, after, time=LATER))
    bare_ledger.run()
    back = live("InviteeOrGuestModified", before | {"company": "C"}, "2026-11-24T13:00:00Z")
    bare_ledger.receive(back)

    bare_ledger.run()

    sent = [call[0] for call in bare_ledger.crm.calls]
    assert [record.external_id for record in sent] == [None, None, f"id {sent[0].delivery}"]


@pytest.mark.parametrize(
    ("keyed_on", "state"), [(KeyedOn.CONTACT, "delivered"), (KeyedOn.REGISTRANT, "unchanged")]
)
def test_an_equal_record_of_a_new_contact_is_unchanged_only_where_contacts_do_not_count(
    bare_ledger: Ledger, keyed_on: KeyedOn, state: str
) -> None:
    bare_ledger.add_client(keyed_on=keyed_on)
    before, after = registrant(1, company="A"), registrant(2, company="A")
    bare_ledger.receive(live("InviteeOrGuestAccepted", before))
    bare_ledger.run()
    bare_ledger.receive(substitution(before, after, time=LATER))

    bare_ledger.run()

    assert bare_ledger.states() == ["delivered", state]


@pytest.mark.parametrize(
    ("event_type", "record"),
    [
        ("ContactOptedOut", {"contactStub": "c"}),
        ("SessionUpdated", {"sessionStub": "s", "eventStub": "e"}),
        ("EventManualSynced", {"eventStub": "e"}),
        ("SpeakerCreated", {"speakerStub": "p"}),
        ("InviteeAbandonedRegistrationInAnEvent", {"email": "a@example.org", "eventStub": "e"}),
        ("InviteeOrGuestEmailSent", {"eventEmailStub": "m", "inviteeStub": "i"}),
    ],
)
def test_messages_without_a_registration_are_filtered_with_the_reason(
    ledger: Ledger, event_type: str, record: dict[str, str]
) -> None:
    ledger.receive(message(event_type, [record]))

    ledger.run()

    assert ledger.states() == ["filtered"]
    assert "no target of this client takes those" in ledger.reasons()[0]
