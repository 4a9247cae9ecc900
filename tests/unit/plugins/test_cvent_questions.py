"""Answers stand under the names that the YAML gives to questions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from regbridge import Event, Question
from regbridge_cvent.questions import CventQuestion, Names, answered, read_question, remedy

MEMBER = CventQuestion("aaaaaaaa-0000-0000-0000-000000000001", "MEMBERID", "Member number", "x")
DIET = CventQuestion("aaaaaaaa-0000-0000-0000-000000000002", "DIET", "Any diet?", "MultiChoice")
PLAIN = CventQuestion("aaaaaaaa-0000-0000-0000-000000000003", "", "Any diet?", "x")
ALL = (MEMBER, DIET, PLAIN)


def event(*questions: Question) -> Event:
    return Event("conference", "an-event", questions={each.name: each for each in questions})


def attendee(**values: Any) -> dict[str, Any]:
    """Return an attendee with answers: the id's last figure → the value."""
    return {
        "answers": [
            {"question": {"id": f"AAAAAAAA-0000-0000-0000-00000000000{name[1:]}"}, "value": value}
            for name, value in values.items()
        ]
    }


@pytest.mark.parametrize(
    "named",
    [
        Question("number", id=MEMBER.id.upper()),
        Question("number", code="memberid"),
        Question("number", code=" MEMBERID "),
        Question("number", text="Member number"),
    ],
)
def test_a_question_is_named_by_id_code_or_text(named: Question) -> None:
    assert Names(event(named), ALL).answers(attendee(q1=["4711"])) == {"number": "4711"}


def test_a_question_without_a_name_has_its_code_or_else_its_id() -> None:
    found = Names(None, ALL).answers(attendee(q1=["4711"], q3=["none"], q9=["?"]))

    assert found == {
        "MEMBERID": "4711",
        PLAIN.id: "none",
        "aaaaaaaa-0000-0000-0000-000000000009": "?",
    }


def test_a_code_that_is_the_name_of_another_question_does_not_take_its_place() -> None:
    named = event(Question("DIET", code="MEMBERID"))

    found = Names(named, ALL).answers(attendee(q1=["4711"], q2=["vegan"]))

    assert found == {"DIET": "4711", DIET.id: "vegan"}


def test_a_text_that_several_questions_have_names_all_of_them() -> None:
    """The same question may be asked for each admission item; one of them is answered."""
    named = event(Question("diet", text="Any diet?"))

    assert Names(named, ALL).answers(attendee(q2=["vegan"], q3=[])) == {"diet": "vegan"}
    assert Names(named, ALL).answers(attendee(q2=[], q3=["vegan"])) == {"diet": "vegan"}


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (["a"], "a"),
        (["a", "b"], ["a", "b"]),
        ([], None),
        ([""], None),
        (["", "b"], "b"),
        (None, None),
        ("not a list", "not a list"),
        ([None], None),
    ],
)
def test_a_value_is_one_text_several_or_none(value: Any, expected: Any) -> None:
    assert Names(None, ALL).answers(attendee(q1=value)) == {"MEMBERID": expected}


def test_every_name_of_the_yaml_is_there_and_what_the_event_lacks_is_missing() -> None:
    gone = Question("gone", code="GONE")
    names = Names(event(Question("number", code="MEMBERID"), gone), ALL)

    assert names.answers({}) == {"number": None, "gone": None}
    assert names.missing == [gone]


def test_an_id_that_is_not_listed_is_looked_for_in_the_answers_all_the_same() -> None:
    named = Question("number", id="AAAAAAAA-0000-0000-0000-000000000009")
    names = Names(event(named), ALL)

    assert names.answers(attendee(q9=["4711"])) == {"number": "4711"}
    assert names.missing == [named]


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        (Question("x", code="MEMBER-ID"), "did you mean 'MEMBERID'"),
        (Question("x", text="Member numbr"), "did you mean 'Member number'"),
        (Question("x", id="aaaaaaaa-0000-0000-0000-00000000000f"), "did you mean 'aaaaaaaa-"),
        (Question("x", code="nothing like it"), ""),
    ],
)
def test_the_nearest_question_is_offered(question: Question, expected: str) -> None:
    found = remedy(question, ALL)

    assert expected in found
    assert bool(expected) or "did you mean" not in found


def test_a_question_is_read_whatever_else_it_has() -> None:
    row = {"id": MEMBER.id.upper(), "code": " MEMBERID ", "text": None, "type": "x", "new": [1]}

    assert read_question(row) == CventQuestion(MEMBER.id, "MEMBERID", "", "x")
    assert read_question({}) == CventQuestion("", "", "", "")


def test_what_was_answered_is_known_by_id() -> None:
    assert answered(attendee(q1=["x"], q9=[])) == {
        MEMBER.id,
        "aaaaaaaa-0000-0000-0000-000000000009",
    }


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(["answers", "question", "id", "value"]), inner, max_size=4
        )
    ),
    max_leaves=20,
)


@given(st.dictionaries(st.sampled_from(["answers", "id"]), json_values))
def test_no_attendee_is_too_strange_to_be_read(strange: dict[str, Any]) -> None:
    found = Names(event(Question("number", code="MEMBERID")), ALL).answers(strange)

    assert "number" in found


@given(st.lists(st.sampled_from(ALL), max_size=3), st.permutations(ALL))
def test_the_order_of_questions_does_not_matter(
    some: Sequence[CventQuestion], order: Sequence[CventQuestion]
) -> None:
    named = event(Question("number", code="MEMBERID"))
    given_answers = attendee(**{f"q{question.id[-1]}": ["x"] for question in some})

    assert Names(named, order).answers(given_answers) == Names(named, ALL).answers(given_answers)
