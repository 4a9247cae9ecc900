"""The pure parts of `cvent-enrich`: filters, plans, refusals, answers, settings."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from itertools import chain
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from regbridge import CredentialsError, Event, Question, RejectedError, RetryableError
from regbridge.http import Answer
from regbridge_cvent.filters import capacity, chains, equals
from regbridge_cvent.plan import Plan, calls_by_paging, pays_to_page
from regbridge_cvent.questions import CventQuestion, Names
from regbridge_cvent.refusals import (
    BadTokenError,
    GatewayError,
    NotFoundError,
    QuotaError,
    ThrottledError,
    next_midnight,
    refusal,
)
from regbridge_cvent.scopes import scopes_of
from regbridge_cvent.settings import AccountSettings, CventSettings, Part
from regbridge_cvent.simulator.filters.grammar import Combination, Comparison, Dialect, parse
from regbridge_cvent.usage import bought

IDS = st.text(st.characters(exclude_categories=["C", "Z"]), min_size=1, max_size=60)
PLAIN = Dialect()


@pytest.fixture(autouse=True)
def _secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CVENT_ID", "an id")
    monkeypatch.setenv("CVENT_SECRET", "a secret")


def account(**changes: Any) -> dict[str, Any]:
    return {
        "region": "europe",
        "client_id": {"env": "CVENT_ID"},
        "client_secret": {"env": "CVENT_SECRET"},
    } | changes


def settings(*include: str, **changes: Any) -> CventSettings:
    given = {"account": account(), "include": include or ("answers", "contact")} | changes
    return CventSettings.model_validate(given)


# --- filters ---


@given(IDS)
def test_whatever_an_id_is_the_filter_finds_that_and_nothing_else(value: str) -> None:
    try:
        text = equals("id", value)
    except RejectedError as error:
        assert "\\" in value
        assert value not in str(error)
    else:
        assert parse(text, PLAIN) == Comparison("id", "eq", (value,))


@pytest.mark.parametrize("value", ["a\nb", "a\0b", "a\u2028b", "a\\b"])
def test_an_id_that_no_filter_can_hold_is_refused(value: str) -> None:
    with pytest.raises(RejectedError):
        equals("id", value)


@given(
    values=st.lists(st.uuids().map(str), max_size=300, unique=True),
    most=st.integers(1, 250),
    longest=st.integers(60, 9000),
    fields=st.sampled_from([("id",), ("id", "primaryId")]),
    in_url=st.booleans(),
)
def test_chains_hold_every_value_once_in_its_order_within_the_limits(
    values: list[str], most: int, longest: int, fields: tuple[str, ...], in_url: bool
) -> None:
    groups = list(chains(fields, values, most, longest, in_url=in_url))

    assert list(chain.from_iterable(group for group, _ in groups)) == values
    for group, text in groups:
        assert len(group) <= most
        assert len(text) <= longest or len(group) == 1
        tree = parse(text, PLAIN)
        parts = tree.parts if isinstance(tree, Combination) else (tree,)
        assert parts == tuple(
            Comparison(field, "eq", (value,)) for value in group for field in fields
        )


@given(longest=st.integers(100, 20_000), in_url=st.booleans())
def test_the_capacity_is_what_fits(longest: int, in_url: bool) -> None:
    guids = [f"00000000-0000-0000-0000-{number:012}" for number in range(500)]
    [group, *_] = [group for group, _ in chains(("id",), guids, 500, longest, in_url=in_url)]

    assert len(group) == min(500, capacity(("id",), longest, in_url=in_url))


# --- plans ---


def test_a_page_of_attendees_leaves_room_for_their_guests() -> None:
    assert Plan.of(settings("contact")).in_filter == 200
    assert Plan.of(settings("contact", "guests")).in_filter < 200


def test_filters_are_as_good_as_paging_while_only_attendees_are_needed() -> None:
    plan = Plan.of(settings())
    assert not pays_to_page(plan, 10_000, None, (Part.ANSWERS,), 200)


def test_orders_are_paged_when_the_sync_is_most_of_the_event() -> None:
    chosen = settings("contact", "orders")
    plan = Plan.of(chosen)
    assert pays_to_page(plan, 10_000, None, chosen.include, 200)
    assert pays_to_page(plan, 10_000, 11_000, chosen.include, 200)
    assert not pays_to_page(plan, 10_000, 60_000, chosen.include, 200)


def test_a_single_registration_never_pages_an_event() -> None:
    chosen = settings(*Part)
    assert not pays_to_page(Plan.of(chosen), 1, None, chosen.include, 200)


@given(
    size=st.integers(1, 50_000),
    total=st.integers(1, 200_000),
    include=st.sets(st.sampled_from(list(Part)), min_size=1),
    page_size=st.integers(10, 200),
)
def test_paging_is_chosen_only_when_it_takes_fewer_calls(
    size: int, total: int, include: set[Part], page_size: int
) -> None:
    chosen = settings(*include, page_size=page_size)
    plan = Plan.of(chosen)
    if pays_to_page(plan, size, total, include, page_size):
        filters = plan.calls_by_filter(size, include, page_size)
        assert calls_by_paging(total, include, page_size) < filters


def test_the_smallest_tier_enriches_a_sync_of_ten_thousand_in_a_day() -> None:
    assert bought(1000, settings("answers", "contact", "guests", "orders")) > 10_000


# --- refusals ---


def answer(status: int, body: Any) -> Answer:
    return Answer(status, {}, body if isinstance(body, bytes) else json.dumps(body).encode())


@pytest.mark.parametrize(
    ("status", "body", "error"),
    [
        (429, {"code": 429, "message": "Too Many Requests"}, ThrottledError),
        (429, {"code": 429, "message": "Limit Exceeded"}, QuotaError),
        (429, {"code": 429, "message": " LIMIT exceeded "}, QuotaError),
        (429, {"schemas": ["x"], "status": 429, "detail": "Limit Exceeded"}, QuotaError),
        (429, {"code": 429, "message": "Something new"}, ThrottledError),
        (429, {"message": None, "detail": 7}, ThrottledError),
        (429, b"<html>", ThrottledError),
        (429, b"[]", ThrottledError),
        (401, {"code": 401, "message": "Bad or expired token"}, BadTokenError),
        (403, {"code": 403, "message": "You do not have access"}, CredentialsError),
        (431, b"", CredentialsError),
        (404, {"code": 404, "message": "no such event"}, NotFoundError),
        (400, {"code": 400, "message": "bad filter"}, RejectedError),
        (502, b"<html>", GatewayError),
        (503, b"", GatewayError),
        (504, b"", GatewayError),
        (500, b"", RetryableError),
        (302, b"", RetryableError),
    ],
)
def test_what_an_answer_means(status: int, body: Any, error: type[Exception]) -> None:
    found = refusal("GET /events/{id}", answer(status, body))

    assert type(found) is error
    assert f"Cvent answers {status} to GET /events/{{id}}" in str(found)


def test_a_refusal_shows_no_personal_data() -> None:
    body = {"code": 400, "message": "no attendee 'Ada Lovelace' <ada@example.org>"}

    text = str(refusal("POST /attendees/filter", answer(400, body)))

    assert "Ada" not in text
    assert "ada@" not in text


@given(st.datetimes(timezones=st.just(UTC)).filter(lambda moment: moment.year < 9999))
def test_the_quota_begins_anew_at_the_next_midnight_gmt(moment: datetime) -> None:
    midnight = next_midnight(moment)

    assert midnight > moment
    # Just after midnight a refusal is still yesterday's, by a clock that is behind ours.
    five_past = (moment.hour, moment.minute < 5) == (0, True)
    assert (midnight.hour, midnight.minute, midnight.tzinfo) == (0, 5 * five_past, UTC)
    assert (midnight - moment).total_seconds() <= 86_400


# --- answers ---

QUESTIONS = (
    CventQuestion("id-1", "MEMBERID", "What is your number?", "OpenEndedTextOneLine"),
    CventQuestion("id-2", "", "Anything else?", "OpenEndedTextCommentBox"),
)


def answered(*pairs: tuple[str, Any]) -> dict[str, Any]:
    return {"answers": [{"question": {"id": id_}, "value": value} for id_, value in pairs]}


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (["one"], "one"),
        (["one", "two"], ["one", "two"]),
        ([], None),
        (["", None], None),
        ("one", "one"),
        (None, None),
        (7, 7),
    ],
)
def test_an_answer_is_one_value_several_or_none(value: Any, expected: Any) -> None:
    event = Event("e", "e", questions={"member": Question("member", code="memberid")})

    assert Names(event, QUESTIONS).answers(answered(("ID-1", value))) == {"member": expected}


def test_a_question_without_a_code_is_under_its_id() -> None:
    names = Names(None, QUESTIONS)
    assert names.answers(answered(("id-1", ["a"]), ("id-2", ["b"]), ("id-9", ["c"]))) == {
        "MEMBERID": "a",
        "id-2": "b",
        "id-9": "c",
    }


def test_what_is_missing_is_known() -> None:
    event = Event(
        "e",
        "e",
        questions={
            "there": Question("there", text=" Anything else? "),
            "gone": Question("gone", text="Anything?"),
            "unlisted": Question("unlisted", id="ID-77"),
        },
    )
    names = Names(event, QUESTIONS)

    assert [question.name for question in names.missing] == ["gone", "unlisted"]
    assert names.answers(answered(("id-77", ["x"])))["unlisted"] == "x"


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(
                st.sampled_from(["question", "id", "value", "answers"]), inner, max_size=3
            )
        ),
    )
)
def test_no_shape_of_answers_is_an_error(found: Any) -> None:
    attendee = found if isinstance(found, dict) else {"answers": found}
    assert isinstance(Names(None, QUESTIONS).answers(attendee), dict)


# --- settings ---


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"region": None}, "either a region or"),
        ({"url": "https://example.org/ea"}, "either a region or"),
        ({"region": None, "url": "http://example.org/ea"}, "plain http is for the simulator"),
        ({"region": None, "url": "ftp://example.org"}, "a base URL such as"),
        ({"burst": 3}, "go together"),
        ({"client_secret": "written here"}, "never as the secret itself"),
        ({"region": "asia"}, "north-america"),
    ],
)
def test_an_account_that_cannot_be_right_is_refused(changes: dict[str, Any], problem: str) -> None:
    with pytest.raises(ValidationError, match=problem):
        AccountSettings.model_validate(account(**changes))


def test_an_account_shows_no_secret_and_its_key_names_nobody() -> None:
    made = AccountSettings.model_validate(account())
    assert "a secret" not in repr(made)
    assert made.base_url == "https://api-platform-eur.cvent.com/ea"
    assert "an id" not in made.key
    assert made.key != AccountSettings.model_validate(account(region="north-america")).key


def test_a_url_may_be_a_reference(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CVENT_URL", "http://127.0.0.1:9/ea/")
    made = AccountSettings.model_validate(account(region=None, url={"env": "CVENT_URL"}))
    assert made.base_url == "http://127.0.0.1:9/ea"


def test_only_the_scopes_of_the_parts_are_needed() -> None:
    assert scopes_of([Part.CONTACT]) == ("event/attendees:read",)
    assert len(scopes_of(Part)) == len(set(scopes_of(Part))) <= 8
