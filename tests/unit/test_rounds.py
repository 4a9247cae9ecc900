"""Calls in which no key comes twice."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from regbridge import (
    AmbiguousError,
    CredentialsError,
    Outcome,
    QuotaExceededError,
    Record,
    RegbridgeError,
    RejectedError,
    RetryableError,
)
from regbridge.rounds import deliver_in_rounds, rounds, send_in_rounds

NOW = datetime(2027, 3, 4, 9, 30, tzinfo=UTC)


@dataclass(frozen=True)
class Upsert:
    place: int
    key: str


def upserts(keys: Sequence[int]) -> list[Upsert]:
    return [Upsert(place, str(key)) for place, key in enumerate(keys)]


@given(st.lists(st.integers(0, 5)), st.integers(1, 7))
def test_every_record_goes_once_no_key_twice_in_a_call_and_keys_keep_their_order(
    keys: list[int], size: int
) -> None:
    groups = list(rounds(upserts(keys), size))
    sent = [upsert for group in groups for upsert in group]
    assert sorted(upsert.place for upsert in sent) == list(range(len(keys)))
    for group in groups:
        assert 0 < len(group) <= size
        assert len({upsert.key for upsert in group}) == len(group)
    for one in set(keys):
        places = [upsert.place for upsert in sent if upsert.key == str(one)]
        assert places == sorted(places)


@given(st.lists(st.integers(), unique=True), st.integers(1, 9))
def test_different_keys_need_no_more_calls_than_their_number(keys: list[int], size: int) -> None:
    assert len(list(rounds(upserts(keys), size))) == -(-len(keys) // size)


class Calls:
    """Answers each call with outcomes, or fails at one of them."""

    def __init__(self, error: RegbridgeError | None = None, at: int = 0) -> None:
        self.sent: list[list[int]] = []
        self.outcome = Outcome.created()
        self._error = error
        self._at = at

    def __call__(self, group: Sequence[Upsert]) -> dict[int, Outcome]:
        self.sent.append([upsert.place for upsert in group])
        if self._error and len(self.sent) == self._at:
            raise self._error
        return {upsert.place: self.outcome for upsert in group}


def send(keys: Sequence[int], calls: Calls, size: int = 2) -> dict[int, Outcome]:
    return send_in_rounds(upserts(keys), size, calls, lambda: NOW)


def test_a_later_record_with_the_same_key_goes_after_the_earlier_one() -> None:
    calls = Calls()
    assert send([1, 2, 1, 1], calls, size=10) == dict.fromkeys(range(4), Outcome.created())
    assert calls.sent == [[0, 1], [2], [3]]


def test_a_record_waits_while_an_earlier_one_with_its_key_is_unsettled() -> None:
    calls = Calls()
    calls.outcome = Outcome.retry("later")
    found = send([1, 1], calls)
    assert calls.sent == [[0]]
    assert found[1] == Outcome.retry("it waits for an earlier record with the same key")


def test_a_rejected_record_holds_up_nobody() -> None:
    calls = Calls()
    calls.outcome = Outcome.rejected("bad")
    send([1, 1], calls)
    assert calls.sent == [[0], [1]]


def test_a_first_call_that_fails_fails_for_all() -> None:
    with pytest.raises(RetryableError, match="busy"):
        send([1, 2, 3], Calls(RetryableError("busy"), at=1))


@pytest.mark.parametrize(
    ("error", "outcome"),
    [
        (RetryableError("busy", retry_after=9), Outcome.retry("busy", 9)),
        (QuotaExceededError("full", until=NOW + timedelta(seconds=7)), Outcome.retry("full", 7)),
        (AmbiguousError("lost"), Outcome.ambiguous("lost")),
        (CredentialsError("no"), Outcome.retry("no")),
    ],
)
def test_what_was_delivered_before_a_call_fails_stays_delivered(
    error: RegbridgeError, outcome: Outcome
) -> None:
    calls = Calls(error, at=2)
    found = send([1, 2, 3, 4, 5], calls)
    assert found == {
        0: Outcome.created(),
        1: Outcome.created(),
        2: outcome,
        3: outcome,
        4: outcome,
    }
    assert calls.sent == [[0, 1], [2, 3]]


@given(st.lists(st.integers(0, 5), max_size=30), st.sets(st.integers(0, 29)), st.integers(1, 9))
def test_of_a_call_that_says_nothing_the_bad_ones_are_found_by_halves(
    keys: list[int], bad: set[int], size: int
) -> None:
    """Some vendors refuse a whole call for one record, and do not say for which."""
    sent: list[int] = []

    def send(group: Sequence[Upsert]) -> dict[int, Outcome]:
        if bad.intersection(upsert.place for upsert in group):
            return {} if len(group) > 1 else {group[0].place: Outcome.rejected("bad")}
        sent.extend(upsert.place for upsert in group)
        return {upsert.place: Outcome.created() for upsert in group}

    found = send_in_rounds(upserts(keys), size, send, lambda: NOW)

    places = set(range(len(keys)))
    assert {place for place, one in found.items() if one.reason == "bad"} == bad & places
    assert sorted(sent) == sorted(places - bad)
    for key in set(keys):
        of_key = [place for place in sent if keys[place] == key]
        assert of_key == sorted(of_key)


def test_a_call_for_one_record_must_say_what_became_of_it() -> None:
    with pytest.raises(KeyError):
        send_in_rounds(upserts([1]), 1, lambda _: {}, lambda: NOW)


def test_a_record_that_is_rejected_here_is_not_sent_and_the_others_keep_their_places() -> None:
    def make(place: int, record: Record) -> Upsert:
        if record.fields["key"] < 0:
            raise RejectedError("no such key", field="key")
        return Upsert(place, str(record.fields["key"]))

    calls = Calls()
    records = [Record({"key": key}) for key in (1, -1, 2)]
    outcomes = deliver_in_rounds(records, 2, make, calls, lambda: NOW)
    assert [outcome.kind for outcome in outcomes] == ["created", "rejected", "created"]
    assert outcomes[1].field == "key"
    assert calls.sent == [[0, 2]]
