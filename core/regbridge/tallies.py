"""What is counted in the background for all who watch: how everything stands, what waits."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from regbridge.store import overview
from regbridge.store.overview import Count
from regbridge.store.tables import State

REASONS = 10


@dataclass(frozen=True, slots=True)
class Standing:
    """How everything stands: the counts by state, and what is parked and why."""

    states: Sequence[Count]
    reasons: Sequence[tuple[str, str, int]]


@dataclass(frozen=True, slots=True)
class Waiting:
    """What waits: since when (ms) the oldest of each client, and how many records are unsplit.

    Clients of whom nothing waits are left out.
    """

    since: Mapping[str, int]
    unsplit: int

    @property
    def oldest(self) -> int | None:
        """Since when the oldest of all waits, None when nothing does."""
        return min(self.since.values(), default=None)


def take_standing(connection: Any, now: int) -> Standing:  # noqa: ARG001
    """Count how everything stands."""
    states = overview.count_all(connection)
    parked = [each.client for each in states if (each.target, each.state) == ("", State.PARKED)]
    return Standing(states, overview.parked_reasons(connection, parked, REASONS))


def take_waiting(connection: Any, now: int) -> Waiting:  # noqa: ARG001
    """Find what waits longest."""
    return Waiting(overview.oldest_pending(connection), overview.count_unsplit(connection))
