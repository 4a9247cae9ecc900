"""What lines of the log are tied together by, and what they never say."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from structlog.contextvars import get_contextvars

from regbridge.correlation import (
    MOST_RECEIPTS,
    current_batch,
    named,
    path_shown,
    request_id,
    working_on,
)
from regbridge.testing.payloads import registrant


def test_while_a_batch_is_worked_on_every_line_names_it_and_its_receipts() -> None:
    with working_on("a-batch", [12, 11, 12], step="deliver", target="crm"):
        assert get_contextvars() == {
            "batch": "a-batch",
            "receipts": [11, 12],
            "step": "deliver",
            "target": "crm",
        }
        assert current_batch() == "a-batch"
    assert (get_contextvars(), current_batch()) == ({}, "")


def test_of_many_receipts_the_first_are_named_and_the_others_counted() -> None:
    assert named(range(1, MOST_RECEIPTS + 1)) == {"receipts": [*range(1, MOST_RECEIPTS + 1)]}
    many = named(range(1, 1001))
    assert many == {"receipts": [*range(1, MOST_RECEIPTS + 1)], "more_receipts": 980}


def test_a_request_keeps_the_id_that_it_came_with() -> None:
    assert request_id("547c3e6c-20e2-4d2a", "from-a-proxy") == "547c3e6c-20e2-4d2a"
    assert request_id(None, "from-a-proxy") == "from-a-proxy"


@pytest.mark.parametrize("given", [None, "", "a b", "a\nb", "ä", '"', "x" * 65, "a;b", "<b>"])
def test_an_id_that_is_no_plain_word_is_replaced(given: str | None) -> None:
    found = {request_id(given) for _ in range(2)}
    assert len(found) == 2
    assert all(re.fullmatch(r"[0-9a-f-]{36}", each) for each in found)


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("https://org.crm.dynamics.com/api/data/v9.2/$batch", "/api/data/v9.2/$batch"),
        ("https://x/api/data/v9.2/contacts(emailaddress1='a@b.org')", "/api/data/v9.2/contacts(…)"),
        ("https://x/api/data/v9.2/contacts%28name=%27Ada%27%29", "/api/data/v9.2/contacts(…)"),
        ("https://x/api/contacts(name='x/Ada/y')/orders", "/api/contacts(…)/orders"),
        ("https://x/api/contacts(name='x/Ada", "/api/contacts(…)"),
        ("https://x/ea/attendees/filter?filter=email eq 'a@b.org'", "/ea/attendees/filter"),
        (
            "https://x/ea/events/0B4C4410-1D46-43CD-A903-E8CF9DE6ADE5/questions",
            "/ea/events/…/questions",
        ),
        ("https://x/staging/Service.asmx", "/staging/Service.asmx"),
        ("https://login.example/9f2c/oauth2/v2.0/token", "/…/…/v2.0/token"),
        ("https://x/members/ada@example.org", "/members/…"),
        ("https://x/members/Ada%20Lovelace", "/members/…"),
        ("https://x/members/" + "x" * 60, "/members/…"),
        ("https://x", ""),
    ],
)
def test_of_a_path_only_the_words_are_shown(url: str, shown: str) -> None:
    assert path_shown(url) == shown


@given(st.text(max_size=60))
def test_nothing_of_a_key_is_shown(text: str) -> None:
    key = text.replace("?", "").replace("#", "")
    assert path_shown(f"https://x/api/contacts(id='{key}')") == "/api/contacts(…)"


@given(st.integers(1, 10_000))
def test_no_segment_that_names_somebody_is_shown(number: int) -> None:
    person = registrant(number)
    for name in ("email", "inviteeStub", "confirmationNumber"):
        assert path_shown(f"https://x/api/members/{person[name]}") == "/api/members/…"
    assert path_shown(f"https://x/api/members/{number}") == "/api/members/…"
