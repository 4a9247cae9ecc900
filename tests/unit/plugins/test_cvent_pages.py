"""A page of one of Cvent's lists is read as the reference says, and tolerantly."""

from __future__ import annotations

import json
from typing import Any

import pytest

from regbridge import RetryableError
from regbridge.http import Answer
from regbridge_cvent.pages import Page, read_page, read_row


def page(body: Any) -> Page:
    text = body if isinstance(body, bytes) else json.dumps(body).encode()
    return read_page(Answer(200, {"Content-Type": "application/json"}, text))


def test_rows_are_kept_as_they_came() -> None:
    found = page({"paging": {"limit": 2}, "data": [{"id": "1", "x": 1.50}, {"id": "2"}]})

    assert [read_row(row)["id"] for row in found.data] == ["1", "2"]


def test_an_empty_last_page_is_a_page() -> None:
    found = page({"paging": {"_links": {}}, "data": []})

    assert (found.data, found.next_token, found.total) == ([], "", None)


@pytest.mark.parametrize("blank", [None, "", 0, -1, "12", {}])
def test_a_total_may_be_blank(blank: Any) -> None:
    assert page({"paging": {"totalCount": blank}, "data": []}).total is None


def test_the_total_and_the_next_token_are_read() -> None:
    found = page({"paging": {"totalCount": 12, "nextToken": "abc"}, "data": [], "new": 1})

    assert (found.total, found.next_token) == (12, "abc")


@pytest.mark.parametrize("token", [None, 7, ""])
def test_a_token_that_is_none_ends_the_list(token: Any) -> None:
    assert page({"paging": {"nextToken": token}, "data": []}).next_token == ""


@pytest.mark.parametrize(
    "body", [[], {}, {"data": 1}, "x", b"<html>", b"\xff", b"", b"[" * 100_000, b'{"data": [}']
)
def test_what_is_no_page_is_asked_for_again(body: Any) -> None:
    with pytest.raises(RetryableError):
        page(body)


@pytest.mark.parametrize("row", [b"1", b"[]", b"null", b'{"a": }', b"[" * 100_000])
def test_a_row_that_is_no_object_is_asked_for_again(row: bytes) -> None:
    with pytest.raises(RetryableError):
        read_row(row)
