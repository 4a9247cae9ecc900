"""A registrant's story in steps: times between, links, and what is still to come."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from regbridge.timeline import linked, span, timeline


def revision(number: int, **values: Any) -> Any:
    defaults = {
        "received_at": 1_000 * number,
        "receipt_kind": "webhook",
        "event_type": "InviteeOrGuestAccepted",
        "message_time_text": "",
        "endpoint": "CventReg",
        "state": "pending",
        "reason": "",
        "lease": None,
        "attempts": 0,
        "due_at": None,
        "settled_at": None,
    }
    return SimpleNamespace(id=number, **(defaults | values))


def delivery(of: int, **values: Any) -> Any:
    defaults = {
        "target": "crm",
        "state": "delivered",
        "reason": "",
        "record": "{}",
        "digest": "d",
        "outcome": "created",
        "external_id": "77",
        "lease": None,
        "attempts": 1,
        "due_at": None,
        "created_at": 1_000 * of + 500,
        "begun_at": 1_000 * of + 1_700,
        "settled_at": 1_000 * of + 2_500,
    }
    return SimpleNamespace(id=of, registration_id=of, **(defaults | values))


def happening(of: int, at: int, what: str, text: str = "", target: str = "") -> Any:
    return SimpleNamespace(registration_id=of, at=at, happening=what, text=text, target=target)


@pytest.mark.parametrize(
    ("ms", "said"),
    [
        (-5, "0.0 s"),
        (400, "0.4 s"),
        (59_999, "60.0 s"),
        (60_000, "1 min"),
        (182_000, "3 min 2 s"),
        (7_500_000, "2 h 5 min"),
        (190_800_000, "2 d 5 h"),
    ],
)
def test_a_time_between_is_said_as_people_say_it(ms: int, said: str) -> None:
    assert span(ms) == said


def test_a_text_that_names_a_registration_leads_there() -> None:
    assert linked("registration 9 of the same registrant is newer") == [
        ("registration 9", 9),
        (" of the same registrant is newer", None),
    ]
    assert linked("") == []


@given(st.text() | st.from_regex(r"registration \d+", fullmatch=True))
def test_no_text_is_changed_by_its_links(text: str) -> None:
    assert "".join(part for part, _ in linked(text)) == text


def test_the_steps_of_a_delivered_one_follow_each_other_with_the_time_between() -> None:
    steps = timeline([revision(1, state="delivered", settled_at=3_500)], [delivery(1)], [])

    assert [(step.at, step.what, step.after) for step in steps] == [
        (1_000, "received", ""),
        (1_500, "mapped", "0.5 s"),
        (2_700, "sent", "1.2 s"),
        (3_500, "delivered", "0.8 s"),
    ]
    assert steps[3].text == "created, id there 77"


def test_what_is_still_to_come_is_at_the_end() -> None:
    waits = delivery(1, state="pending", reason="timeout", attempts=2, due_at=9_000)
    sent = delivery(2, state="pending", lease="x")

    steps = timeline([revision(1), revision(2)], [waits, sent], [])

    assert [(step.registration, step.at, step.what) for step in steps[-2:]] == [
        (1, 9_000, "pending"),
        (2, None, "is sent"),
    ]
    assert steps[-2].text == "timeout, 2 attempts failed"


def test_one_that_is_prepared_again_says_so_beside_what_was_delivered() -> None:
    steps = timeline([revision(1, lease="x", due_at=9)], [delivery(1)], [])

    assert [step.what for step in steps] == [
        "received",
        "mapped",
        "sent",
        "delivered",
        "is prepared",
    ]


def test_parking_is_told_once() -> None:
    parked = revision(1, state="parked", reason="no", settled_at=4_000)
    never_sent = {"record": "", "digest": "", "begun_at": None}
    there = delivery(1, state="parked", reason="no", settled_at=4_000, **never_sent)
    told = [happening(1, 2_000, "failed", "no", "crm"), happening(1, 4_000, "parked", "no", "crm")]

    assert [step.what for step in timeline([parked], [there], told)] == [
        "received",
        "failed",
        "parked",
    ]
    early = [happening(1, 2_000, "parked", "before"), happening(1, 4_000, "parked", "no")]
    assert [step.text for step in timeline([parked], [], early)][1:] == ["before", "no"]


def test_what_reconciling_found_was_not_received() -> None:
    [step, *_] = timeline([revision(1, receipt_kind="reconcile")], [], [])

    assert step.what == "found by reconciling"
