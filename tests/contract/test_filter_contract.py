"""The filter contract passes a plugin that keeps it, and fails each way to break it."""

from __future__ import annotations

import itertools
from pathlib import Path

import pytest
from tests.contract.breaking import contract_tests, failing

from regbridge import Client, Drop, Plugin, PluginContext, Registration, Settings, hookimpl
from regbridge.testing.contract import FilterContract, Sieve
from regbridge.testing.payloads import registrant
from regbridge.testing.registrations import registration_of


class NoCancelled(Plugin):
    """Drops those who cancelled."""

    def __init__(self) -> None:
        super().__init__(Settings(), PluginContext("no-cancelled", Client("contract"), Path()))

    @hookimpl
    def filter_registration(self, registration: Registration) -> Drop | None:
        """Drop a registration that was cancelled."""
        return self.decide(registration)

    def decide(self, registration: Registration) -> Drop | None:
        """Decide about one registration."""
        if registration.fields.get("inviteeStatus") != "Cancelled":
            return None
        return Drop(self.reason(registration))

    def reason(self, registration: Registration) -> str:
        """Return why."""
        return "they cancelled"


class CancelledSieve(Sieve):
    """The filter as the contract sees it."""

    def __init__(self, plugin: type[NoCancelled] = NoCancelled) -> None:
        self.plugin = plugin()

    def kept(self) -> Registration:
        return registration_of(registrant(1))

    def dropped(self) -> Registration:
        return registration_of(registrant(1, inviteeStatus="Cancelled"))


class TestNoCancelled(FilterContract):
    """A plugin that keeps the contract."""

    @pytest.fixture
    def sieve(self) -> Sieve:
        return CancelledSieve()


class Greedy(NoCancelled):
    """Drops everybody who accepted as well."""

    def decide(self, registration: Registration) -> Drop | None:
        return super().decide(registration) or Drop("it is what it is")


class Idle(NoCancelled):
    """Drops nobody."""

    def decide(self, registration: Registration) -> Drop | None:
        return None


class Trusting(NoCancelled):
    """Takes it that every record has a status, and that it is text."""

    def decide(self, registration: Registration) -> Drop | None:
        status = registration.fields["inviteeStatus"].lower()
        return Drop("they cancelled") if status == "cancelled" else None


class Truthful(NoCancelled):
    """Answers a question that nobody asked."""

    def decide(self, registration: Registration) -> Drop | None:
        return super().decide(registration) or False  # type: ignore[return-value]


class Rambling(NoCancelled):
    """Gives reasons in several lines."""

    def reason(self, registration: Registration) -> str:
        return "they\ncancelled"


class Wordy(NoCancelled):
    """Names whom it drops."""

    def reason(self, registration: Registration) -> str:
        return f"{registration.fields.get('email')} cancelled"


class Moody(NoCancelled):
    """Drops every other one of those who cancelled with another reason."""

    turns = itertools.count()

    def reason(self, registration: Registration) -> str:
        return f"they cancelled, as {next(self.turns)} did before"


class Tidying(NoCancelled):
    """Corrects what Cvent sent, in the place where others read it."""

    def decide(self, registration: Registration) -> Drop | None:
        custom = registration.fields.get("customFields")
        if isinstance(custom, list):
            custom.clear()
        return super().decide(registration)


BROKEN: dict[type[NoCancelled], set[str]] = {
    Greedy: {"test_what_it_keeps_goes_on"},
    Idle: {"test_what_it_drops_has_a_reason"},
    Trusting: {"test_it_takes_whatever_comes"},
    Truthful: {"test_it_takes_whatever_comes", "test_what_it_keeps_goes_on"},
    Rambling: {"test_a_reason_is_one_that_planners_can_read"},
    Wordy: {"test_a_reason_names_nobody"},
    Moody: {"test_it_decides_the_same_again"},
    Tidying: {"test_it_changes_nothing"},
}


@pytest.mark.parametrize("plugin", BROKEN, ids=lambda plugin: plugin.__name__)
def test_a_broken_filter_fails_the_test_that_looks_for_it(plugin: type[NoCancelled]) -> None:
    assert failing(FilterContract, lambda: CancelledSieve(plugin)) == BROKEN[plugin]


def test_every_test_of_filters_is_failed_by_some_broken_plugin() -> None:
    assert set(contract_tests(FilterContract)) == set().union(*BROKEN.values())


def test_a_class_without_a_sieve_says_what_is_missing() -> None:
    with pytest.raises(NotImplementedError, match="override the fixture"):
        FilterContract.sieve.__wrapped__(FilterContract())  # type: ignore[attr-defined]
