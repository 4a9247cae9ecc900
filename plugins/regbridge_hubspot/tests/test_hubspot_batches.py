"""Batches and their answers: who is sent with whom, and which part of an answer is about whom."""

from __future__ import annotations

import random
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from regbridge import (
    AmbiguousError,
    Outcome,
    OutcomeKind,
    QuotaExceededError,
    Record,
    RegbridgeError,
    RetryableError,
)
from regbridge_hubspot.answers import outcomes_of
from regbridge_hubspot.inputs import Input
from regbridge_hubspot.rounds import Outcomes, rounds, send_in_rounds
from regbridge_hubspot.writer import Writer

ID = "cvent_contact_id"
NOW = datetime(2027, 3, 4, 9, 30, tzinfo=UTC)
INVALID = (
    "Property values were not valid: "
    '[{"isValid":false,"message":"x","error":"INVALID_OPTION","name":"cvent_status"}]'
)

ANY_MACHINE = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])


def inputs_of(*ids: str) -> list[Input]:
    writer = Writer(ID, {}, None)
    records = [Record({ID: id_, "cvent_status": "x"}, delivery=n) for n, id_ in enumerate(ids)]
    return [writer.input(place, record) for place, record in enumerate(records)]


def result(one: Input, *, new: bool = True, trace: bool = True) -> dict[str, Any]:
    found: dict[str, Any] = {"id": f"9{one.place}", "new": new, "properties": {ID: one.id}}
    return {**found, "objectWriteTraceId": one.trace} if trace else found


def error(one: Input | None = None, **more: Any) -> dict[str, Any]:
    context = {"objectWriteTraceId": [one.trace]} if one else {}
    fault = {"status": "error", "category": "VALIDATION_ERROR", "message": INVALID}
    return {**fault, "context": context, **more}


ids = st.lists(st.sampled_from("abcdefABC"), min_size=1, max_size=40)


@ANY_MACHINE
@given(ids, st.integers(1, 7))
def test_rounds_have_each_input_once_no_id_twice_and_keep_the_order_of_an_id(
    given_ids: list[str], size: int
) -> None:
    inputs = inputs_of(*given_ids)
    groups = list(rounds(inputs, size))
    assert all(0 < len(group) <= size for group in groups)
    assert all(len({one.mark for one in group}) == len(group) for group in groups)
    for mark in {one.mark for one in inputs}:
        sent = [one.place for group in groups for one in group if one.mark == mark]
        assert sent == [one.place for one in inputs if one.mark == mark]


@ANY_MACHINE
@given(
    st.lists(st.sampled_from(["new", "known", "bad"]), min_size=1, max_size=30),
    st.booleans(),
    st.integers(0, 10_000),
)
def test_results_in_any_order_are_matched_to_their_records(
    fates: list[str], trace: bool, seed: int
) -> None:
    inputs = inputs_of(*(f"id-{n}" for n in range(len(fates))))
    told = list(zip(inputs, fates, strict=True))
    results = [result(one, new=fate == "new", trace=trace) for one, fate in told if fate != "bad"]
    errors = [error(one) for one, fate in told if fate == "bad"]
    chance = random.Random(seed)
    chance.shuffle(results)
    chance.shuffle(errors)

    found = outcomes_of(inputs, {"results": results, "errors": errors}, ID)

    wanted = {
        "new": OutcomeKind.CREATED,
        "known": OutcomeKind.UPDATED,
        "bad": OutcomeKind.REJECTED,
    }
    assert {place: one.kind for place, one in found.items()} == {
        one.place: wanted[fate] for one, fate in told
    }
    delivered = {one.place for one, fate in told if fate != "bad"}
    assert all(found[place].external_id == f"9{place}" for place in delivered)


def test_an_error_may_name_its_record_by_the_id() -> None:
    one, other = inputs_of("a", "b")
    fault = error(context={"ids": ["b"]}, category="OBJECT_NOT_FOUND", message="nothing here")
    found = outcomes_of([one, other], {"results": [result(one)], "errors": [fault]}, ID)
    assert found[0].kind is OutcomeKind.CREATED
    assert found[1] == Outcome.rejected("HubSpot refuses it (OBJECT_NOT_FOUND): nothing here")


