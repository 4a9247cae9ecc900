"""What an enrichment adds is made of whatever Cvent's API returned."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from regbridge import Event, Product
from regbridge_cvent.patches import Facts, id_of, make_patch, session_of
from regbridge_cvent.questions import Names
from regbridge_cvent.settings import Part

ATTENDEE = {
    "id": "A1",
    "event": {"id": "E1"},
    "status": "Accepted",
    "registrationType": {"id": "r", "code": "MU", "name": "Meet up"},
    "answers": [{"question": {"id": "Q1"}, "value": ["4711"]}],
    "questions": [],
    "contact": {
        "id": "C1",
        "firstName": "Rory",
        "_links": {},
        "customFields": [
            {"id": "f1", "name": "Colours", "value": ["red", "blue"]},
            {"id": "f2", "name": "Member number", "value": ["M-1"]},
            {"id": "f3", "name": "Nothing", "value": []},
        ],
    },
    "somethingNew": {"x": 1},
}
NO_NAMES = Names(None, ())


def patch(facts: Facts, *parts: Part, event: Event | None = None) -> dict[str, Any]:
    return make_patch(facts, parts, NO_NAMES, event)


def test_the_attendee_keeps_cvents_names_and_what_is_new_in_it() -> None:
    found = patch(Facts(ATTENDEE), Part.CONTACT)

    assert set(found) == {"testRecord", "attendee", "contact"}
    assert found["testRecord"] is False
    assert found["attendee"] == {
        "id": "A1",
        "status": "Accepted",
        "registrationType": {"id": "r", "code": "MU", "name": "Meet up"},
        "somethingNew": {"x": 1},
    }


@pytest.mark.parametrize(("mark", "expected"), [(True, True), (False, False), ("true", False)])
def test_a_test_record_is_marked_at_the_top(mark: Any, expected: bool) -> None:
    assert patch(Facts({"testRecord": mark}), Part.ANSWERS)["testRecord"] is expected


def test_custom_fields_of_the_contact_are_found_by_name() -> None:
    contact = patch(Facts(ATTENDEE), Part.CONTACT)["contact"]

    assert contact == {
        "id": "C1",
        "firstName": "Rory",
        "customFields": {"Colours": ["red", "blue"], "Member number": "M-1", "Nothing": None},
    }


def test_the_parent_of_a_contact_snapshot_is_its_id_or_null() -> None:
    assert patch(Facts(ATTENDEE, parent="P1"), Part.PARENT)["contact"]["parentId"] == "P1"
    assert patch(Facts(ATTENDEE), Part.PARENT)["contact"]["parentId"] is None
    assert "parentId" not in patch(Facts(ATTENDEE), Part.CONTACT)["contact"]


def test_guests_are_like_attendees_with_contact_and_answers() -> None:
    guest = {**ATTENDEE, "id": "G1", "guest": True, "primaryId": "A1"}

    [found] = patch(Facts(ATTENDEE, guests=[guest]), Part.GUESTS)["guests"]

    assert found["id"] == "G1"
    assert found["contact"]["customFields"]["Member number"] == "M-1"
    assert found["answers"] == {"q1": "4711"}


def test_items_lie_in_their_orders_whatever_the_case_of_ids() -> None:
    orders = [{"id": "O1", "number": "1"}, {"id": "O2", "number": "2"}]
    items: list[dict[str, Any]] = [
        {"id": "I1", "order": {"id": "o1"}},
        {"id": "I2", "order": {"id": "O3"}},
    ]

    found = patch(Facts(ATTENDEE, orders=orders, items=items), Part.ORDERS)

    assert [(each["number"], [i["id"] for i in each["items"]]) for each in found["orders"]] == [
        ("1", ["I1"]),
        ("2", []),
    ]


def test_products_are_found_by_id_and_by_name() -> None:
    items: list[dict[str, Any]] = [
        {"name": " Awards Luncheon ", "product": {"id": "P1"}},
        {"name": "Parking", "product": {"id": "P2"}},
        {"name": None},
    ]
    named = {
        "luncheon": Product("luncheon", title="Awards Luncheon"),
        "parking": Product("parking", id="p2"),
        "none": Product("none", title="Golf"),
    }

    found = patch(Facts(ATTENDEE, items=items), Part.ORDERS, event=Event("e", "E", products=named))

    assert found["products"] == {"luncheon": [items[0]], "parking": [items[1]], "none": []}


def test_a_session_that_is_not_known_yet_still_has_its_id_and_status() -> None:
    enrolment = {"session": {"id": "S1"}, "status": "Waitlisted"}

    assert session_of(enrolment, {}) == {"id": "s1", "enrolment": "Waitlisted"}
    assert session_of(enrolment, {"s1": {"id": "S1", "title": "Opening"}}) == {
        "id": "S1",
        "title": "Opening",
        "enrolment": "Waitlisted",
    }


def test_an_id_is_compared_in_lower_case() -> None:
    assert id_of({"id": "ABC"}) == "abc"
    assert [id_of(row) for row in ({}, None, {"id": None}, "x", {"id": 7})] == ["", "", "", "", "7"]


names = st.sampled_from(
    ["id", "contact", "customFields", "name", "value", "answers", "order", "product", "testRecord"]
)
rows = st.dictionaries(
    names,
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=3),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(names, inner, max_size=3),
        max_leaves=12,
    ),
)


@given(rows, st.lists(rows, max_size=2), st.lists(rows, max_size=2))
def test_no_row_is_too_strange_to_make_a_patch_of(
    attendee: dict[str, Any], guests: list[dict[str, Any]], orders: list[dict[str, Any]]
) -> None:
    """Cvent marks hardly any field as required, and adds some freely."""
    event = Event("e", "E", products={"x": Product("x", title="x")})
    facts = Facts(attendee, guests, orders, items=orders, sessions=guests)

    found = patch(facts, *Part, event=event)

    assert found["testRecord"] is (attendee.get("testRecord") is True)
    assert len(found["guests"]) == len(guests)
