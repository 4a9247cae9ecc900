"""Filters over HTTP: what each operation lets them say, and what they find."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from regbridge.testing.payloads import registrant
from regbridge_cvent.simulator import Behaviour, Population, Tier
from regbridge_cvent.simulator.account.people import attendee_of
from regbridge_cvent.simulator.filters import fields
from regbridge_cvent.simulator.filters.grammar import FilterError
from regbridge_cvent.simulator.filters.rules import Rules

if TYPE_CHECKING:
    from tests.integration.cvent.conftest import Caller, Simulate

EVENT = "0b4c4410-1d46-43cd-a903-e8cf9de6ade5"
OTHER_EVENT = "1C4C4410-1D46-43CD-A903-E8CF9DE6ADE5"

# As reference/cvent-rest-api.md, section 7, and the specification list them.
SOME_RULES = {
    "attendees": (
        fields.ATTENDEES,
        {
            "id event.id confirmationNumber checkedIn registrationPath.id invitationList.id "
            "referenceId note guest group.leader group.id unsubscribed invitedBy responseMethod "
            "status contact.id visibility appointmentGroup.id contact.deleted primaryId "
            "deletedGuest answers.question.60f1d05b-e3ee-4d70-a7f3-0edb9a76af4a": "eq ne",
            "registrationType.id": "eq ne is-null is-not-null is-empty is-not-empty",
            "externalReference.type externalReference.id externalReference.referenceId": "eq",
            "checkIn checkOut registeredAt registrationLastModified lastModified created "
            "attendeeLastModified": "eq ne lt le gt ge",
            "contact.title contact.company contact.firstName contact.lastName contact.email": (
                "eq ne sw"
            ),
        },
    ),
    "contacts": (
        fields.CONTACTS,
        {
            "id sourceId ccEmail company type.id nickname title workPhone middleName mobilePhone "
            "homeFax designation homePhone pager workFax lastModifiedBy createdBy "
            "workAddress.address1 workAddress.address2 workAddress.address3 workAddress.city "
            "workAddress.country homeAddress.address1 homeAddress.address2 homeAddress.address3 "
            "homeAddress.city homeAddress.country deleted optOut.optedOut": "eq ne",
            "firstName lastName email": "eq ne contains sw",
            "lastModified created": "eq ne lt le gt ge",
            "customField.60f1d05b-e3ee-4d70-a7f3-0edb9a76af4a": ("eq ne lt le gt ge sw contains"),
        },
    ),
    "event questions": (
        fields.EVENT_QUESTIONS,
        {"event.id id code tag": "eq ne", "created lastModified": "eq ne lt le gt ge"},
    ),
    "orders": (
        fields.ORDERS,
        {"id attendee.id event.id type": "eq ne", "created lastModified": "eq ne lt le gt ge"},
    ),
    "order items": (
        fields.ORDER_ITEMS,
        {
            "id attendee.id event.id order.id product.id product.type": "eq ne",
            "created lastModified": "eq ne lt le gt ge",
        },
    ),
    "choices": (fields.CHOICES, {"text": "eq"}),
    "enrollment": (
        fields.ENROLLMENT,
        {
            "id event.id attendee.id session.id status deleted": "eq ne",
            "created lastModified": "eq ne lt le gt ge",
        },
    ),
}
OPERATORS = [
    "eq",
    "ne",
    "gt",
    "ge",
    "lt",
    "le",
    "sw",
    "contains",
    "in",
    "match",
    "is-null",
    "is-not-null",
    "is-empty",
    "is-not-empty",
]


def allows(rules: Rules, field: str, operator: str) -> bool:
    """Say whether some value makes a filter of a field and an operator that is taken."""
    if operator.startswith("is-"):
        texts = [f"{field} {operator.replace('-', ' ')}"]
    else:
        values = ("x", "true", "5", "2026-11-24T10:00:00Z")
        shape = "('{}')" if operator == "in" else "'{}'"
        texts = [f"{field} {operator} {shape.format(value)}" for value in values]
    return any(compiles(rules, text) for text in texts)


def compiles(rules: Rules, text: str) -> bool:
    try:
        rules.compile(text)
    except FilterError:
        return False
    return True


@pytest.mark.parametrize("name", SOME_RULES)
def test_every_field_allows_the_documented_operators_and_no_other(name: str) -> None:
    rules, table = SOME_RULES[name]
    for names, operators in table.items():
        for field in names.split():
            allowed = {each for each in OPERATORS if allows(rules, field, each)}
            assert allowed == set(operators.split()), field


@pytest.mark.parametrize("name", SOME_RULES)
def test_no_other_field_can_be_used(name: str) -> None:
    rules, table = SOME_RULES[name]
    documented = {field for names in table for field in names.split() if field.count("-") < 4}
    assert set(rules.fields) == documented


@pytest.fixture
def caller(simulate: Simulate) -> Caller:
    """A simulator with sixty registrants at each of two events, with guests."""
    return simulate(Population(60, events=(EVENT.upper(), OTHER_EVENT), guests_every=5))


def attendee_id(number: int) -> str:
    return str(registrant(number)["inviteeStub"]).lower()


def contact_id(number: int) -> str:
    return str(registrant(number)["contactStub"]).lower()


def test_attendees_are_found_by_a_chain_of_ids(caller: Caller) -> None:
    wanted = {attendee_id(number) for number in range(1, 41)}
    text = " or ".join(f"id eq '{each}'" for each in sorted(wanted))
    assert caller.ids("/attendees", filter=text) == wanted
    found = caller.post("/attendees/filter", {"filter": text}).json()["data"]
    assert {each["id"] for each in found} == wanted


def test_ids_that_do_not_exist_are_not_missed_by_the_others(caller: Caller) -> None:
    text = f"id eq '{attendee_id(1)}' or id eq '{attendee_id(9999)}' or id eq 'no such form'"
    assert caller.ids("/attendees", filter=text) == {attendee_id(1)}


def test_an_id_in_capitals_is_another_id(caller: Caller) -> None:
    assert caller.ids("/attendees", filter=f"id eq '{attendee_id(1).upper()}'") == set()


def test_a_chain_of_ids_makes_no_record_but_those(
    simulate: Simulate, monkeypatch: pytest.MonkeyPatch
) -> None:
    caller = simulate(Population(3000))
    made: list[Any] = []

    def counting(*arguments: Any) -> Any:
        made.append(arguments)
        return attendee_of(*arguments)

    monkeypatch.setattr("regbridge_cvent.simulator.account.registrants.attendee_of", counting)
    wanted = {attendee_id(number) for number in range(1000, 1100)}
    text = " or ".join(f"id eq '{each}'" for each in wanted)
    assert len(caller.post("/attendees/filter", {"filter": text}).json()["data"]) == 100
    assert len(made) == 100
    caller.rows("/attendees", filter=f"primaryId eq '{attendee_id(10)}'")
    assert len(made) == 101


def expected(caller: Caller, wanted: Any) -> set[str]:
    """Return the ids of the attendees that a function chooses."""
    return {each["id"] for each in caller.rows("/attendees") if wanted(each)}


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        (f"event.id eq '{EVENT}'", lambda each: each["event"]["id"] == EVENT),
        (f"event.id ne '{EVENT}'", lambda each: each["event"]["id"] != EVENT),
        ("guest eq 'true'", lambda each: each["guest"]),
        ("guest ne 'true'", lambda each: not each["guest"]),
        ("checkedIn eq 'false'", lambda each: True),
        ("status eq 'Cancelled'", lambda each: False),
        (f"contact.id eq '{contact_id(7)}'", lambda each: each["contact"]["id"] == contact_id(7)),
        (f"primaryId eq '{attendee_id(5)}'", lambda each: each.get("primaryId") == attendee_id(5)),
        (f"primaryId ne '{attendee_id(5)}'", lambda each: each.get("primaryId") != attendee_id(5)),
        ("contact.lastName sw 'Wa'", lambda each: each["contact"]["lastName"].startswith("Wa")),
        ('contact.lastName eq "O\'Dea"', lambda each: each["contact"]["lastName"] == "O'Dea"),
        (
            r'contact.company eq "The \"Old Mill\" Press"',
            lambda each: each["contact"].get("company") == 'The "Old Mill" Press',
        ),
        ("registrationType.id is null", lambda each: "registrationType" not in each),
        ("registrationType.id is empty", lambda each: "registrationType" not in each),
        ("registrationType.id is not null", lambda each: "registrationType" in each),
        ("registrationType.id is not empty", lambda each: "registrationType" in each),
        (
            "registeredAt ge '2026-09-01T12:00:00Z' "
            "and registeredAt lt '2026-09-01T14:00:00+01:00'",
            lambda each: "2026-09-01T12" <= each["registeredAt"] < "2026-09-01T13",
        ),
        (
            "lastModified gt '2026-09-01T14:00:00Z' and guest eq 'false'",
            lambda each: each["lastModified"] > "2026-09-01T14:00:00.000Z" and not each["guest"],
        ),
        (
            f"guest eq 'true' or contact.id eq '{contact_id(2)}' "
            f"or contact.id eq '{contact_id(3)}'",
            lambda each: each["guest"] or each["contact"]["id"] in (contact_id(2), contact_id(3)),
        ),
    ],
)
def test_a_filter_finds_what_it_says(caller: Caller, text: str, wanted: Any) -> None:
    assert caller.ids("/attendees", filter=text) == expected(caller, wanted)


def test_attendees_are_found_by_an_answer(caller: Caller) -> None:
    (question,) = caller.rows(
        "/event-questions", filter=f"event.id eq '{EVENT}' and code eq 'VOLUNTEER'"
    )
    text = f"answers.question.{question['id']} eq 'Yes'"
    given = {"question": {"id": question["id"]}, "value": ["Yes"]}
    found = caller.ids("/attendees", filter=text)
    assert found == expected(caller, lambda each: given in each.get("answers", ()))
    assert found


@pytest.mark.parametrize(
    ("path", "text", "count"),
    [
        ("/contacts", f"id eq '{contact_id(4)}' or id eq '{contact_id(6)}'", 2),
        ("/contacts", "email contains '.17@'", 1),
        ("/contacts", "workAddress.city eq 'Halifax' and firstName ne 'Nobody'", 12),
        ("/contacts", "deleted eq 'true'", 0),
        ("/events", f"id eq '{EVENT}'", 1),
        ("/events", "code eq 'QT7XN2MW4KD' or title contains 'Regional'", 2),
        ("/events", "(status eq 'Active' or status eq 'Pending') and capacity ge '20000'", 2),
        ("/events", "planner.lastName eq 'Holm' and venue.address.city eq 'Duluth'", 2),
        ("/event-questions", "tag eq 'Membership'", 2),
        (f"/events/{EVENT}/orders", f"attendee.id eq '{attendee_id(5)}'", 1),
        (f"/events/{EVENT}/orders/items", f"attendee.id eq '{attendee_id(5)}'", 4),
        (
            f"/events/{EVENT}/orders/items",
            f"attendee.id eq '{attendee_id(5)}' AND (product.type eq 'QuantityItem' OR id eq 'x')",
            2,
        ),
        ("/sessions", f"event.id eq '{EVENT}' and includedSession eq 'true'", 1),
        ("/sessions", f"event.id eq '{EVENT}' and title match 'WORKSHOP'", 2),
        ("/sessions", "code in ('S01')", None),
        ("/sessions", "registrationTypes is empty and admissionItems is not empty", 8),
        ("/sessions/enrollment", f"attendee.id eq '{attendee_id(9)}'", 2),
        ("/sessions/enrollment", "status eq 'Waitlisted'", 12),
        ("/custom-fields", "category eq 'Contact'", 2),
        ("/custom-fields", "category eq 'Contact' and code eq 'member_number'", 1),
        ("/custom-fields", "category eq 'Survey'", 0),
    ],
)
def test_other_operations_filter_too(
    caller: Caller, path: str, text: str, count: int | None
) -> None:
    if count is None:
        assert "allows eq, ne, not in" in caller.refusal(path, filter=text)
    else:
        assert len(caller.rows(path, filter=text)) == count


def test_sessions_are_found_by_a_list_of_ids(caller: Caller) -> None:
    ids = sorted(caller.ids("/sessions"))[:3]
    listed = ", ".join(f"'{each}'" for each in ids)
    assert caller.ids("/sessions", filter=f"id in ({listed})") == set(ids)


def test_contacts_are_found_by_a_custom_field(caller: Caller) -> None:
    fields = caller.rows(
        "/custom-fields", filter="category eq 'Contact' and code eq 'MEMBER_NUMBER'"
    )
    text = f"customField.{fields[0]['id']} eq 'M-000012'"
    assert caller.ids("/contacts", filter=text) == {contact_id(12)}


def test_choices_are_found_by_their_text(caller: Caller) -> None:
    (question,) = caller.rows(
        "/event-questions", filter=f"event.id eq '{EVENT}' and code eq 'DIET'"
    )
    path = f"/event-questions/{question['id']}/choices"
    found = caller.rows(path, filter="text eq 'No nuts, please' or text eq 'Other'")
    assert {each["type"] for each in found} == {"StandardChoice", "OtherChoice"}
    assert "`and` is not documented" in caller.refusal(
        path, filter="text eq 'Other' and text eq 'Other'"
    )


@pytest.mark.parametrize(
    ("path", "text", "why"),
    [
        ("/attendees", "id in ('a', 'b')", "id allows eq, ne, not in; join `eq` by `or` instead"),
        ("/attendees", "id gt 'a'", "id allows eq, ne, not gt"),
        (
            "/attendees",
            "contact.email contains 'x'",
            "contact.email allows eq, ne, sw, not contains",
        ),
        ("/attendees", "testRecord eq 'true'", "does not filter by testRecord"),
        ("/attendees", "contact.mail eq 'x'", "did you mean 'contact.email'?"),
        ("/attendees", "answers.question eq 'x'", "does not filter by answers.question"),
        ("/attendees", "deletedGuest eq 'true'", "works only with includeDeletedGuests=true"),
        ("/attendees", "guest eq 'yes'", "guest is compared with 'true' or 'false'"),
        ("/attendees", "checkIn gt '0001-01-01T00:00:00+23:00'", "a time in ISO 8601"),
        ("/attendees", "checkIn gt 'noon'", "checkIn is compared with a time in ISO 8601"),
        ("/attendees", "checkIn gt '2026-11-24T10:00:00'", "a time in ISO 8601 with its zone"),
        ("/attendees", "id eq 'a' or (id eq 'b')", "brackets are not documented"),
        ("/attendees", "id eq 'a' or id eq 'b' and id eq 'c'", "without brackets"),
        ("/attendees", "", "the name of a field must stand at the end"),
        ("/contacts", "id in ('a')", "join `eq` by `or` instead"),
        ("/contacts", "phone eq '1'", "does not filter by phone"),
        ("/events", "capacity gt 'many'", "capacity is compared with a number"),
        ("/events", "capacity gt 'nan'", "capacity is compared with a number"),
        ("/events", "title contains 'AB'", "the value must have 3 to 15 characters"),
        ("/events", "title contains 'Annual Conference'", "the value must have 3 to 15 characters"),
        ("/event-questions", "text eq 'Yes'", "does not filter by text"),
        (f"/events/{EVENT}/orders", "product.id eq 'x'", "does not filter by product.id"),
        ("/custom-fields", "code eq 'X'", "must contain `category eq` once"),
        ("/custom-fields", "category eq 'Event' or code eq 'X'", "must contain `category eq` once"),
        ("/custom-fields", "category eq 'Event' and category eq 'Contact'", "`category eq` once"),
        ("/custom-fields", "category ne 'Event'", "category allows eq, not ne"),
        ("/custom-fields", "category eq 'Invitee'", "the categories are Abstract"),
    ],
)
def test_a_filter_that_is_not_documented_is_refused_with_the_reason(
    caller: Caller, path: str, text: str, why: str
) -> None:
    assert why in caller.refusal(path, filter=text)


def test_a_refusal_does_not_repeat_what_was_asked_for(caller: Caller) -> None:
    answer = caller.get("/attendees", filter="contact.email contains 'ada@example.com'")
    assert answer.status_code == 400
    assert answer.json()["target"] == "filter"
    assert "ada" not in answer.text


def test_the_filter_of_custom_fields_is_required(caller: Caller) -> None:
    assert "the filter is required" in caller.refusal("/custom-fields")


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        ("text/plain", b'{"filter": "id eq \'a\'"}'),
        ("application/json", b"{"),
        ("application/json", b"[]"),
        ("application/json", b'{"filter": 5}'),
        ("application/json", b'{"filtre": "x"}'),
        ("application/json", b'{"filter": "\xff"}'),
        ("application/json", b" " * 1_000_001),
    ],
)
def test_a_body_that_holds_no_filter_is_refused(
    caller: Caller, content_type: str, body: bytes
) -> None:
    answer = caller.session.post(
        f"{caller.base}/attendees/filter",
        data=body,
        headers={"Content-Type": content_type},
        timeout=30,
    )
    assert answer.status_code == 400


def test_a_body_and_its_filter_may_be_left_out(caller: Caller) -> None:
    everybody = caller.get("/attendees").json()["paging"]["totalCount"]
    assert caller.post("/attendees/filter").json()["paging"]["totalCount"] == everybody
    assert caller.post("/attendees/filter", {}).json()["paging"]["totalCount"] == everybody


def test_filters_and_urls_have_a_longest_length(simulate: Simulate) -> None:
    behaviour = Behaviour(Tier("fast", None, 1000, 1000), url_limit=500, filter_limit=1000)
    caller = simulate(Population(1), behaviour)
    text = "id eq 'a'" + " or id eq 'a'" * 60
    answer = caller.get("/attendees", filter=text)
    assert (answer.status_code, answer.json()["code"]) == (414, 414)
    assert caller.post("/attendees/filter", {"filter": text}).status_code == 200
    answer = caller.post("/attendees/filter", {"filter": text * 2})
    assert answer.status_code == 400
    assert "more than 1,000 characters" in answer.json()["message"]


def test_the_ordinary_limits_take_two_hundred_ids_in_a_body_but_not_in_a_url(
    caller: Caller,
) -> None:
    text = " or ".join(f"id eq '{attendee_id(number)}'" for number in range(200))
    assert caller.get("/attendees", filter=text).status_code == 414
    assert caller.post("/attendees/filter", {"filter": text}).status_code == 200
    refused = caller.post("/attendees/filter", {"filter": " or ".join([text] * 8)})
    assert refused.status_code == 400
