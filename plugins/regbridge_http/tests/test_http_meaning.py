"""What each status of a receiver means, and what is said about it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime

import pytest

from regbridge import AmbiguousError, CredentialsError, OutcomeKind, RetryableError
from regbridge.http import Answer
from regbridge_http.meaning import Meaning, id_in, meaning_of, refusal_of

NOW = datetime(2027, 3, 4, 12, 0, tzinfo=UTC)
USUAL: Mapping[Meaning, tuple[int, ...]] = {
    Meaning.DELIVERED: (200, 201, 202, 204, 299),
    Meaning.REJECTED: (400, 409, 413, 418, 422, 431, 451),
    Meaning.CREDENTIALS: (401, 403, 407),
    Meaning.RETRY: (301, 304, 307, 308, 402, 404, 405, 408, 410, 415, 425, 429, 501, 503),
    Meaning.AMBIGUOUS: (500, 502, 504, 520, 524),
}


def said(text: str) -> str:
    return text.replace("Zoë", "…")


def answer(status: int, body: str = "", kind: str = "application/json", **headers: str) -> Answer:
    return Answer(status, {"Content-Type": kind, **headers}, body.encode())


@pytest.mark.parametrize(
    ("status", "meaning"), [(status, meaning) for meaning in USUAL for status in USUAL[meaning]]
)
def test_a_status_means_what_has_to_follow(status: int, meaning: Meaning) -> None:
    assert meaning_of(status, {}) is meaning


@pytest.mark.parametrize("meaning", Meaning)
def test_the_settings_say_what_a_receiver_means_otherwise(meaning: Meaning) -> None:
    assert meaning_of(400, {400: meaning}) is meaning
    assert meaning_of(422, {400: meaning}) is Meaning.REJECTED


def test_a_record_that_is_taken_is_no_refusal() -> None:
    assert refusal_of(answer(202), {}, said, NOW) is None


@pytest.mark.parametrize(
    ("body", "kind", "quoted"),
    [
        ('{"error": "Zoë is\\n no member"}', "application/json", "error: … is no member"),
        (
            '{"title": "Bad", "errors": [{"field": "Email", "code": 7}, "late"], "more": null}',
            "application/problem+json; charset=utf-8",
            "title: Bad, field: Email, code: 7, errors: late",
        ),
        ('["no"]', "application/json", "no"),
        ("no member Zoë\n", "text/plain", "no member …"),
        ("{no JSON", "application/json", "{no JSON"),
    ],
)
def test_a_refusal_says_what_the_receiver_says_without_naming_anybody(
    body: str, kind: str, quoted: str
) -> None:
    outcome = refusal_of(answer(422, body, kind), {}, said, NOW)
    assert outcome is not None
    assert outcome.kind is OutcomeKind.REJECTED
    assert outcome.reason == f"the receiver answers 422: {quoted}"


def test_a_page_or_a_long_text_is_not_quoted_in_full() -> None:
    page = refusal_of(answer(400, "<html>", "text/html"), {}, said, NOW)
    long = refusal_of(answer(400, "no " * 1000, "text/plain; charset=utf-8"), {}, said, NOW)
    assert page is not None
    assert page.reason == "the receiver answers 400"
    assert long is not None
    assert len(long.reason) < 250


def test_a_receiver_that_wants_us_to_wait_says_how_long() -> None:
    with pytest.raises(RetryableError) as caught:
        refusal_of(answer(429, **{"Retry-After": "17"}), {}, said, NOW)
    assert caught.value.retry_after == 17


@pytest.mark.parametrize("status", [404, 410, 415])
def test_a_url_at_which_nothing_listens_is_told_with_the_remedy(status: int) -> None:
    with pytest.raises(RetryableError, match="look at the flow, then at `url`"):
        refusal_of(answer(status), {}, said, NOW)


def test_a_redirect_is_told_with_where_it_leads_and_without_its_path() -> None:
    moved = answer(301, Location="https://new.example.org/hooks?sig=secret")
    with pytest.raises(RetryableError, match=r"leads to new\.example\.org") as caught:
        refusal_of(moved, {}, said, NOW)
    assert "secret" not in str(caught.value)
    with pytest.raises(RetryableError, match="leads to another address"):
        refusal_of(answer(302, Location="/login"), {}, said, NOW)


def test_what_may_have_begun_is_ambiguous_and_a_refused_url_one_of_credentials() -> None:
    with pytest.raises(AmbiguousError):
        refusal_of(answer(500), {}, said, NOW)
    with pytest.raises(CredentialsError):
        refusal_of(answer(401), {}, said, NOW)


@pytest.mark.parametrize(
    ("body", "path", "found"),
    [
        ('{"id": "R-1"}', "id", "R-1"),
        ('{"data": {"contact": {"id": 7}}}', "data.contact.id", "7"),
        ('{"id": "R-1"}', "", None),
        ('{"id": "R-1"}', "number", None),
        ('{"id": null}', "id", None),
        ('{"id": true}', "id", None),
        ('{"id": ""}', "id", None),
        ('{"id": {"a": 1}}', "id", None),
        ('["R-1"]', "id", None),
        ("Accepted", "id", None),
        ("", "id", None),
    ],
)
def test_an_id_is_taken_from_the_answer_if_it_has_one(
    body: str, path: str, found: str | None
) -> None:
    assert id_in(answer(200, body), path) == found
