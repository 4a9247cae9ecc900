"""Secrets that settings have named are in no text that passes here."""

from __future__ import annotations

import json
from urllib.parse import quote

import pytest

from regbridge import hidden


@pytest.fixture(autouse=True)
def nothing_known(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hidden, "_known", set())
    monkeypatch.setattr(hidden, "_pattern", None)


def test_a_text_is_left_alone_while_no_secret_is_known() -> None:
    assert hidden.hide("correct-horse") == "correct-horse"


@pytest.mark.parametrize("form", [str, repr, json.dumps, lambda text: quote(text, safe="")])
def test_a_secret_goes_in_whatever_form_a_text_quotes_it(form: object) -> None:
    secret = 'häm"mer/\\2026'
    hidden.remember(secret)
    assert callable(form)

    text = hidden.hide(f"https://example.org?key={form(secret)}&a=1")

    assert text.replace('"', "").replace("'", "") == "https://example.org?key=••••&a=1"


def test_of_two_secrets_that_begin_alike_none_leaves_an_end() -> None:
    hidden.remember("opensesame1")
    hidden.remember("opensesame1-and-more")
    assert hidden.hide("opensesame1-and-more opensesame1") == "•••• ••••"


@pytest.mark.parametrize("text", ["short", "a token", "a secret", "the reason"])
def test_what_would_take_the_sense_out_of_other_texts_stays(text: str) -> None:
    hidden.remember(text)
    assert hidden.hide(f"this is {text}") == f"this is {text}"
