"""What an answer of Cvent's other than 200 stands for."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from regbridge import CredentialsError, RejectedError, RetryableError
from regbridge.http import Answer
from regbridge_cvent.refusals import (
    BadTokenError,
    GatewayError,
    NotFoundError,
    QuotaError,
    ThrottledError,
    next_midnight,
    refusal,
)
from regbridge_cvent.scopes import ATTENDEES, EVENTS, ORDERS, SESSIONS, scope_of, scopes_of
from regbridge_cvent.settings import Part


def answer(status: int, body: Any = None) -> Answer:
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    return Answer(status, {"Content-Type": "application/json"}, content)


def said(message: str, status: int = 429) -> Answer:
    return answer(status, {"code": status, "message": message})


@pytest.mark.parametrize("message", ["Limit Exceeded", "limit exceeded", " LIMIT EXCEEDED "])
def test_limit_exceeded_is_the_quota_whatever_its_case(message: str) -> None:
    assert isinstance(refusal("GET /events", said(message)), QuotaError)


def test_a_scim_endpoint_says_it_in_detail() -> None:
    body = {"schemas": ["x"], "status": 429, "detail": "Limit Exceeded"}

    assert isinstance(refusal("GET /events", answer(429, body)), QuotaError)


@pytest.mark.parametrize(
    "body",
    [
        {"code": 429, "message": "Too Many Requests"},
        {"code": 429, "message": "Something new"},
        {"code": 429, "message": ["Limit Exceeded"]},
        {},
        [],
        None,
        b"<html>Limit Exceeded</html>",
        b"",
        b"\xff\xfe",
        b"[" * 100_000,
    ],
)
def test_any_other_429_is_throttling(body: Any) -> None:
    assert isinstance(refusal("GET /events", answer(429, body)), ThrottledError)


def test_a_page_that_says_not_found_is_not_cvents_word() -> None:
    page = answer(404, b"\n<!DOCTYPE html><html><body>No such site</body></html>")

    found = refusal("GET /events/{id}", page)

    assert isinstance(found, RetryableError)
    assert "something else answers" in str(found)


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (302, RetryableError),
        (400, RejectedError),
        (401, BadTokenError),
        (403, CredentialsError),
        (404, NotFoundError),
        (409, RejectedError),
        (414, RejectedError),
        (431, CredentialsError),
        (500, RetryableError),
        (502, GatewayError),
        (503, GatewayError),
        (504, GatewayError),
        (599, RetryableError),
    ],
)
def test_each_status_has_its_error(status: int, kind: type[Exception]) -> None:
    error = refusal("GET /events/{id}", answer(status, {"code": status, "message": "why"}))

    assert isinstance(error, kind)
    assert str(error).startswith(f"Cvent answers {status} to GET /events/{{id}}: why")


def test_a_failure_of_the_server_itself_is_not_taken_for_one_of_the_gateway() -> None:
    assert not isinstance(refusal("GET /events", answer(500)), GatewayError)


def test_a_missing_scope_is_named() -> None:
    error = refusal("GET /events/{id}/orders", said("no access", 403), ORDERS)

    assert "give the client the scope event/orders:read in" in str(error)


def test_what_cvent_says_about_a_person_is_masked() -> None:
    error = refusal("GET /attendees", said("'Mary Jones' (mary.jones@example.com) is wrong", 400))

    assert "Mary" not in str(error) + error.detail
    assert "mary.jones" not in str(error) + error.detail


@given(st.binary(max_size=200), st.integers(300, 599))
def test_no_answer_is_too_strange_to_be_told(body: bytes, status: int) -> None:
    assert str(refusal("GET /events", Answer(status, {}, body))).startswith("Cvent answers")


def test_a_quota_begins_anew_at_midnight_gmt() -> None:
    assert next_midnight(datetime(2026, 12, 31, 10, tzinfo=UTC)) == datetime(2027, 1, 1, tzinfo=UTC)


def test_midnight_gmt_is_not_midnight_here() -> None:
    evening = datetime(2026, 11, 24, 20, tzinfo=timezone(timedelta(hours=-5)))  # 01:00 GMT

    assert next_midnight(evening) == datetime(2026, 11, 26, tzinfo=UTC)


def test_a_refusal_just_after_midnight_does_not_cost_a_whole_day() -> None:
    """Cvent's clock may be a little behind ours, and then the quota is still yesterday's."""
    just_after = datetime(2026, 11, 25, 0, 0, 2, tzinfo=UTC)

    assert next_midnight(just_after) == datetime(2026, 11, 25, 0, 5, tzinfo=UTC)


@given(st.integers(1_577_836_800, 1_893_456_000))
def test_a_pause_for_the_quota_ends_within_a_day_and_never_at_once(second: int) -> None:
    now = datetime.fromtimestamp(second, UTC)

    until = next_midnight(now)

    assert now < until <= now + timedelta(days=1)
    assert (until.hour, until.minute) in ((0, 0), (0, 5))


def test_no_more_scopes_are_asked_for_than_the_parts_need() -> None:
    assert scopes_of([Part.CONTACT]) == (ATTENDEES,)
    assert scopes_of([Part.ANSWERS, Part.GUESTS, Part.EVENT]) == (ATTENDEES, EVENTS)
    assert set(scopes_of(Part)) == {
        "event/attendees:read",
        "event/contacts:read",
        "event/events:read",
        "event/orders:read",
        "event/session-enrollment:read",
        "event/sessions:read",
    }


@pytest.mark.parametrize(
    ("path", "scope"),
    [
        ("/attendees/filter", ATTENDEES),
        ("/events/{}", EVENTS),
        ("/events/{}/orders/items", ORDERS),
        ("/event-questions/{}/choices", EVENTS),
        ("/sessions", SESSIONS),
        ("/sessions/enrollment", "event/session-enrollment:read"),
        ("/contacts/filter", "event/contacts:read"),
        ("/custom-fields", "event/custom-fields:read"),
        ("/usage/tier", ""),
    ],
)
def test_the_scope_of_each_operation_is_known(path: str, scope: str) -> None:
    assert scope_of(path) == scope
