"""What a plugin that names changes must do, as tests that a plugin's author inherits."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence

import pytest

from regbridge.models import Registration
from regbridge.plugin import Plugin
from regbridge.testing.contract.asked import Asked
from regbridge.testing.contract.kept import assert_kept
from regbridge.testing.rules import keys
from regbridge.testing.rules.calls import call
from regbridge.testing.rules.probes import Probe, probes


class Changes(Asked):
    """A plugin with registrations that stand for the same change, and for others."""

    @abstractmethod
    def another_plugin(self) -> Plugin:
        """Return a second instance with the same settings, as another process has one."""

    @abstractmethod
    def same(self) -> Sequence[Registration]:
        """Return registrations, two at least, that stand for one change."""

    @abstractmethod
    def different(self) -> Sequence[Registration]:
        """Return registrations, two at least, each of which stands for a change of its own."""


class DedupeContract:
    """The contract. Derive a class whose fixture `changes` returns `Changes`."""

    @pytest.fixture
    def changes(self) -> Changes:
        """Return the plugin under test with its registrations."""
        raise NotImplementedError("override the fixture `changes`")

    def test_the_same_change_has_the_same_key(self, changes: Changes) -> None:
        """Of two registrations with the same key the later one is a duplicate."""
        found = [key_of(changes, each) for each in changes.same()]
        assert len(found) >= 2
        assert found[0]
        assert len(set(found)) == 1

    def test_different_changes_have_different_keys(self, changes: Changes) -> None:
        """A change that is taken for a duplicate is lost."""
        found = [key_of(changes, each) for each in changes.different()]
        assert len(found) >= 2
        assert all(found)
        assert len(set(found)) == len(found)

    def test_another_person_has_another_key(self, changes: Changes) -> None:
        """However alike two people's messages are."""
        assert_kept(keys.people_have_keys_of_their_own(changes.plugin, asked(changes)))

    def test_the_number_in_the_ledger_makes_no_difference(self, changes: Changes) -> None:
        """The same message again has another number, and arrives at another time."""
        assert_kept(keys.a_key_is_that_of_the_change(changes.plugin, asked(changes)))

    def test_a_key_is_the_same_in_another_process(self, changes: Changes) -> None:
        """Keys are kept for ever: Python's `hash`, and the clock, change with each start."""
        another = changes.another_plugin()
        try:
            assert_kept(keys.a_key_stays(changes.plugin, another, asked(changes)))
        finally:
            another.close()

    def test_a_key_names_nobody(self, changes: Changes) -> None:
        """Keys are kept as they are, in an encrypted ledger too."""
        assert_kept(keys.keys_name_nobody(changes.plugin, asked(changes)))

    def test_it_takes_whatever_comes(self, changes: Changes) -> None:
        """A key, or None: for every kind, and for records with missing and odd fields."""
        assert_kept(keys.a_key_is_text_or_none(changes.plugin, asked(changes)))

    def test_it_changes_nothing(self, changes: Changes) -> None:
        """What comes next works on the same registration."""
        assert_kept(keys.naming_changes_nothing(changes.plugin, asked(changes)))


def key_of(changes: Changes, registration: Registration) -> object:
    """Return the key that the plugin gives a registration."""
    return call(changes.plugin, "dedupe_key", registration=registration)


def asked(changes: Changes) -> list[Probe]:
    """Return everything that the plugin is asked about."""
    own = [
        *(Probe("one of the same change", each) for each in changes.same()),
        *(Probe("one of different changes", each) for each in changes.different()),
    ]
    return [*own, *probes(changes.client)]
