"""The table of errors and the format of their answers."""

from __future__ import annotations

import json
from http import HTTPStatus

import pytest

from regbridge import errors
from regbridge.web.errors import ANSWERS, problem


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (errors.ConfigError, 503),
        (errors.AuthenticationError, 401),
        (errors.MalformedMessageError, 400),
        (errors.RetryableError, 503),
        (errors.StoreUnavailableError, 503),
    ],
)
def test_every_error_that_a_sender_can_cause_has_its_status(
    error: type[errors.RegbridgeError], status: int
) -> None:
    assert ANSWERS[error].status == status


def test_every_503_says_when_to_come_again() -> None:
    later = [answer for answer in ANSWERS.values() if answer.status == 503]

    assert all(answer.headers["Retry-After"] == "30" for answer in later)


def test_a_problem_names_its_status_in_words() -> None:
    document = json.loads(problem(HTTPStatus.BAD_REQUEST, "why", receipt=7))

    assert document == {
        "type": "about:blank",
        "title": "Bad Request",
        "status": 400,
        "detail": "why",
        "receipt": 7,
    }


def test_a_problem_without_anything_to_add_has_no_detail() -> None:
    assert "detail" not in json.loads(problem(500, None))
