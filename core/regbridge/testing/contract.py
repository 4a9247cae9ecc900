"""What every plugin that delivers must do, as tests that a plugin's author inherits."""

from __future__ import annotations

import copy
from abc import ABC, abstractmethod
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from enum import StrEnum
from types import MappingProxyType
from typing import ClassVar

import pytest

from regbridge.errors import (
    AmbiguousError,
    CredentialsError,
    PluginError,
    QuotaExceededError,
    RegbridgeError,
    RejectedError,
    RetryableError,
)
from regbridge.models import Client, OutcomeKind, Record, Target
from regbridge.pipeline import NamedInstance, Pipeline
from regbridge.plugin import TargetPlugin

PERSON = "Zoë O'Brien-Núñez <zoe.obrien@example.org>"
"""Personal data of the records; no error may hold a part of it."""

UNICODE = "ß \u6f22\u5b57 \U0001f600 e\u0301 <b>&amp;</b> ]]> \"'\\ ; , = %00 {0}"
LONG = "long " * 4000


class Failure(StrEnum):
    """How a target can fail as a whole."""

    UNREACHABLE = "nothing answers there"
    BUSY = "it answers that it cannot work now"
    LOST_BEFORE = "it ends the connection before it has done anything"
    LOST_AFTER = "it does its work and ends the connection without an answer"
    CREDENTIALS = "it does not let us in"


class Destination(ABC):
    """A plugin with a target that the tests can look into and break; one for each test.

    `secrets` are texts that no error may hold. `failures` are the ways in which `fail` can break
    the target: all, unless there is a reason (a file has no credentials). `text_limit` is how many
    characters the text of a record may have, None if the target has no limit.
    """

    plugin: TargetPlugin
    target: Target
    secrets: Sequence[str] = ()
    failures: ClassVar[frozenset[Failure]] = frozenset(Failure)
    text_limit: int | None = None

    @abstractmethod
    def record(self, number: int, text: str = PERSON) -> Record:
        """Return a record that the target takes: of registrant `number`, with some free text.

        Its `delivery` is `number`, so that the same number is the same delivery.
        """

    @abstractmethod
    def bad_record(self, number: int) -> Record:
        """Return a record of registrant `number` that this target, and only the target, refuses.

        A value of it is `PERSON`.
        """

    @abstractmethod
    def held(self) -> Sequence[tuple[int, str]]:
        """Return what the target holds: the number and the text of each record, in any order."""

    @abstractmethod
    def fail(self, failure: Failure | None) -> None:
        """Let every call fail from now on, or none any more."""


class DeliveryContract:
    """The contract. Derive a class whose fixture `destination` returns a `Destination`."""

    @pytest.fixture
    def destination(self) -> Destination:
        """Return the plugin under test with its target."""
        raise NotImplementedError("override the fixture `destination`")

    def test_a_record_arrives_with_its_values(self, destination: Destination) -> None:
        """What is delivered is at the target, as it was sent."""
        assert deliver(destination, [destination.record(1)]) == ["delivered"]
        assert destination.held() == [(1, PERSON)]

    def test_a_full_batch_arrives(self, destination: Destination) -> None:
        """`batch_size` records in one call are one outcome each."""
        size = destination.plugin.batch_size
        records = [destination.record(number) for number in range(1, size + 1)]

        assert deliver(destination, records) == ["delivered"] * size
        assert sorted(number for number, _ in destination.held()) == list(range(1, size + 1))

    def test_outcomes_stand_in_the_order_of_the_records(self, destination: Destination) -> None:
        """A record that the target refuses is the one that is rejected, and stops no other."""
        records = [destination.record(1), destination.bad_record(2), destination.record(3)]
        results = [
            r for batch in batches(destination, records) for r in deliver(destination, batch)
        ]

        assert results == ["delivered", "rejected", "delivered"]
        assert sorted(number for number, _ in destination.held()) == [1, 3]

    def test_a_rejection_says_why_and_names_nobody(self, destination: Destination) -> None:
        """The reason is shown to people and stored."""
        texts = texts_of(destination, [destination.bad_record(1)])

        assert all(text.strip() for text in texts)
        assert_discreet(destination, texts)

    def test_records_stay_as_they_are(self, destination: Destination) -> None:
        """The host keeps them and may send them again."""
        records = [destination.record(1), destination.bad_record(2)]
        before = copy.deepcopy([dict(record.fields) for record in records])
        for batch in batches(destination, records):
            deliver(destination, batch)

        assert [dict(record.fields) for record in records] == before

    @pytest.mark.parametrize("text", [UNICODE, LONG], ids=["unicode", "long"])
    def test_a_text_arrives_whole_or_is_refused(self, destination: Destination, text: str) -> None:
        """Nothing is cut or replaced silently."""
        limit = destination.text_limit
        fits = limit is None or len(text) <= limit
        result = deliver(destination, [destination.record(1, text)])

        assert result == (["delivered"] if fits else ["rejected"])
        assert destination.held() == ([(1, text)] if fits else [])

    @pytest.mark.parametrize("failure", [Failure.UNREACHABLE, Failure.BUSY])
    def test_a_target_that_cannot_work_now_is_tried_again(
        self, destination: Destination, failure: Failure
    ) -> None:
        """An outage rejects nothing, and what was not sent arrives once it is over."""
        break_(destination, failure)
        assert deliver(destination, [destination.record(1)]) == ["retry"]
        destination.fail(None)

        assert destination.held() == []
        assert deliver(destination, [destination.record(1)]) == ["delivered"]
        assert destination.held() == [(1, PERSON)]

    @pytest.mark.parametrize("failure", [Failure.LOST_BEFORE, Failure.LOST_AFTER])
    def test_a_lost_answer_is_ambiguous(self, destination: Destination, failure: Failure) -> None:
        """Nobody can say whether the target has it: only an idempotent one may just be retried."""
        break_(destination, failure)
        allowed = ["ambiguous", "retry"] if destination.plugin.idempotent else ["ambiguous"]

        assert deliver(destination, [destination.record(1)])[0] in allowed

    def test_credentials_that_are_refused_pause_the_target(self, destination: Destination) -> None:
        """No record is to blame, and no attempt is burnt."""
        break_(destination, Failure.CREDENTIALS)
        assert deliver(destination, [destination.record(1)]) == ["credentials"]
        destination.fail(None)
        assert destination.held() == []

    @pytest.mark.parametrize("failure", Failure)
    def test_a_failure_says_what_happened_and_nothing_secret(
        self, destination: Destination, failure: Failure
    ) -> None:
        """Errors are stored, shown and logged."""
        break_(destination, failure)
        texts = texts_of(destination, [destination.record(1)])

        assert all(text.strip() for text in texts)
        assert_discreet(destination, texts)

    def test_the_same_delivery_again_leaves_one_record(self, destination: Destination) -> None:
        """That is what `idempotent` promises; a plugin that cannot must not promise it."""
        for _ in range(2):
            assert deliver(destination, [destination.record(1)]) == ["delivered"]

        if destination.plugin.idempotent:
            assert destination.held() == [(1, PERSON)]
        else:
            assert {number for number, _ in destination.held()} == {1}

    def test_a_lost_delivery_that_is_sent_again_leaves_one_record(
        self, destination: Destination
    ) -> None:
        """The same, after the target did its work and nobody heard of it."""
        break_(destination, Failure.LOST_AFTER)
        deliver(destination, [destination.record(1)])
        destination.fail(None)
        if destination.plugin.idempotent:
            assert deliver(destination, [destination.record(1)]) == ["delivered"]

        assert destination.held() == [(1, PERSON)]

    def test_calls_at_once_do_not_mix_up_their_records(self, destination: Destination) -> None:
        """`concurrency` calls run at the same time, each in a thread of its own."""
        threads = destination.plugin.concurrency
        with ThreadPoolExecutor(threads) as pool:
            results = list(
                pool.map(lambda n: deliver(destination, [destination.record(n)]), range(1, 41))
            )

        assert results == [["delivered"]] * 40
        assert sorted(destination.held()) == [(number, PERSON) for number in range(1, 41)]

    def test_a_plugin_that_was_closed_holds_nothing(self, destination: Destination) -> None:
        """A client stops; its plugins are closed once, whatever they did before."""
        deliver(destination, [destination.record(1)])
        assert destination.plugin.close() is None  # type: ignore[func-returns-value]


