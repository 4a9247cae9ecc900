"""What a plugin that enriches must do, as tests that a plugin's author inherits."""

from __future__ import annotations

import json
from abc import abstractmethod
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

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
from regbridge.models import Registration
from regbridge.pipeline import NamedInstance, Pipeline
from regbridge.testing.contract.asked import Asked
from regbridge.testing.contract.outside import Failure, Outside, assert_discreet, break_
from regbridge.testing.rules.frozen import differences, fresh, frozen
from regbridge.testing.rules.probes import probes

_MOST_AT_ONCE = 8
_ERRORS = (
    RetryableError,
    RejectedError,
    CredentialsError,
    QuotaExceededError,
    AmbiguousError,
    RegbridgeError,
)


class Source(Asked, Outside):
    """A plugin with the service that it asks."""

    @abstractmethod
    def registration(self, number: int) -> Registration:
        """Return a registration of registrant `number` (from 1 on), whom the service knows."""

    @abstractmethod
    def unknown(self, number: int) -> Registration:
        """Return a registration of registrant `number`, of whom the service knows nothing."""

    @abstractmethod
    def number_in(self, patch: Mapping[str, Any]) -> int:
        """Return the number of the registrant whom a patch is about."""


class EnrichContract:
    """The contract. Derive a class whose fixture `source` returns a `Source`."""

    @pytest.fixture
    def source(self) -> Source:
        """Return the plugin under test with its service."""
        raise NotImplementedError("override the fixture `source`")

    def test_a_registration_gets_its_patch(self, source: Source) -> None:
        """The patch is about the registrant whom it is for."""
        assert enriched(source, [source.registration(1)]) == [1]

    def test_a_full_batch_has_one_entry_each_in_order(self, source: Source) -> None:
        """`batch_size` registrations in one call, last one first."""
        numbers = list(range(source.plugin.batch_size, 0, -1))
        assert enriched(source, [source.registration(number) for number in numbers]) == numbers

    def test_a_patch_is_values_of_json(self, source: Source) -> None:
        """Mappings read it, and cases are written with it."""
        for entry in entries(source, [source.registration(1)]):
            assert isinstance(entry, Mapping)
            assert json.loads(json.dumps(dict(entry))) == dict(entry)

    def test_one_of_whom_nothing_is_known_harms_no_other(self, source: Source) -> None:
        """That one alone is rejected, tried again, or left as it is."""
        found = entries(source, [source.registration(1), source.unknown(2), source.registration(3)])
        first, middle, last = found
        assert middle is None or isinstance(middle, RetryableError | RejectedError)
        assert [number(source, first), number(source, last)] == [1, 3]

    def test_whatever_comes_harms_no_other(self, source: Source) -> None:
        """Every kind, and records with missing and odd fields, in the same batch."""
        odd = [probe.registration for probe in probes(source.client)]
        found = entries(source, [source.registration(1), *odd, source.registration(2)])
        assert [number(source, found[0]), number(source, found[-1])] == [1, 2]

    def test_registrations_stay_as_they_are(self, source: Source) -> None:
        """The host keeps them and goes on with them."""
        before = [source.registration(1), source.unknown(2)]
        batch = [fresh(each) for each in before]
        entries(source, batch)
        assert differences(frozen(before), frozen(batch)) == []

    @pytest.mark.parametrize("failure", [Failure.UNREACHABLE, Failure.BUSY])
    def test_a_service_that_cannot_answer_now_is_asked_again(
        self, source: Source, failure: Failure
    ) -> None:
        """An outage rejects nothing, and what was not enriched is enriched once it is over."""
        break_(source, failure)
        assert outcome(source) == "RetryableError"
        source.fail(None)
        assert enriched(source, [source.registration(1)]) == [1]

    @pytest.mark.parametrize("failure", [Failure.LOST_BEFORE, Failure.LOST_AFTER])
    def test_a_lost_answer_is_asked_for_again(self, source: Source, failure: Failure) -> None:
        """Asking changes nothing, so that asking twice does no harm."""
        break_(source, failure)
        assert outcome(source) in ("RetryableError", "AmbiguousError")
        source.fail(None)
        assert enriched(source, [source.registration(1)]) == [1]

    def test_credentials_that_are_refused_pause_it(self, source: Source) -> None:
        """No registration is to blame, and no attempt is burnt."""
        break_(source, Failure.CREDENTIALS)
        assert outcome(source) == "CredentialsError"

    def test_a_quota_that_is_used_up_pauses_it(self, source: Source) -> None:
        """`until` says when it is asked again."""
        break_(source, Failure.QUOTA)
        assert outcome(source) == "QuotaExceededError"

    @pytest.mark.parametrize("failure", Failure)
    def test_a_failure_says_what_happened_and_nothing_secret(
        self, source: Source, failure: Failure
    ) -> None:
        """Errors are stored, shown and logged."""
        break_(source, failure)
        texts = texts_of(source, [source.registration(1)])
        assert texts
        assert all(text.strip() for text in texts)
        assert_discreet(source, texts)

    def test_what_is_said_of_one_names_nobody(self, source: Source) -> None:
        """Why a registration cannot be enriched is stored and shown."""
        texts = texts_of(source, [source.unknown(1)])
        assert all(text.strip() for text in texts)
        assert_discreet(source, texts)

    def test_calls_at_once_do_not_mix_up_their_patches(self, source: Source) -> None:
        """Several threads of the worker enrich at the same time."""
        with ThreadPoolExecutor(_MOST_AT_ONCE) as pool:
            results = list(
                pool.map(lambda n: enriched(source, [source.registration(n)]), range(1, 41))
            )
        assert results == [[number] for number in range(1, 41)]


Entry = Mapping[str, Any] | RegbridgeError | None


def entries(source: Source, registrations: Sequence[Registration]) -> list[Entry]:
    """Enrich as the host does; return a patch, an error or None for each registration.

    A bug of the plugin fails the test.
    """
    named = NamedInstance("contract", source.plugin)
    found: list[Entry] = []
    pipeline = Pipeline(source.client, [named])
    for entry in pipeline.enrich(registrations).entries:
        if isinstance(entry, Registration):
            found.append(entry.enriched.get("contract"))
        else:
            assert not isinstance(entry, PluginError), entry.detail
            found.append(entry)
    return found


def number(source: Source, entry: Entry) -> int | str:
    """Return the number of the registrant whom an entry is about, or what it is instead."""
    if isinstance(entry, Mapping):
        return source.number_in(entry)
    return next((each.__name__ for each in _ERRORS if isinstance(entry, each)), "None")


def enriched(source: Source, registrations: Sequence[Registration]) -> list[int | str]:
    """Enrich; return for each registration the number of whom its patch is about."""
    return [number(source, entry) for entry in entries(source, registrations)]


def outcome(source: Source) -> int | str:
    """Return what became of one registration whom the service knows."""
    [found] = enriched(source, [source.registration(1)])
    return found


def texts_of(source: Source, registrations: Sequence[Registration]) -> list[str]:
    """Return every text in which a failed enrichment speaks."""
    found = entries(source, registrations)
    errors = [entry for entry in found if isinstance(entry, RegbridgeError)]
    return [text for error in errors for text in (str(error), error.detail)]
