"""`cvent-token`: who a request comes from."""

from __future__ import annotations

import hmac
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from regbridge import Endpoint, Identity, Request
from regbridge_cvent.token import CventToken

Ask = Callable[..., Identity | None]


@pytest.fixture(scope="module")
def ask(plugin: Callable[..., Any]) -> Ask:
    cvent_token = plugin(CventToken)

    def authenticate(headers: dict[str, str], *tokens: str) -> Identity | None:
        request = Request("POST", "/cvent/apap", headers)
        identity: Identity | None = cvent_token.authenticate_request(
            request, Endpoint("CventReg", "/cvent/apap", tokens)
        )
        return identity

    return authenticate


def test_the_bare_token_is_accepted_and_named_without_being_shown(ask: Ask) -> None:
    assert ask({"authorization": "s3cret"}, "s3cret") == Identity("token 1")


def test_during_a_rotation_both_tokens_are_accepted(ask: Ask) -> None:
    assert ask({"authorization": "old"}, "new", "old") == Identity("token 2")
    assert ask({"authorization": "new"}, "new", "old") == Identity("token 1")


@pytest.mark.parametrize("value", ["wrong", "Bearer s3cret", "s3cret ", "S3CRET", "s3cre", ""])
def test_anything_but_the_token_itself_is_not_our_scheme(ask: Ask, value: str) -> None:
    assert ask({"authorization": value}, "s3cret") is None


def test_a_request_without_authorization_is_not_our_scheme(ask: Ask) -> None:
    assert ask({"x-token": "s3cret"}, "s3cret") is None


def test_an_empty_value_never_matches_even_an_empty_token(ask: Ask) -> None:
    assert ask({"authorization": ""}, "") is None
    assert ask({"authorization": "€"}, "") is None


def test_a_token_with_umlauts_matches_the_utf_8_bytes_of_the_header(ask: Ask) -> None:
    assert ask({"authorization": "geheim-ä€".encode().decode("latin-1")}, "geheim-ä€")


def test_every_token_is_compared_even_after_one_fits(
    ask: Ask, monkeypatch: pytest.MonkeyPatch
) -> None:
    compared = []
    compare = hmac.compare_digest

    def counting(sent: bytes, token: bytes) -> bool:
        compared.append(token)
        return compare(sent, token)

    monkeypatch.setattr(hmac, "compare_digest", counting)
    assert ask({"authorization": "one"}, "one", "two", "three") == Identity("token 1")
    assert compared == [b"one", b"two", b"three"]


@given(value=st.text(st.characters(codec=None)), token=st.text(min_size=1))
def test_no_header_text_raises_and_none_matches_by_accident(
    ask: Ask, value: str, token: str
) -> None:
    as_header = token.encode().decode("latin-1")
    assert ask({"authorization": as_header}, token) == Identity("token 1")
    if value != as_header:
        assert ask({"authorization": value}, token) is None