def deliver(destination: Destination, records: Sequence[Record]) -> list[str]:
    """Deliver as the host does; return what each record's result means to it.

    `delivered`, `rejected`, `retry`, `ambiguous`, `credentials` or `quota`. A bug of the plugin
    fails the test.
    """
    try:
        outcomes = _pipeline(destination).deliver(_frozen(records), destination.target)
    except RegbridgeError as error:
        assert not isinstance(error, PluginError), error.detail
        return [_MEANING[type(error)]] * len(records)
    return [_OUTCOMES.get(outcome.kind, "delivered") for outcome in outcomes]


def texts_of(destination: Destination, records: Sequence[Record]) -> list[str]:
    """Return every text in which a failed delivery speaks."""
    try:
        outcomes = _pipeline(destination).deliver(_frozen(records), destination.target)
    except RegbridgeError as error:
        return [str(error), error.detail]
    return [outcome.reason for outcome in outcomes]


def batches(destination: Destination, records: Sequence[Record]) -> list[list[Record]]:
    """Return records in batches of the size that the plugin takes."""
    size = destination.plugin.batch_size
    return [list(records[start : start + size]) for start in range(0, len(records), size)]


def break_(destination: Destination, failure: Failure) -> None:
    """Break the target, or skip the test for a target that cannot fail like that."""
    if failure not in destination.failures:
        pytest.skip(f"this target cannot fail like that: {failure}")
    destination.fail(failure)


def assert_discreet(destination: Destination, texts: Sequence[str]) -> None:
    """Assert that texts hold no secret and no part of anybody's data."""
    private = [*destination.secrets, "Zoë", "O'Brien", "Núñez", "zoe.obrien"]
    found = [part for part in private for text in texts if part in text]
    assert not found, f"an error text holds {found}"


_OUTCOMES = {
    OutcomeKind.REJECTED: "rejected",
    OutcomeKind.RETRY: "retry",
    OutcomeKind.AMBIGUOUS: "ambiguous",
}
_MEANING: dict[type[RegbridgeError], str] = {
    RejectedError: "rejected",
    RetryableError: "retry",
    AmbiguousError: "ambiguous",
    CredentialsError: "credentials",
    QuotaExceededError: "quota",
}


def _pipeline(destination: Destination) -> Pipeline:
    named = NamedInstance(destination.target.name, destination.plugin, destination.target.name)
    targets = {destination.target.name: destination.target}
    return Pipeline(Client("contract", targets=targets), [named])


def _frozen(records: Sequence[Record]) -> list[Record]:
    return [replace(record, fields=MappingProxyType(record.fields)) for record in records]
