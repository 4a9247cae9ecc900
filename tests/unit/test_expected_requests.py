"""In what a request differs from the expected one, in words."""

from __future__ import annotations

import json
import re
from typing import Any
from unittest.mock import ANY

import pytest

from regbridge.testing.expected import ANYTHING, Answer, Expectation, Seen, json_differences


def seen(
    method: str = "POST",
    path: str = "/contacts",
    query: dict[str, list[str]] | None = None,
    headers: dict[str, str] | None = None,
    body: bytes = b"",
) -> Seen:
    return Seen(method, path, query or {}, headers or {}, body)


@pytest.mark.parametrize(
    ("expected", "request_", "words"),
    [
        (Expectation("post", "/contacts"), seen(), []),
        (
            Expectation("PUT", "/contacts"),
            seen(),
            ["the method should be PUT, it is POST"],
        ),
        (
            Expectation("POST", "/leads"),
            seen(),
            ['the path should be "/leads", it is "/contacts"'],
        ),
        (Expectation("POST", re.compile(r"/\w+")), seen(), []),
        (
            Expectation("POST", re.compile(r"/\d+")),
            seen(),
            [r'the path should be like //\d+/, it is "/contacts"'],
        ),
        (Expectation("POST", "/contacts?a=1"), seen(query={"a": ["1"]}), []),
        (
            Expectation("POST", "/contacts", query={"a": "1", "b": "2"}),
            seen(query={"a": ["3"], "c": ["4", "5"]}),
            [
                'the parameter a should be "1", it is "3"',
                "the parameter b is missing",
                'the parameter c was not expected, it is ["4", "5"]',
            ],
        ),
        (
            Expectation("POST", "/contacts", headers={"X-One": "1", "X-Two": re.compile("v1,.+")}),
            seen(headers={"x-two": "v2"}),
            [
                "the header x-one is missing",
                'the header x-two should be like /v1,.+/, it is "v2"',
            ],
        ),
        (
            Expectation("POST", "/contacts", body="a=1"),
            seen(body=b"a=2"),
            ['the body should be "a=1", it is "a=2"'],
        ),
        (Expectation("POST", "/contacts", body=re.compile("a=.")), seen(body=b"a=2"), []),
        (
            Expectation("POST", "/contacts", body=re.compile("b=.")),
            seen(body=b"a=2"),
            ['the body should be like /b=./, it is "a=2"'],
        ),
        (
            Expectation("POST", "/contacts", json={}),
            seen(body=b"a=2"),
            ['the body should be JSON, it is "a=2"'],
        ),
        (Expectation("POST", "/contacts", json=None), seen(body=b"null"), []),
        (
            Expectation("POST", "/contacts", json=[{"id": "ö"}]),
            seen(body=b'[{"id": "o"}]'),
            ['the body[0].id should be "ö", it is "o"'],
        ),
    ],
)
def test_a_request_that_is_another_one_is_told_from_it_in_words(
    expected: Expectation, request_: Seen, words: list[str]
) -> None:
    assert expected.differences(request_) == words


@pytest.mark.parametrize(
    ("expected", "value", "words"),
    [
        ({"a": 1, "b": [1, 2]}, {"b": [1, 2], "a": 1.0}, []),
        ({"a": ANY}, {"a": {"deep": True}}, []),
        ({"a": True}, {"a": 1}, ["it.a should be true, it is 1"]),
        ({"a": 0}, {"a": False}, ["it.a should be 0, it is false"]),
        ({"a": "1"}, {"a": 1}, ['it.a should be "1", it is 1']),
        ({"a": None}, {}, ["it should have 'a'"]),
        ({}, {"a": "x"}, ["it should not have 'a', which is \"x\""]),
        ([1, 2], [1], ["it should have 2 entries, it has 1"]),
        ([1, 2], [1, 3], ["it[1] should be 2, it is 3"]),
        ([], {}, ["it should be [], it is {}"]),
        ("x" * 300, "y", [f'it should be "{"x" * 199}… (302 characters), it is "y"']),
    ],
)
def test_a_json_value_is_compared_place_by_place(
    expected: Any, value: Any, words: list[str]
) -> None:
    assert list(json_differences(expected, value, "it")) == words


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        ({"json": 1, "body": "1"}, "either json or body"),
        ({"times": 0}, "at least 1"),
        ({"path": "/a?b=1", "query": {"b": "1"}}, "not in both"),
    ],
)
def test_what_nobody_could_mean_is_refused(options: dict[str, Any], complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint):
        Expectation("GET", **{"path": "/", **options})


def test_a_connection_is_dropped_before_or_after_and_never_otherwise() -> None:
    with pytest.raises(ValueError, match="'before' or 'after'"):
        Expectation("GET", "/").drop("during")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("answer", "body", "kind"),
    [
        (Answer(json={"ö": 1}), '{"ö": 1}'.encode(), "application/json"),
        (Answer(json=None), b"null", "application/json"),
        (Answer(body="ö"), "ö".encode(), "text/plain; charset=utf-8"),
        (Answer(body=b"\xff"), b"\xff", "application/octet-stream"),
        (Answer(body="<a/>", headers={"content-type": "text/xml"}), b"<a/>", "text/xml"),
        (Answer(204), b"", None),
    ],
)
def test_an_answer_says_what_it_is(answer: Answer, body: bytes, kind: str | None) -> None:
    encoded, headers = answer.encoded()
    named = {name.lower(): value for name, value in headers.items()}
    assert (encoded, named.get("content-type")) == (body, kind)


def test_an_answer_is_not_given_what_it_cannot_have() -> None:
    with pytest.raises(ValueError, match="either json or body"):
        Answer(json=1, body="1")
    with pytest.raises(ValueError, match="Connection is the server's own"):
        Answer(headers={"Connection": "close"})
    assert Answer(299).line == "299 Unknown"


def test_what_was_seen_reads_like_a_request() -> None:
    request = seen("GET", "/a", {"b": ["1", "2"]}, body=b"[1]")
    assert str(request) == "GET /a?b=1&b=2"
    assert request.json() == [1]
    with pytest.raises(json.JSONDecodeError):
        seen(body=b"no").json()
    assert ANYTHING is not None
