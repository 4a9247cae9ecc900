"""The dedupe contract passes a plugin that keeps it, and fails each way to break it."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from pathlib import Path

import pytest
from tests.contract.breaking import contract_tests, failing

from regbridge import Client, Plugin, PluginContext, Registration, Settings, hookimpl
from regbridge.testing.contract import Changes, DedupeContract
from regbridge.testing.payloads import registrant
from regbridge.testing.registrations import registration_of


class ByStatus(Plugin):
    """Takes a registrant's status for the change."""

    def __init__(self) -> None:
        super().__init__(Settings(), PluginContext("by-status", Client("contract"), Path()))

    @hookimpl
    def dedupe_key(self, registration: Registration) -> str | None:
        """Name the subject and the status."""
        return self.key(registration) if registration.subject else None

    def key(self, registration: Registration) -> str:
        """Return the key."""
        return f"{registration.subject}|{self.status(registration)}"

    def status(self, registration: Registration) -> str:
        """Return the status as text."""
        return repr(registration.fields.get("inviteeStatus"))[:50]


class StatusChanges(Changes):
    """The plugin as the contract sees it."""

    def __init__(self, plugin: type[ByStatus] = ByStatus) -> None:
        self.plugin = plugin()
        self._class = plugin

    def another_plugin(self) -> Plugin:
        return self._class()

    def same(self) -> Sequence[Registration]:
        return [registration_of(registrant(1)), registration_of(registrant(1, company="Other"))]

    def different(self) -> Sequence[Registration]:
        return [
            registration_of(registrant(1)),
            registration_of(registrant(1, inviteeStatus="Cancelled")),
            registration_of(registrant(2)),
        ]


class TestByStatus(DedupeContract):
    """A plugin that keeps the contract."""

    @pytest.fixture
    def changes(self) -> Changes:
        return StatusChanges()


class Fussy(ByStatus):
    """Takes the same change for two when the message is another one."""

    def key(self, registration: Registration) -> str:
        return f"{super().key(registration)}|{registration.message_stub}"


class Blunt(ByStatus):
    """Takes a cancellation for the registration that was there before."""

    def status(self, registration: Registration) -> str:
        return ""


class Levelling(ByStatus):
    """Takes two people for one, unless they have the same job."""

    def key(self, registration: Registration) -> str:
        fields = registration.fields
        return f"{fields.get('confirmationNumber')!r}|{self.status(registration)}"[:90]


class Numbering(ByStatus):
    """Makes keys of the ledger's own number."""

    def key(self, registration: Registration) -> str:
        return f"{super().key(registration)}|{registration.id // 1_000_000}"


class Salted(ByStatus):
    """Makes keys of what Python makes anew with each start."""

    def key(self, registration: Registration) -> str:
        return f"{registration.subject}|{hash(self.status(registration))}"


class Counting(ByStatus):
    """Makes keys of its own count, which starts with each instance."""

    def __init__(self) -> None:
        super().__init__()
        self.serial = next(SERIALS)

    def key(self, registration: Registration) -> str:
        return f"{super().key(registration)}|{self.serial}"


SERIALS = itertools.count()


class Naming(ByStatus):
    """Makes keys of what people wrote."""

    def key(self, registration: Registration) -> str:
        return f"{super().key(registration)}|{str(registration.fields.get('email'))[:100]}"


class Assuming(ByStatus):
    """Takes it that a status is text, and is there."""

    def status(self, registration: Registration) -> str:
        return str(registration.fields["inviteeStatus"].strip())[:50]


class Scribbling(ByStatus):
    """Writes its key where everybody reads."""

    def key(self, registration: Registration) -> str:
        key = super().key(registration)
        custom = registration.fields.get("customFields")
        if isinstance(custom, list):
            custom.append(key)
        return key


BROKEN: dict[type[ByStatus], set[str]] = {
    Fussy: {"test_the_same_change_has_the_same_key"},
    Blunt: {"test_different_changes_have_different_keys"},
    Levelling: {"test_another_person_has_another_key"},
    Numbering: {"test_the_number_in_the_ledger_makes_no_difference"},
    Salted: {"test_a_key_is_the_same_in_another_process"},
    Counting: {"test_a_key_is_the_same_in_another_process"},
    Naming: {"test_a_key_names_nobody"},
    Assuming: {"test_it_takes_whatever_comes"},
    Scribbling: {"test_it_changes_nothing"},
}


@pytest.mark.parametrize("plugin", BROKEN, ids=lambda plugin: plugin.__name__)
def test_a_broken_dedupe_fails_the_test_that_looks_for_it(plugin: type[ByStatus]) -> None:
    assert failing(DedupeContract, lambda: StatusChanges(plugin)) == BROKEN[plugin]


def test_every_test_of_dedupe_is_failed_by_some_broken_plugin() -> None:
    assert set(contract_tests(DedupeContract)) == set().union(*BROKEN.values())


def test_a_class_without_changes_says_what_is_missing() -> None:
    with pytest.raises(NotImplementedError, match="override the fixture"):
        DedupeContract.changes.__wrapped__(DedupeContract())  # type: ignore[attr-defined]
