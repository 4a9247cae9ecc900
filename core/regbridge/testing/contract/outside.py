"""Something outside that a plugin speaks to, and that tests can break in each way it can fail."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from enum import StrEnum
from typing import ClassVar

import pytest

from regbridge.plugin import Plugin
from regbridge.testing.rules.texts import indiscreet


class Failure(StrEnum):
    """How a target, or another service outside, can fail as a whole."""

    UNREACHABLE = "nothing answers there"
    BUSY = "it answers that it cannot work now"
    LOST_BEFORE = "it ends the connection before it has done anything"
    LOST_AFTER = "it does its work and ends the connection without an answer"
    CREDENTIALS = "it does not let us in"
    QUOTA = "our quota there is used up"


USUAL = frozenset(Failure) - {Failure.QUOTA}
"""How nearly everything outside can fail; a quota is not everybody's."""


class Outside(ABC):
    """A plugin with the service that it speaks to; a new one for each test.

    `secrets` are texts that nothing may show. `failures` are the ways in which `fail` can break the
    service: `USUAL`, more (`USUAL | {Failure.QUOTA}`) where it counts calls, fewer where there is a
    reason (a file has no credentials).
    """

    plugin: Plugin
    secrets: Sequence[str] = ()
    failures: ClassVar[frozenset[Failure]] = USUAL

    @abstractmethod
    def fail(self, failure: Failure | None) -> None:
        """Let every call fail from now on, or none any more."""


def break_(outside: Outside, failure: Failure) -> None:
    """Break what is outside, or skip the test for what cannot fail like that."""
    if failure not in outside.failures:
        pytest.skip(f"this cannot fail like that: {failure}")
    outside.fail(failure)


def assert_discreet(outside: Outside, texts: Sequence[str]) -> None:
    """Assert that texts hold no secret and no part of anybody's data."""
    found = indiscreet(texts, outside.secrets)
    assert not found, f"a text holds {found}"
