"""The delivery contract passes a plugin that keeps it, and fails each way to break it."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from inspect import getmembers, isfunction
from typing import Any

import pytest
from tests.contract.shelf import SECRET, OpenShelf, Shelf, ShelfDestination

from regbridge import (
    AmbiguousError,
    CredentialsError,
    Delivered,
    DeliveredPage,
    Outcome,
    QuotaExceededError,
    Record,
    RegbridgeError,
    RetryableError,
    hookimpl,
)
from regbridge.testing.contract import (
    PERSON,
    DeliveryContract,
    Destination,
    Failure,
)


class TestShelf(DeliveryContract):
    """A plugin that keeps the contract."""

    @pytest.fixture
    def destination(self) -> Destination:
        return ShelfDestination()


class TestOpenShelf(DeliveryContract):
    """A plugin that keeps it and can be read back."""

    @pytest.fixture
    def destination(self) -> Destination:
        return ShelfDestination(OpenShelf)


class TestShelfThatMakesDoubles(DeliveryContract):
    """A plugin that says so itself: it is not idempotent."""

    @pytest.fixture
    def destination(self) -> Destination:
        class Doubles(Shelf):
            idempotent = False
            numbers = itertools.count()

            def key(self, record: Record) -> Any:
                return next(self.numbers)

        return ShelfDestination(Doubles)


class Misaligned(Shelf):
    """Answers in another order."""

    @hookimpl
    def deliver_records(self, records: Sequence[Record]) -> Sequence[Outcome]:
        return sorted(super().deliver_records(records), key=lambda outcome: outcome.kind)


class Forgetful(Shelf):
    """Has no outcome for the last record of a full batch."""

    @hookimpl
    def deliver_records(self, records: Sequence[Record]) -> Sequence[Outcome]:
        return list(super().deliver_records(records))[: self.batch_size - 1]


class Pretending(Shelf):
    """Says created without looking."""

    def put(self, record: Record) -> Outcome:
        return Outcome.created()


class AllOrNothing(Shelf):
    """Refuses a whole batch because of one record."""

    @hookimpl
    def deliver_records(self, records: Sequence[Record]) -> Sequence[Outcome]:
        if any(record.fields["number"] < 0 for record in records):
            return [Outcome.rejected("one of them is bad")] * len(records)
        return super().deliver_records(records)


class Talkative(Shelf):
    """Quotes the record in its rejections."""

    def put(self, record: Record) -> Outcome:
        outcome = super().put(record)
        return Outcome.rejected(f"bad: {record.fields['text']}") if outcome.reason else outcome


class Wordless(Shelf):
    """Rejects without a reason."""

    def put(self, record: Record) -> Outcome:
        return Outcome.rejected("") if super().put(record).reason else Outcome.created()


class Meddling(Shelf):
    """Changes what it was given."""

    def put(self, record: Record) -> Outcome:
        record.fields["more"]["list"].append(2)
        return super().put(record)


class Cutting(Shelf):
    """Cuts long texts silently."""

    def put(self, record: Record) -> Outcome:
        self.held[record.delivery] = dict(record.fields) | {"text": record.fields["text"][:100]}
        return Outcome.created()


class Ascii(Shelf):
    """Replaces what it does not know."""

    def put(self, record: Record) -> Outcome:
        text = record.fields["text"].encode("ascii", "replace").decode()
        self.held[record.delivery] = dict(record.fields) | {"text": text}
        return Outcome.created()


class Impatient(Shelf):
    """Rejects records because of an outage."""

    @hookimpl
    def deliver_records(self, records: Sequence[Record]) -> Sequence[Outcome]:
        try:
            return super().deliver_records(records)
        except RetryableError:
            return [Outcome.rejected("not now")] * len(records)


class Cheerful(Shelf):
    """Takes a lost answer for a success."""

    @hookimpl
    def deliver_records(self, records: Sequence[Record]) -> Sequence[Outcome]:
        try:
            return super().deliver_records(records)
        except AmbiguousError:
            return [Outcome.created()] * len(records)


class Blaming(Shelf):
    """Rejects records because of its own credentials."""

    @hookimpl
    def deliver_records(self, records: Sequence[Record]) -> Sequence[Outcome]:
        try:
            return super().deliver_records(records)
        except CredentialsError:
            return [Outcome.rejected("locked")] * len(records)


class Pressing(Shelf):
    """Tries again at once although its quota is used up."""

    @hookimpl
    def deliver_records(self, records: Sequence[Record]) -> Sequence[Outcome]:
        try:
            return super().deliver_records(records)
        except QuotaExceededError:
            raise RetryableError("not now") from None


class Leaking(Shelf):
    """Shows its key when it is refused."""

    @hookimpl
    def deliver_records(self, records: Sequence[Record]) -> Sequence[Outcome]:
        try:
            return super().deliver_records(records)
        except CredentialsError:
            raise CredentialsError(f"the key {SECRET} does not fit") from None


class Doubling(Shelf):
    """Says that it is idempotent and is not."""

    numbers = itertools.count()

    def key(self, record: Record) -> Any:
        return next(self.numbers)


class Shared(Shelf):
    """Keeps the record that it works on where all threads see it."""

    meeting = threading.Barrier(2)

    def put(self, record: Record) -> Outcome:
        self.current = record
        try:
            self.meeting.wait(0.05)
        except threading.BrokenBarrierError:
            self.meeting.reset()
        return super().put(self.current)


class Buggy(Shelf):
    """Fails with an error that explains nothing to the host."""

    @hookimpl
    def deliver_records(self, records: Sequence[Record]) -> Sequence[Outcome]:
        if self.failure:
            raise KeyError("shelf")
        return super().deliver_records(records)


class Dusty(OpenShelf):
    """Lists what nobody delivered."""

    @hookimpl
    def list_delivered(self, page: str) -> DeliveredPage:
        found = super().list_delivered(page)
        return DeliveredPage([*found.records, Delivered("dust")], found.next_page)


class Overlooking(OpenShelf):
    """Does not list the last record of a page."""

    @hookimpl
    def list_delivered(self, page: str) -> DeliveredPage:
        found = super().list_delivered(page)
        return DeliveredPage(found.records[:1], found.next_page)


class Repeating(OpenShelf):
    """Lists the last record of a page at the top of the next one again."""

    @hookimpl
    def list_delivered(self, page: str) -> DeliveredPage:
        found = super().list_delivered(page)
        return DeliveredPage(found.records, found.next_page and str(int(found.next_page) - 1))


class Renaming(OpenShelf):
    """Lists a record under another key than the one that it says."""

    def shown(self, key: Any, fields: Mapping[str, Any]) -> Delivered:
        return Delivered(f"shelf {key}", dict(fields))


class Shouting(OpenShelf):
    """Lists texts in another form than that in which they are compared."""

    def shown(self, key: Any, fields: Mapping[str, Any]) -> Delivered:
        return Delivered(str(key), {**fields, "text": fields["text"].upper()})


class Lacking(OpenShelf):
    """Lists no field that is to be compared."""

    def shown(self, key: Any, fields: Mapping[str, Any]) -> Delivered:
        return Delivered(str(key))


class Raw(OpenShelf):
    """Lists what the ledger cannot keep as it is."""

    def shown(self, key: Any, fields: Mapping[str, Any]) -> Delivered:
        return Delivered(str(key), {**fields, "at": (1, 2)})


class Circling(OpenShelf):
    """Says after the last page that the first one comes next."""

    @hookimpl
    def list_delivered(self, page: str) -> DeliveredPage:
        found = super().list_delivered(page)
        return DeliveredPage(found.records, found.next_page or "0")


class Endless(OpenShelf):
    """Has always another page, with nothing on it."""

    @hookimpl
    def list_delivered(self, page: str) -> DeliveredPage:
        return DeliveredPage(super().list_delivered(page).records, str(int(page or 0) + 2))


class Stale(OpenShelf):
    """Lists a record as it was when it was delivered for the first time."""

    first: Mapping[str, Any] | None = None

    def shown(self, key: Any, fields: Mapping[str, Any]) -> Delivered:
        self.first = self.first or fields
        return Delivered(str(key), {**fields, "text": self.first["text"]})


class Blind(OpenShelf):
    """Compares nothing, so that every record is as it was."""

    def as_delivered(self, record: Record) -> Delivered:
        return Delivered(str(record.delivery))


class Silent(OpenShelf):
    """Lists nothing when it cannot look."""

    @hookimpl
    def list_delivered(self, page: str) -> DeliveredPage:
        try:
            return super().list_delivered(page)
        except RegbridgeError:
            return DeliveredPage(())


class Confused(OpenShelf):
    """Takes a locked shelf for one that is far away."""

    @hookimpl
    def list_delivered(self, page: str) -> DeliveredPage:
        try:
            return super().list_delivered(page)
        except CredentialsError:
            raise RetryableError("nobody answers") from None


class Disclosing(OpenShelf):
    """Shows its key when it cannot list."""

    @hookimpl
    def list_delivered(self, page: str) -> DeliveredPage:
        try:
            return super().list_delivered(page)
        except CredentialsError:
            raise CredentialsError(f"the key {SECRET} does not fit") from None


LISTED = "test_what_was_delivered_is_listed_as_it_was_sent"
PAGED = "test_the_pages_end_and_have_each_record_once"
UNREAD = "test_a_target_that_cannot_be_read_now_says_why"

BROKEN: dict[type[Shelf], str] = {
    Misaligned: "test_outcomes_stand_in_the_order_of_the_records",
    Forgetful: "test_a_full_batch_arrives",
    Pretending: "test_a_record_arrives_with_its_values",
    AllOrNothing: "test_outcomes_stand_in_the_order_of_the_records",
    Talkative: "test_a_rejection_says_why_and_names_nobody",
    Wordless: "test_a_rejection_says_why_and_names_nobody",
    Meddling: "test_records_stay_as_they_are",
    Cutting: "test_a_text_arrives_whole_or_is_refused",
    Ascii: "test_a_text_arrives_whole_or_is_refused",
    Impatient: "test_a_target_that_cannot_work_now_is_tried_again",
    Cheerful: "test_a_lost_answer_is_ambiguous",
    Blaming: "test_credentials_that_are_refused_pause_the_target",
    Pressing: "test_a_quota_that_is_used_up_pauses_the_target",
    Leaking: "test_a_failure_says_what_happened_and_nothing_secret",
    Doubling: "test_the_same_delivery_again_leaves_one_record",
    Shared: "test_calls_at_once_do_not_mix_up_their_records",
    Buggy: "test_a_target_that_cannot_work_now_is_tried_again",
    Dusty: "test_nothing_is_listed_at_a_fresh_target",
    Overlooking: PAGED,
    Repeating: PAGED,
    Renaming: LISTED,
    Shouting: LISTED,
    Lacking: LISTED,
    Raw: LISTED,
    Circling: PAGED,
    Endless: PAGED,
    Stale: "test_a_record_that_was_delivered_again_is_listed_as_it_is_now",
    Blind: "test_a_record_that_was_delivered_again_is_listed_as_it_is_now",
    Silent: UNREAD,
    Confused: UNREAD,
    Disclosing: UNREAD,
}


def cases(test: Callable[..., None]) -> Iterator[dict[str, Any]]:
    """Yield the arguments of a test of the contract, besides the destination."""
    marks = [mark for mark in getattr(test, "pytestmark", []) if mark.name == "parametrize"]
    if not marks:
        yield {}
    for mark in marks:
        names, values = mark.args
        if isinstance(names, str):
            yield from ({names: value} for value in values)
        else:
            yield from (dict(zip(names, value, strict=True)) for value in values)


def failing(plugin: type[Shelf]) -> set[str]:
    """Return the tests of the contract that a plugin fails."""
    found = set()
    for name, test in getmembers(DeliveryContract, isfunction):
        if not name.startswith("test_"):
            continue
        for arguments in cases(test):
            try:
                test(DeliveryContract(), ShelfDestination(plugin), **arguments)
            except (AssertionError, RuntimeError):
                found.add(name)
            except pytest.skip.Exception:
                continue
    return found


@pytest.mark.parametrize("plugin", BROKEN, ids=lambda plugin: plugin.__name__)
def test_a_broken_plugin_fails_the_test_that_looks_for_it(plugin: type[Shelf]) -> None:
    assert BROKEN[plugin] in failing(plugin)


@pytest.mark.parametrize("plugin", [Shelf, OpenShelf])
def test_the_plugin_that_keeps_the_contract_fails_nothing(plugin: type[Shelf]) -> None:
    assert failing(plugin) == set()


def test_every_test_of_the_contract_is_failed_by_some_broken_plugin() -> None:
    tests = {name for name in dir(DeliveryContract) if name.startswith("test_")}
    never = {"test_a_plugin_that_was_closed_holds_nothing"}
    found = set().union(*(failing(plugin) for plugin in BROKEN))

    assert tests - found <= never


def test_a_class_without_a_destination_says_what_is_missing() -> None:
    with pytest.raises(NotImplementedError, match="override the fixture"):
        DeliveryContract.destination.__wrapped__(DeliveryContract())  # type: ignore[attr-defined]


def test_personal_data_of_the_records_is_what_the_contract_looks_for() -> None:
    assert ShelfDestination().record(1).fields["text"] == PERSON
    assert set(Failure) == ShelfDestination.failures
