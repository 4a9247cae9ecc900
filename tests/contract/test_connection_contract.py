"""The contract of checks passes a plugin that keeps it, and fails each way to break it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest
from tests.contract.breaking import contract_tests, failing
from tests.contract.desk import SECRET, Desk, DeskConnection

from regbridge import CredentialsError, Finding, Level, Target, hookimpl
from regbridge.testing.contract import Connection, ConnectionContract, Failure


class TestDesk(ConnectionContract):
    """A plugin that keeps the contract."""

    @pytest.fixture
    def connection(self) -> Connection:
        return DeskConnection()


class Gloomy(Desk):
    """Finds an error where there is none."""

    @hookimpl
    def check_connection(self, target: Target) -> Sequence[Finding] | None:
        if not self.is_ours(target) or self.failure:
            return super().check_connection(target)
        return [Finding(Level.ERROR, "something may be wrong", remedy="look")]


class Silent(Desk):
    """Says nothing when all is well."""

    @hookimpl
    def check_connection(self, target: Target) -> Sequence[Finding] | None:
        found = super().check_connection(target)
        return found if self.failure or found is None else []


class Meddling(Desk):
    """Checks the targets of others too."""

    def is_ours(self, target: Target) -> bool:
        return True


class Helpless(Desk):
    """Does not say what to do."""

    def trouble(self, text: str) -> Finding:
        return replace(super().trouble(text), remedy="")


class Raising(Desk):
    """Fails when it is not let in."""

    @hookimpl
    def check_connection(self, target: Target) -> Sequence[Finding] | None:
        if self.failure is Failure.CREDENTIALS:
            raise CredentialsError("the desk does not know us")
        return super().check_connection(target)


class Mild(Desk):
    """Takes a failure for something that may be well."""

    def trouble(self, text: str) -> Finding:
        return replace(super().trouble(text), level=Level.WARNING)


class Quoting(Desk):
    """Shows its key in what to do."""

    def trouble(self, text: str) -> Finding:
        return Finding(Level.ERROR, text, remedy=f"replace the key {SECRET}")


class Noting(Desk):
    """Leaves a note at the desk each time."""

    @hookimpl
    def check_connection(self, target: Target) -> Sequence[Finding] | None:
        self.notes.append("we were here")
        return super().check_connection(target)


class Tiring(Desk):
    """Has its doubts at every other time."""

    turns = 0

    @hookimpl
    def check_connection(self, target: Target) -> Sequence[Finding] | None:
        self.turns += 1
        found = super().check_connection(target)
        if found is None or self.failure or self.turns % 2:
            return found
        return [Finding(Level.WARNING, "it was slow", remedy="wait")]


class Resentful(Desk):
    """Does not forget that there was a failure."""

    was_broken = False

    @hookimpl
    def check_connection(self, target: Target) -> Sequence[Finding] | None:
        self.was_broken = self.was_broken or self.failure is not None
        if self.was_broken and not self.failure and self.is_ours(target):
            return [self.trouble("the desk was closed a while ago")]
        return super().check_connection(target)


FAILURE = "test_a_failure_is_an_error_with_a_remedy"
WELL = "test_what_works_has_no_error"
DISCREET = "test_what_it_finds_shows_nothing_secret"
OTHERS = "test_other_targets_are_left_to_others"
AGAIN = "test_it_works_again_when_the_failure_is_over"

BROKEN: dict[type[Desk], set[str]] = {
    Gloomy: {WELL, AGAIN},
    Silent: {WELL},
    Meddling: {OTHERS},
    Helpless: {FAILURE},
    Raising: {FAILURE, DISCREET},
    Mild: {FAILURE},
    Quoting: {DISCREET},
    Noting: {"test_it_changes_nothing"},
    Tiring: {"test_it_finds_the_same_again"},
    Resentful: {AGAIN},
}


@pytest.mark.parametrize("plugin", BROKEN, ids=lambda plugin: plugin.__name__)
def test_a_broken_check_fails_the_tests_that_look_for_it(plugin: type[Desk]) -> None:
    assert failing(ConnectionContract, lambda: DeskConnection(plugin)) == BROKEN[plugin]


def test_every_test_of_checks_is_failed_by_some_broken_plugin() -> None:
    assert set(contract_tests(ConnectionContract)) == set().union(*BROKEN.values())


def test_a_class_without_a_connection_says_what_is_missing() -> None:
    with pytest.raises(NotImplementedError, match="override the fixture"):
        ConnectionContract.connection.__wrapped__(  # type: ignore[attr-defined]
            ConnectionContract()
        )
