"""What a refusal of Dataverse means."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from regbridge.http import Answer
from regbridge_dynamics.errors import Refusal, Trouble, read_refusal

NOW = datetime(2027, 3, 4, 9, 30, tzinfo=UTC)


def refusal(status: int, code: Any = "", message: str = "", **more: Any) -> Refusal:
    error = {"code": code, "message": message, **more}
    headers = {"Retry-After": "17", "x-ms-service-request-id": "abc-123"}
    return read_refusal(Answer(status, headers, json.dumps({"error": error}).encode()), NOW)


@pytest.mark.parametrize(
    ("status", "code", "trouble"),
    [
        (429, "0x80072322", Trouble.REQUESTS),
        (429, "0x80072321", Trouble.EXECUTION_TIME),
        (429, "0x80072326", Trouble.CONCURRENCY),
        (429, "-2147015903", Trouble.EXECUTION_TIME),
        (401, "0x80041d52", Trouble.UNAUTHENTICATED),
        (403, "0x80040220", Trouble.RIGHTS),
        (400, "0x80060891", Trouble.PARENT),
        (404, "0x80060891", Trouble.PARENT),
        (412, "0x80060892", Trouble.RACE),
        (412, "0x80040237", Trouble.RACE),
        (500, "0x80040333", Trouble.RECORD),
        (400, "0x80044331", Trouble.RECORD),
        (400, "0x8004431A", Trouble.RECORD),
        (400, "0x80040265", Trouble.RECORD),
        (413, "0x8004418a", Trouble.TOO_LARGE),
        (400, "0x80090412", Trouble.LATER),
        (400, "0x80044150", Trouble.LATER),
    ],
)
def test_the_code_decides_whatever_the_status(status: int, code: str, trouble: Trouble) -> None:
    assert refusal(status, code).trouble is trouble


@pytest.mark.parametrize(
    ("status", "trouble"),
    [
        (400, Trouble.RECORD),
        (401, Trouble.UNAUTHENTICATED),
        (403, Trouble.RIGHTS),
        (404, Trouble.RECORD),
        (412, Trouble.RACE),
        (413, Trouble.TOO_LARGE),
        (429, Trouble.REQUESTS),
        (500, Trouble.LATER),
        (501, Trouble.LATER),
        (503, Trouble.LATER),
    ],
)
@pytest.mark.parametrize("code", ["", "0x0", None, "0x8004ffff", 0, [1]])
def test_without_a_known_code_the_status_decides(status: int, trouble: Trouble, code: Any) -> None:
    assert refusal(status, code).trouble is trouble


def test_only_a_status_of_the_whole_service_stops_everything() -> None:
    assert refusal(503).is_of_service
    assert not refusal(500).is_of_service
    assert not refusal(500, "0x80040333").is_of_service


@pytest.mark.parametrize("status", [302, 404, 500, 502, 503])
def test_a_page_of_something_else_may_be_right_again_later(status: int) -> None:
    found = read_refusal(Answer(status, {}, b"<html>proxy</html>"), NOW)
    assert (found.trouble, found.is_of_service) == (Trouble.LATER, True)
    assert f"something answers {status} in the place of Dataverse" in str(found)


def test_a_plug_in_may_ask_to_be_tried_again() -> None:
    status = {"@Microsoft.PowerApps.CDS.ErrorDetails.OperationStatus": "2"}
    assert refusal(400, "0x80040265", **status).trouble is Trouble.LATER
    status = {"@Microsoft.PowerApps.CDS.ErrorDetails.OperationStatus": "0"}
    assert refusal(400, "0x80040265", **status).trouble is Trouble.RECORD


def test_a_missing_privilege_is_named() -> None:
    said = refusal(403, "0x80040220", "Principal user (Id=1) is missing prvCreateContact privilege")
    assert str(said) == "the application user lacks a privilege: prvCreateContact (0x80040220)"


def test_a_refusal_says_what_an_administrator_can_look_up_and_quotes_nobody() -> None:
    found = refusal(400, "0x80044331", "the value 'Zoë' is too long")
    assert str(found) == "a text is longer than its column (0x80044331)"
    assert found.detail.endswith("status 400, request abc-123")
    assert found.retry_after == 17
    assert "Zoë" not in f"{found}{found.detail}{found!r}"


def test_only_where_ours_say_nothing_dataverses_own_words_are_needed() -> None:
    assert refusal(400, "0x80040265").needs_message
    assert refusal(400, "0x80041111").needs_message
    assert not refusal(400, "0x80044331").needs_message


@pytest.mark.parametrize("request_id", ["a\r\nb", "x" * 65, "<b>"])
def test_an_id_that_is_none_is_not_shown(request_id: str) -> None:
    found = read_refusal(Answer(400, {"REQ_ID": request_id}, b'{"error":{}}'), NOW)
    assert found.request_id == ""


@given(st.integers(300, 599), st.binary(max_size=200), st.text(max_size=60))
def test_any_answer_means_something(status: int, body: bytes, code: str) -> None:
    for sent in (body, json.dumps({"error": {"code": code}}).encode(), b'{"error":{"code":{}}}'):
        found = read_refusal(Answer(status, {}, sent), NOW)
        assert str(found)
        assert len(str(found)) < 200
