"""What a plugin that checks its connection must do, as tests that a plugin's author inherits."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import replace

import pytest

from regbridge.models import Finding, Level, Target
from regbridge.testing.contract.outside import Failure, Outside, assert_discreet, break_
from regbridge.testing.rules.calls import call


class Connection(Outside):
    """A plugin with what it checks: a target that works, or another service for that target.

    Every `Destination` is one.
    """

    target: Target

    @abstractmethod
    def held(self) -> object:
        """Return all that is there, so that two looks can be compared."""


class ConnectionContract:
    """The contract. Derive a class whose fixture `connection` returns a `Connection`."""

    @pytest.fixture
    def connection(self) -> Connection:
        """Return the plugin under test with what it checks."""
        raise NotImplementedError("override the fixture `connection`")

    def test_what_works_has_no_error(self, connection: Connection) -> None:
        """`regbridge check --online` fails with an error; what is well is said as well."""
        found = findings(connection)
        assert found
        assert [str(each) for each in found if each.level is Level.ERROR] == []
        assert all(each.message.strip() for each in found)

    def test_other_targets_are_left_to_others(self, connection: Connection) -> None:
        """None says that there is nothing to check."""
        other = replace(connection.target, name="a target of somebody else")
        assert call(connection.plugin, "check_connection", target=other) is None

    @pytest.mark.parametrize("failure", Failure)
    def test_a_failure_is_an_error_with_a_remedy(
        self, connection: Connection, failure: Failure
    ) -> None:
        """What does not answer is a finding, never an error that is raised."""
        break_(connection, failure)
        errors = [each for each in findings(connection) if each.level is Level.ERROR]
        assert errors
        assert all(each.message.strip() and each.remedy.strip() for each in errors)

    @pytest.mark.parametrize("failure", [None, *Failure])
    def test_what_it_finds_shows_nothing_secret(
        self, connection: Connection, failure: Failure | None
    ) -> None:
        """Findings are printed, and sent to whoever is asked for help."""
        if failure:
            break_(connection, failure)
        found = findings(connection)
        assert_discreet(connection, [text for each in found for text in (str(each), each.remedy)])

    def test_it_changes_nothing(self, connection: Connection) -> None:
        """It is tried as often as somebody likes, at what is in use."""
        before = connection.held()
        for _ in range(2):
            findings(connection)
        assert connection.held() == before

    def test_it_finds_the_same_again(self, connection: Connection) -> None:
        """A check that fails now and then is one that nobody believes."""
        levels = [[each.level for each in findings(connection)] for _ in range(2)]
        assert levels[0] == levels[1]

    def test_it_works_again_when_the_failure_is_over(self, connection: Connection) -> None:
        """Whoever mends something tries again, in the console without a new start."""
        break_(connection, Failure.UNREACHABLE)
        findings(connection)
        connection.fail(None)
        assert [str(each) for each in findings(connection) if each.level is Level.ERROR] == []


def findings(connection: Connection) -> Sequence[Finding]:
    """Return what the plugin finds out about its target; what it raises fails the test."""
    found = call(connection.plugin, "check_connection", target=connection.target)
    assert found is not None, "it has nothing to say about its own target"
    assert all(isinstance(each, Finding) for each in found)
    return list(found)
