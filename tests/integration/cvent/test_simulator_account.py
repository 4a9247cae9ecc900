"""The simulated account: the people of the webhooks, and how tests change them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from regbridge.testing import payloads
from regbridge.testing.payloads import registrant
from regbridge_cvent.simulator import GUESTS, Behaviour, CventSimulator, Population, Tier

if TYPE_CHECKING:
    from tests.integration.cvent.conftest import Caller, Clock, Simulate

EVENT = "0b4c4410-1d46-43cd-a903-e8cf9de6ade5"
FAST = Tier("fast", None, 100_000, 100_000)


@pytest.fixture
def caller(simulate: Simulate) -> Caller:
    """Sixty registrants, six of them with guests."""
    return simulate(Population(60, tests_every=20, snapshots_every=15))


def attendee_id(number: int) -> str:
    return str(registrant(number)["inviteeStub"]).lower()


def contact_id(number: int) -> str:
    return str(registrant(number)["contactStub"]).lower()


def test_the_attendees_are_the_registrants_of_a_sync(caller: Caller) -> None:
    rows = {row["id"]: row for row in caller.rows("/attendees", filter="guest eq 'false'")}
    records = payloads.sync(60)["message"]
    assert rows.keys() == {record["inviteeStub"].lower() for record in records}
    for record in records:
        row = rows[record["inviteeStub"].lower()]
        contact = row["contact"]
        told = {
            "contactStub": contact["id"].upper(),
            "eventStub": row["event"]["id"].upper(),
            "confirmationNumber": row["confirmationNumber"],
            "inviteeStatus": row["status"],
            "registrationDate": row["registeredAt"],
            "registrationPath": row["registrationPath"]["name"],
            "admissionItem": row["admissionItem"]["name"],
            "isGuest": row["guest"],
            "firstName": contact["firstName"],
            "lastName": contact["lastName"],
            "email": contact["email"],
            "title": contact.get("title", ""),
            "company": contact.get("company", ""),
            "contactSourceId": contact["sourceId"],
            "workCity": contact["workAddress"]["city"],
            "workState": contact["workAddress"]["region"],
            "workZipcode": contact["workAddress"]["postalCode"],
            "workCountry": contact["workAddress"]["country"],
        }
        assert told == {name: record[name] for name in told}


def test_custom_fields_of_a_contact_are_those_of_the_webhook_with_arrays_of_values(
    caller: Caller,
) -> None:
    for number in (2, 3):
        row = caller.get(f"/attendees/{attendee_id(number)}").json()
        told = {each["name"]: each["value"] for each in row["contact"]["customFields"]}
        sent = {each["name"]: each["value"] for each in registrant(number)["customFields"]}
        assert told == {name: [value] if value else [] for name, value in sent.items()}
        contact = caller.get(f"/contacts/{contact_id(number)}").json()
        assert contact["customFields"] == row["contact"]["customFields"]
    defined = caller.rows("/custom-fields", filter="category eq 'Contact'")
    assert {each["id"] for each in defined} == {
        each["id"].lower() for each in registrant(1)["customFields"]
    }


def test_what_is_empty_in_the_webhook_is_absent_here(caller: Caller) -> None:
    blank = registrant(8)
    assert blank["company"] == blank["homeCity"] == ""
    contact = caller.get(f"/attendees/{attendee_id(8)}").json()["contact"]
    assert not {"company", "homeAddress", "mobilePhone", "gender"} & contact.keys()


def test_the_same_population_is_the_same_account(simulate: Simulate) -> None:
    population = Population(20, tests_every=3, snapshots_every=4)
    first, second = simulate(population), simulate(population)
    for path in (
        "/attendees",
        "/contacts",
        "/sessions/enrollment",
        f"/events/{EVENT}/orders/items",
    ):
        assert first.rows(path) == second.rows(path)


def answers_of(caller: Caller, number: int) -> dict[str, tuple[str, list[str]]]:
    """Return type and values of a registrant's answers by the question's code."""
    row = caller.get(f"/attendees/{attendee_id(number)}", expand="answers.question").json()
    return {
        each["question"]["code"]: (each["question"]["type"], each["value"])
        for each in row.get("answers", ())
    }


def test_answers_are_arrays_of_strings_whatever_the_type(caller: Caller) -> None:
    assert answers_of(caller, 5) == {
        "MEMBERID": ("OpenEndedTextOneLine", ["M-000005"]),
        "VOLUNTEER": ("SingleChoice", ["Ask me later"]),
        "DIET": ("MultiChoice", ["Vegetarian", "No nuts, please"]),
        "VISITS": ("OpenEndedNumeric", ["5"]),
        "ARRIVAL": ("OpenEndedDateTime", ["2027-03-04"]),
        "REMARKS": (
            "OpenEndedTextCommentBox",
            ["Ich komme mit dem Nachtzug, O'Dea weiß Bescheid."],
        ),
        "LEVEL": ("SingleChoice", ["Advanced"]),
    }


def test_some_have_not_answered(caller: Caller) -> None:
    assert "answers" not in caller.get(f"/attendees/{attendee_id(7)}").json()
    assert {"REMARKS", "LEVEL"}.isdisjoint(answers_of(caller, 4))


def test_choices_are_answered_with_their_text(caller: Caller) -> None:
    questions = caller.rows("/event-questions")
    choices = {
        each["code"]: {
            choice["text"] for choice in caller.rows(f"/event-questions/{each['id']}/choices")
        }
        for each in questions
    }
    assert choices["MEMBERID"] == set()
    for number in range(1, 60):
        for code, (kind, values) in answers_of(caller, number).items():
            assert not kind.endswith("Choice") or set(values) <= choices[code]


def test_questions_have_other_ids_and_the_same_codes_at_another_event(simulate: Simulate) -> None:
    caller = simulate(Population(1, events=(EVENT.upper(), "1C4C4410-1D46-43CD-A903-E8CF9DE6ADE5")))
    first, second = (
        {
            each["code"]: each["id"]
            for each in caller.rows("/event-questions", filter=f"event.id {operator} '{EVENT}'")
        }
        for operator in ("eq", "ne")
    )
    assert first.keys() == second.keys()
    assert set(first.values()).isdisjoint(second.values())


def test_a_person_at_two_events_is_two_attendees_and_one_contact(simulate: Simulate) -> None:
    caller = simulate(Population(5, events=(EVENT.upper(), "1C4C4410-1D46-43CD-A903-E8CF9DE6ADE5")))
    found = caller.rows("/attendees", filter=f"contact.id eq '{contact_id(3)}'")
    assert len(found) == 2
    assert len(caller.rows("/contacts")) == 5


def test_every_so_many_registrants_bring_a_guest(caller: Caller) -> None:
    guests = caller.rows("/attendees", filter="guest eq 'true'")
    brought = {each["primaryId"]: each for each in guests}
    assert brought.keys() == {attendee_id(number) for number in range(10, 61, 10)}
    guest = registrant(GUESTS + 20, guest=True)
    row = brought[attendee_id(20)]
    assert row["id"] == guest["inviteeStub"].lower()
    assert row["contact"]["email"] == guest["email"]
    assert row["registrationPath"]["name"] == guest["registrationPath"] == "Guests"
    assert "primaryId" not in caller.get(f"/attendees/{attendee_id(20)}").json()


def test_deleted_guests_are_shown_only_on_request(caller: Caller) -> None:
    shown = caller.ids("/attendees")
    everybody = caller.rows("/attendees", includeDeletedGuests="true")
    deleted = [row for row in everybody if row["deletedGuest"]]
    assert {row["id"] for row in everybody} - {row["id"] for row in deleted} == shown
    assert {row["primaryId"] for row in deleted} == {attendee_id(30), attendee_id(60)}
    found = caller.rows("/attendees", includeDeletedGuests="true", filter="deletedGuest eq 'true'")
    assert sorted(row["id"] for row in found) == sorted(row["id"] for row in deleted)
    assert caller.get(f"/attendees/{deleted[0]['id']}").json()["deletedGuest"] is True


def test_test_records_are_marked(caller: Caller) -> None:
    marked = {row["id"] for row in caller.rows("/attendees") if row["testRecord"]}
    assert marked == {attendee_id(20), attendee_id(40), attendee_id(60)}


def test_a_contact_snapshot_names_its_parent(caller: Caller) -> None:
    contact = caller.get(f"/contacts/{contact_id(15)}").json()
    assert contact["event"] == {"id": EVENT}
    parent = caller.get(f"/contacts/{contact['parentId']}").json()
    assert parent["email"] == contact["email"]
    assert "parentId" not in parent
    attendee = caller.get(f"/attendees/{attendee_id(15)}").json()
    assert attendee["contact"]["id"] == contact["id"]
    assert "parentId" not in attendee["contact"]


def test_every_attendee_has_an_order_with_items_and_a_guests_are_in_the_primarys(
    caller: Caller,
) -> None:
    orders = caller.rows(f"/events/{EVENT}/orders")
    items = caller.rows(f"/events/{EVENT}/orders/items")
    assert {each["attendee"]["id"] for each in orders} == {attendee_id(n) for n in range(1, 61)}
    assert len(items) == 2 * 60 + 2 * 6
    assert {each["order"]["id"] for each in items} == {each["id"] for each in orders}
    (order,) = (each for each in orders if each["attendee"]["id"] == attendee_id(10))
    assert order["number"] == registrant(10)["orders"][0]["orderNumber"]
    own = [each for each in items if each["order"]["id"] == order["id"]]
    assert sum(each["guest"] for each in own) == 2
    guest = registrant(GUESTS + 10)["inviteeStub"].lower()
    assert {each["guestDetail"]["id"] for each in own if each["guest"]} == {guest}
    assert {each["attendee"]["id"] for each in own} == {attendee_id(10)}


def test_an_account_may_have_no_orders_guests_and_registrants(simulate: Simulate) -> None:
    caller = simulate(Population(0))
    assert caller.rows("/attendees") == []
    caller = simulate(Population(20, guests_every=0, items=0))
    assert caller.rows(f"/events/{EVENT}/orders") == []
    assert len(caller.rows("/attendees", includeDeletedGuests="true")) == 20


def test_registration_types_are_references_until_they_are_expanded(caller: Caller) -> None:
    row = caller.get(f"/attendees/{attendee_id(1)}").json()
    assert row["registrationType"].keys() == {"id", "code", "name"}
    expanded = caller.get(f"/attendees/{attendee_id(1)}", expand="registrationType").json()
    types = caller.rows(f"/events/{EVENT}/registration-types")
    assert expanded["registrationType"] in types
    paths = {each["id"] for each in caller.rows(f"/events/{EVENT}/registration-paths")}
    assert row["registrationPath"]["id"] in paths
    assert {each["registrationPath"]["id"] for each in types} <= paths


def test_enrollments_are_for_sessions_that_one_chooses(caller: Caller) -> None:
    included = {each["id"] for each in caller.rows("/sessions") if each["includedSession"]}
    rows = caller.rows("/sessions/enrollment")
    assert included.isdisjoint(each["session"]["id"] for each in rows)
    for each in rows:
        assert each["id"] == f"{each['session']['id']}::{each['attendee']['id']}"
    assert {each["status"] for each in rows} == {"Registered", "Waitlisted"}


def test_an_added_registrant_is_there_with_answers_and_a_guest(
    caller: Caller, clock: Clock
) -> None:
    world = caller.simulator.world
    added = world.add(
        registrant(500, inviteeStatus="Waitlisted", registrationType="Speaker", company="New Co"),
        answers={"DIET": ["Vegetarian", "Other"], "MEMBERID": []},
        test=True,
    )
    guest = world.add(registrant(501), guest_of=added)
    row = caller.get(f"/attendees/{added}", expand="answers.question").json()
    assert (row["status"], row["testRecord"]) == ("Waitlisted", True)
    assert row["registrationType"]["name"] == "Speaker"
    assert row["contact"]["company"] == "New Co"
    assert [each["value"] for each in row["answers"]] == [["Vegetarian", "Other"], []]
    assert row["lastModified"] == "2026-11-24T10:00:00.000Z"
    assert caller.ids("/attendees", filter=f"primaryId eq '{added}'") == {guest}
    items = caller.rows(f"/events/{EVENT}/orders/items", filter=f"attendee.id eq '{added}'")
    assert len(items) == 4


def test_who_is_added_changes_what_is_known_of_the_contact(caller: Caller) -> None:
    world = caller.simulator.world
    record = registrant(
        3, inviteeStub="A-17", email="new@example.com", title="", inviteeStatus="Cancelled"
    )
    assert "title" in world.contact(contact_id(3))
    added = world.add(record)
    assert world.contact(contact_id(3))["email"] == "new@example.com"
    assert "title" not in world.contact(contact_id(3))
    assert world.attendee(attendee_id(3))["contact"]["email"] == "new@example.com"
    assert world.attendee(added)["registrationCancelledAt"] == record["registrationDate"]


@pytest.mark.parametrize(
    ("record", "options", "why"),
    [
        (registrant(1), {}, "already a record"),
        (registrant(500, "E0000000-0000-0000-0000-000000000000"), {}, "has no event"),
        (registrant(500), {"answers": {"SHOE_SIZE": ["9"]}}, "no question has the code"),
    ],
)
def test_who_cannot_be_added_is_refused_with_the_reason(
    caller: Caller, record: Any, options: Any, why: str
) -> None:
    with pytest.raises(ValueError, match=why):
        caller.simulator.world.add(record, **options)
    assert len(caller.rows("/attendees")) == 66


def test_a_change_moves_the_clocks_that_it_should(caller: Caller, clock: Clock) -> None:
    world = caller.simulator.world
    clock.sleep(60)
    before = world.attendee(attendee_id(4))
    world.change(attendee_id(4), status="Cancelled", note="called", visibility=None)
    after = caller.get(f"/attendees/{attendee_id(4)}").json()
    assert (after["status"], after["note"]) == ("Cancelled", "called")
    assert "visibility" not in after
    assert after["lastModified"] == after["attendeeLastModified"] == "2026-11-24T10:01:00.000Z"
    assert after["registrationLastModified"] == before["registrationLastModified"]
    assert caller.ids("/attendees", filter="status eq 'Cancelled'") == {attendee_id(4)}


def test_who_cancels_is_still_there_and_says_since_when(caller: Caller, clock: Clock) -> None:
    clock.sleep(60)
    caller.simulator.world.cancel(attendee_id(4))
    after = caller.get(f"/attendees/{attendee_id(4)}").json()
    assert after["status"] == "Cancelled"
    assert after["registrationCancelledAt"] == after["lastModified"] == "2026-11-24T10:01:00.000Z"
    assert caller.ids("/attendees", filter="status eq 'Cancelled'") == {attendee_id(4)}


def test_a_test_can_ask_whom_the_account_has_at_an_event(caller: Caller) -> None:
    there = caller.simulator.world.attendees_at(payloads.EVENT)
    query = {"filter": f"event.id eq '{EVENT}'", "includeDeletedGuests": "true"}
    assert {each["id"] for each in there} == caller.ids("/attendees", **query)
    assert len(there) == 60 + 6 + 2
    assert caller.simulator.world.attendees_at(payloads.SUMMIT) == []


def test_a_changed_contact_moves_its_attendee_but_not_attendee_last_modified(
    caller: Caller,
) -> None:
    world = caller.simulator.world
    before = world.attendee(attendee_id(4))["attendeeLastModified"]
    world.change_contact(contact_id(4), email="new@example.com", workAddress={"city": "Amherst"})
    after = caller.get(f"/attendees/{attendee_id(4)}").json()
    assert after["contact"]["email"] == "new@example.com"
    assert after["contact"]["workAddress"]["city"] == "Amherst"
    assert after["contact"]["workAddress"]["address1"] == registrant(4)["workAddress1"]
    assert after["lastModified"] == "2026-11-24T10:00:00.000Z"
    assert after["attendeeLastModified"] == before
    assert caller.get(f"/contacts/{contact_id(4)}").json()["lastModified"] == after["lastModified"]


def test_an_attendees_contact_is_not_changed_with_the_attendee(caller: Caller) -> None:
    with pytest.raises(ValueError, match="change_contact"):
        caller.simulator.world.change(attendee_id(4), contact={"email": "x"})


def test_answers_can_be_given_changed_and_taken_back(caller: Caller) -> None:
    world = caller.simulator.world
    world.answer(attendee_id(7), "VOLUNTEER", "Yes")
    assert answers_of(caller, 7) == {"VOLUNTEER": ("SingleChoice", ["Yes"])}
    world.answer(attendee_id(7), "VOLUNTEER", "No")
    assert answers_of(caller, 7)["VOLUNTEER"][1] == ["No"]
    world.answer(attendee_id(7), "VOLUNTEER")
    assert "answers" not in caller.get(f"/attendees/{attendee_id(7)}").json()


def test_a_substitution_gives_the_registration_to_somebody_else(caller: Caller) -> None:
    newcomer = registrant(700, homeCity="")
    before = caller.get(f"/attendees/{attendee_id(8)}").json()
    caller.simulator.world.substitute(attendee_id(8), newcomer)
    after = caller.get(f"/attendees/{attendee_id(8)}").json()
    assert after["confirmationNumber"] == before["confirmationNumber"]
    assert after["contact"]["id"] == newcomer["contactStub"].lower()
    assert after["contact"]["email"] == newcomer["email"]
    found = caller.ids("/attendees", filter=f"contact.id eq '{after['contact']['id']}'")
    assert found == {attendee_id(8)}
    assert caller.ids("/attendees", filter=f"contact.id eq '{contact_id(8)}'") == set()
    assert caller.get(f"/contacts/{contact_id(8)}").status_code == 200


def test_a_removed_attendee_is_gone_with_orders_and_guests(caller: Caller) -> None:
    caller.simulator.world.remove(attendee_id(10))
    assert caller.get(f"/attendees/{attendee_id(10)}").status_code == 404
    text = f"attendee.id eq '{attendee_id(10)}'"
    assert caller.rows(f"/events/{EVENT}/orders", filter=text) == []
    assert caller.rows(f"/events/{EVENT}/orders/items", filter=text) == []
    assert caller.rows("/sessions/enrollment", filter=text) == []
    assert caller.rows("/attendees", filter=f"primaryId eq '{attendee_id(10)}'") == []


def test_a_removed_guest_stays_as_a_deleted_one(caller: Caller) -> None:
    (guest,) = caller.rows("/attendees", filter=f"primaryId eq '{attendee_id(10)}'")
    caller.simulator.world.remove(guest["id"])
    text = f"primaryId eq '{attendee_id(10)}'"
    assert caller.rows("/attendees", filter=text) == []
    (deleted,) = caller.rows("/attendees", filter=text, includeDeletedGuests="true")
    assert deleted["deletedGuest"] is True
    items = caller.rows(
        f"/events/{EVENT}/orders/items", filter=f"attendee.id eq '{attendee_id(10)}'"
    )
    assert [each["guest"] for each in items] == [False, False]


def test_a_purged_contact_keeps_nothing_and_is_shown_only_on_request(caller: Caller) -> None:
    caller.simulator.world.purge(contact_id(4))
    assert contact_id(4) not in caller.ids("/contacts")
    text = f"id eq '{contact_id(4)}'"
    assert caller.rows("/contacts", filter=text) == []
    assert caller.rows("/contacts", filter=text, includePurged="true") == [
        {"id": contact_id(4), "lastModified": "2026-11-24T10:00:00.000Z", "purged": True}
    ]
    assert "includePurged=true leaves only id" in caller.refusal(
        "/contacts", filter="email eq 'x'", includePurged="true"
    )


def test_an_added_attendee_is_invisible_for_a_while(simulate: Simulate, clock: Clock) -> None:
    caller = simulate(Population(2), Behaviour(FAST, visibility_delay=30))
    assert caller.rows("/attendees") == []
    clock.sleep(30)
    assert len(caller.rows("/attendees")) == 2
    added = caller.simulator.world.add(registrant(500))
    clock.sleep(29.9)
    assert caller.get(f"/attendees/{added}").status_code == 404
    assert caller.rows("/attendees", filter=f"id eq '{added}'") == []
    assert caller.rows(f"/events/{EVENT}/orders", filter=f"attendee.id eq '{added}'") == []
    clock.sleep(0.1)
    assert caller.get(f"/attendees/{added}").status_code == 200
    assert len(caller.rows(f"/events/{EVENT}/orders", filter=f"attendee.id eq '{added}'")) == 1


@pytest.mark.parametrize(
    ("written", "registered"),
    [
        ("2026-09-01", "2026-09-01T00:00:00.000Z"),
        ("2026-09-01 08:30:00.0", "2026-09-01T08:30:00.000Z"),
        ("2026-09-01T08:30:00+02:00", "2026-09-01T06:30:00.000Z"),
    ],
)
def test_a_registration_date_may_be_written_as_webhooks_write_it(
    clock: Clock, written: str, registered: str
) -> None:
    world = CventSimulator(Population(1), clock=clock).world
    added = world.add(registrant(500, registrationDate=written))
    assert world.attendee(added)["registeredAt"] == registered


def test_a_registration_date_that_nobody_writes_is_refused(clock: Clock) -> None:
    world = CventSimulator(Population(1), clock=clock).world
    with pytest.raises(ValueError, match="registrationDate"):
        world.add(registrant(500, registrationDate="soon"))
    world.add(registrant(500))


def test_unknown_attributes_and_other_forms_of_ids_can_be_played(clock: Clock) -> None:
    world = CventSimulator(Population(1), clock=clock).world
    added = world.add(registrant(500, inviteeStub="att_01HZX", contactStub="con_17"))
    world.change(added, mood={"today": "good"})
    assert world.attendee("att_01hzx")["mood"] == {"today": "good"}
    assert world.attendee(added)["contact"]["id"] == "con_17"
