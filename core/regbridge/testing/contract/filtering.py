"""What a plugin that filters must do, as tests that a plugin's author inherits."""

from __future__ import annotations

from abc import abstractmethod

import pytest

from regbridge.models import Drop, Registration
from regbridge.testing.contract.asked import Asked
from regbridge.testing.contract.kept import assert_kept
from regbridge.testing.rules import filtering
from regbridge.testing.rules.calls import call
from regbridge.testing.rules.probes import Probe, probes


class Sieve(Asked):
    """A plugin with a registration that it keeps and one that it drops."""

    @abstractmethod
    def kept(self) -> Registration:
        """Return a registration that goes on."""

    @abstractmethod
    def dropped(self) -> Registration:
        """Return a registration that does not go on."""


class FilterContract:
    """The contract. Derive a class whose fixture `sieve` returns a `Sieve`."""

    @pytest.fixture
    def sieve(self) -> Sieve:
        """Return the plugin under test with its registrations."""
        raise NotImplementedError("override the fixture `sieve`")

    def test_what_it_keeps_goes_on(self, sieve: Sieve) -> None:
        """None keeps a registration."""
        assert call(sieve.plugin, "filter_registration", registration=sieve.kept()) is None

    def test_what_it_drops_has_a_reason(self, sieve: Sieve) -> None:
        """The first `Drop` ends it."""
        answer = call(sieve.plugin, "filter_registration", registration=sieve.dropped())
        assert isinstance(answer, Drop)
        assert answer.reason.strip()

    def test_it_takes_whatever_comes(self, sieve: Sieve) -> None:
        """Every kind, records with missing and odd fields, and event types that nobody knows."""
        assert_kept(filtering.a_filter_returns_a_drop_or_none(sieve.plugin, asked(sieve)))

    def test_a_reason_is_one_that_planners_can_read(self, sieve: Sieve) -> None:
        """It stands in the console, and is counted there by its words."""
        assert_kept(filtering.reasons_are_readable(sieve.plugin, asked(sieve)))

    def test_a_reason_names_nobody(self, sieve: Sieve) -> None:
        """It is stored, and stays when the registration itself is purged."""
        assert_kept(filtering.reasons_name_nobody(sieve.plugin, asked(sieve)))

    def test_it_decides_the_same_again(self, sieve: Sieve) -> None:
        """A replay, and a preview, must come to the same."""
        assert_kept(filtering.a_filter_decides_the_same_again(sieve.plugin, asked(sieve)))

    def test_it_changes_nothing(self, sieve: Sieve) -> None:
        """The next plugin is asked about the same registration."""
        assert_kept(filtering.a_filter_changes_nothing(sieve.plugin, asked(sieve)))


def asked(sieve: Sieve) -> list[Probe]:
    """Return everything that the plugin is asked about."""
    own = [Probe("the one it keeps", sieve.kept()), Probe("the one it drops", sieve.dropped())]
    return [*own, *probes(sieve.client)]
