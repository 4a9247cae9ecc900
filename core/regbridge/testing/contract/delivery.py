"""What every plugin that delivers must do, as tests that a plugin's author inherits."""

from __future__ import annotations

import copy
import json
from abc import abstractmethod
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from types import MappingProxyType

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
from regbridge.models import Client, Delivered, OutcomeKind, Record
from regbridge.pipeline import NamedInstance, Pipeline
from regbridge.plugin import TargetPlugin
from regbridge.testing.contract.connection import Connection
from regbridge.testing.contract.outside import Failure, assert_discreet, break_
from regbridge.testing.rules.texts import LONG, PERSON, UNICODE

_MOST_PAGES = 100


class Destination(Connection):
    """A plugin with a target that the tests can look into and break; one for each test.

    `text_limit` is how many characters the text of a record may have, None if the target has no
    limit. If the plugin can be read back, let its pages be so small that ten records are several.
    """

    plugin: TargetPlugin
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

    def test_a_quota_that_is_used_up_pauses_the_target(self, destination: Destination) -> None:
        """`until` says when it goes on; for a target with `Failure.QUOTA` among its failures."""
        break_(destination, Failure.QUOTA)
        assert deliver(destination, [destination.record(1)]) == ["quota"]
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

    def test_nothing_is_listed_at_a_fresh_target(self, destination: Destination) -> None:
        """Whatever is listed and was not delivered is reported as extra."""
        assert listed(destination) == []

    @pytest.mark.parametrize("text", [PERSON, UNICODE, LONG], ids=["plain", "unicode", "long"])
    def test_what_was_delivered_is_listed_as_it_was_sent(
        self, destination: Destination, text: str
    ) -> None:
        """An untouched record has the same key and the same fields on both sides."""
        require_read_back(destination)
        record = destination.record(1, text[: destination.text_limit].strip())
        assert deliver(destination, [record]) == ["delivered"]

        assert_listed(destination, [record])

    def test_a_record_that_was_delivered_again_is_listed_as_it_is_now(
        self, destination: Destination
    ) -> None:
        """Its former fields would be reported as changed by hand."""
        require_read_back(destination)
        former = destination.record(1)
        newest = replace(destination.record(1, "another text"), delivery=2)
        for record in (former, newest):
            assert deliver(destination, [record]) == ["delivered"]

        assert as_delivered(destination, newest).fields != as_delivered(destination, former).fields
        assert_listed(destination, [newest])

    def test_the_pages_end_and_have_each_record_once(self, destination: Destination) -> None:
        """A destination sets its plugin's pages small, so that there are several."""
        require_read_back(destination)
        records = [destination.record(number) for number in range(1, 11)]
        for batch in batches(destination, records):
            deliver(destination, batch)

        keys = [one.key for one in listed(destination)]
        assert sorted(keys) == sorted(as_delivered(destination, one).key for one in records)
        assert len(set(keys)) == len(records)
        assert_listed(destination, records)

    @pytest.mark.parametrize(
        ("failure", "result"),
        [
            (Failure.UNREACHABLE, RetryableError),
            (Failure.BUSY, RetryableError),
            (Failure.CREDENTIALS, CredentialsError),
            (Failure.QUOTA, QuotaExceededError),
        ],
    )
    def test_a_target_that_cannot_be_read_now_says_why(
        self, destination: Destination, failure: Failure, result: type[RegbridgeError]
    ) -> None:
        """Listing goes on another time; a page that is short would be taken for all there is."""
        require_read_back(destination)
        break_(destination, failure)
        try:
            listed(destination)
        except RegbridgeError as error:
            assert isinstance(error, result), error.detail
            assert_discreet(destination, [str(error), error.detail])
        else:
            raise AssertionError("a target that fails was listed")

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
        return [_meaning(error)] * len(records)
    return [_OUTCOMES.get(outcome.kind, "delivered") for outcome in outcomes]


def texts_of(destination: Destination, records: Sequence[Record]) -> list[str]:
    """Return every text in which a failed delivery speaks."""
    try:
        outcomes = _pipeline(destination).deliver(_frozen(records), destination.target)
    except RegbridgeError as error:
        return [str(error), error.detail]
    return [outcome.reason for outcome in outcomes]


def require_read_back(destination: Destination) -> None:
    """Skip the test for a plugin that has no `list_delivered`."""
    if not _pipeline(destination).can_read_back(destination.target.name):
        pytest.skip("this target cannot be read back")


def listed(destination: Destination) -> list[Delivered]:
    """Return what all pages of the target list. Raises as the plugin does.

    Each page is asked of a pipeline of its own, as another process would.
    """
    require_read_back(destination)
    found: list[Delivered] = []
    pages = [""]
    while len(pages) <= _MOST_PAGES:
        answer = _pipeline(destination).delivered(destination.target, pages[-1])
        found += answer.records
        if not answer.next_page:
            return found
        assert answer.next_page not in pages, "the pages go round in a circle"
        pages.append(answer.next_page)
    raise AssertionError("the pages do not end")


def as_delivered(destination: Destination, record: Record) -> Delivered:
    """Return how a record is listed once it was delivered."""
    [frozen] = _frozen([record])
    return _pipeline(destination).as_delivered(frozen, destination.target)


def assert_listed(destination: Destination, records: Sequence[Record]) -> None:
    """Assert that each record is listed once, with the fields that it names equal.

    The ledger keeps keys and fields as JSON.
    """
    found = listed(destination)
    for record in records:
        wanted = as_delivered(destination, record)
        same = [one.fields for one in found if one.key == wanted.key]
        assert len(same) == 1, f"{len(same)} records are listed under the key of one"
        assert wanted.fields.items() <= same[0].items()
        assert json.loads(json.dumps(dict(same[0]))) == same[0]


def batches(destination: Destination, records: Sequence[Record]) -> list[list[Record]]:
    """Return records in batches of the size that the plugin takes."""
    size = destination.plugin.batch_size
    return [list(records[start : start + size]) for start in range(0, len(records), size)]


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


def _meaning(error: RegbridgeError) -> str:
    """Return what an error means to the host, to which a class derived from it is the same."""
    found = (meaning for kind, meaning in _MEANING.items() if isinstance(error, kind))
    return next(found, type(error).__name__)


def _pipeline(destination: Destination) -> Pipeline:
    named = NamedInstance(destination.target.name, destination.plugin, destination.target.name)
    targets = {destination.target.name: destination.target}
    return Pipeline(Client("contract", targets=targets), [named])


def _frozen(records: Sequence[Record]) -> list[Record]:
    return [replace(record, fields=MappingProxyType(record.fields)) for record in records]
