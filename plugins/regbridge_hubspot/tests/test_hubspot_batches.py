"""Batches and their answers: who is sent with whom, and which part of an answer is about whom."""

from __future__ import annotations

import random
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from regbridge import (
    AmbiguousError,
    Outcome,
    OutcomeKind,
    Record,
)
from regbridge_hubspot.answers import outcomes_of
from regbridge_hubspot.inputs import Input
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