def test_an_error_that_names_nobody_is_of_the_one_that_is_left() -> None:
    one, other = inputs_of("a", "b")
    found = outcomes_of([one, other], {"results": [result(other)], "errors": [error()]}, ID)
    assert found[0].kind is OutcomeKind.REJECTED
    assert found[0].field == "cvent_status"


def test_where_several_are_left_nobody_is_blamed() -> None:
    inputs = inputs_of("a", "b", "c")
    found = outcomes_of(inputs, {"results": [result(inputs[1])], "errors": [error()]}, ID)
    assert list(found) == [1]


def test_a_record_of_which_nothing_is_said_is_in_doubt() -> None:
    one, other = inputs_of("a", "b")
    found = outcomes_of([one, other], {"results": [result(one)]}, ID)
    assert found[1].kind is OutcomeKind.AMBIGUOUS


def test_as_many_results_as_records_are_enough() -> None:
    """HubSpot may keep an id in another form, and older versions tell no trace id."""
    inputs = inputs_of("a", "b")
    found = outcomes_of(inputs, {"results": [{"id": "91"}, {"id": "92"}]}, ID)
    assert {one.kind for one in found.values()} == {OutcomeKind.CREATED}


@pytest.mark.parametrize("document", [None, [], {"results": None}, {"status": "COMPLETE"}])
def test_what_is_no_answer_to_a_batch_leaves_everything_in_doubt(document: Any) -> None:
    with pytest.raises(AmbiguousError):
        outcomes_of(inputs_of("a"), document, ID)


@ANY_MACHINE
@given(st.lists(st.sampled_from("abcdef"), min_size=1, max_size=30), st.sets(st.integers(0, 29)))
def test_a_batch_that_is_refused_as_a_whole_is_halved_until_the_bad_ones_are_alone(
    given_ids: list[str], bad: set[int]
) -> None:
    inputs = inputs_of(*given_ids)
    sent: list[int] = []

    def send(group: Sequence[Input]) -> Outcomes:
        if bad.intersection(one.place for one in group):
            return {} if len(group) > 1 else {group[0].place: Outcome.rejected("bad")}
        sent.extend(one.place for one in group)
        return {one.place: Outcome.created() for one in group}

    found = send_in_rounds(inputs, 10, send, lambda: NOW)

    refused = {place for place, one in found.items() if one.kind is OutcomeKind.REJECTED}
    assert refused == bad.intersection(range(len(inputs)))
    assert sorted(sent) == sorted(set(range(len(inputs))) - refused)
    for mark in {one.mark for one in inputs}:
        of_mark = [one.place for one in inputs if one.mark == mark and one.place in sent]
        assert [place for place in sent if place in of_mark] == of_mark


def test_a_later_record_waits_for_an_earlier_one_with_its_id() -> None:
    """It would be overwritten when the earlier one is sent again."""
    inputs = inputs_of("a", "b", "A")

    def send(group: Sequence[Input]) -> Outcomes:
        return {
            one.place: Outcome.retry("later") if one.id == "a" else Outcome.created()
            for one in group
        }

    found = send_in_rounds(inputs, 10, send, lambda: NOW)
    assert [found[place].kind for place in range(3)] == ["retry", "created", "retry"]
    assert "waits for an earlier record" in found[2].reason


@pytest.mark.parametrize(
    ("error", "outcome"),
    [
        (RetryableError("x", retry_after=3.0), Outcome.retry("x", 3.0)),
        (AmbiguousError("x"), Outcome.ambiguous("x")),
        (QuotaExceededError("x", until=NOW.replace(minute=31)), Outcome.retry("x", 60.0)),
    ],
)
def test_what_was_delivered_counts_when_the_next_batch_fails(
    error: RegbridgeError, outcome: Outcome
) -> None:
    def send(group: Sequence[Input]) -> Outcomes:
        if group[0].place:
            raise error
        return {one.place: Outcome.created() for one in group}

    inputs = inputs_of("a", "a", "a")
    assert send_in_rounds(inputs, 10, send, lambda: NOW) == {
        0: Outcome.created(),
        1: outcome,
        2: outcome,
    }


def test_a_first_batch_that_fails_is_an_error_of_the_call() -> None:
    def send(_: Sequence[Input]) -> Outcomes:
        raise RetryableError("nothing works")

    with pytest.raises(RetryableError):
        send_in_rounds(inputs_of("a", "a"), 10, send, lambda: NOW)
