"""The progress of the large messages."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import falcon

from regbridge.store.messages import Meant, Messages, Outcome, outcomes_of, page_of_messages
from regbridge.store.overview import ARRIVED_WELL
from regbridge.store.tables import State
from regbridge.web.console.desk import Desk, Page, place
from regbridge.web.console.kept import Kept
from regbridge.web.console.messages import number_of
from regbridge.web.console.visitor import Visitor

LARGE = 101
"""So many records make a message a sync."""

LIMIT = 10
_DAYS = 30
_DAY = 86_400_000


@dataclass(frozen=True, slots=True)
class Sync:
    """A large message, and how far it is.

    `ended_at` (ms) is when its last record was settled, `expected_at` when that will be if all
    goes on at the pace so far; None while nothing was settled.
    """

    row: Any
    delivered: int
    waiting: int
    parked: int
    others: int
    ended_at: int | None
    expected_at: int | None

    @property
    def settled(self) -> int:
        """How many of its records need no more work."""
        return int(self.row.record_count) - self.waiting


class Syncs(Page):
    """The large messages of the last days, the newest first."""

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        self._kept: Kept[tuple[int, list[Sync], Messages]] = Kept()

    def look(
        self, req: falcon.Request, resp: falcon.Response, visitor: Visitor, **_places: Any
    ) -> None:
        """Show a page of them."""
        before = number_of(req.get_param("before"))
        counted_at, syncs, page = self._kept.get(before, lambda: self._count(before))
        self.desk.show(
            req,
            resp,
            "syncs",
            visitor,
            title="Syncs",
            syncs=syncs,
            counted_at=counted_at,
            page=page,
            days=_DAYS,
            least=LARGE - 1,
            here=place("/syncs", **({"before": before} if before else {})),
            before=before,
            older=place("/syncs", before=page.older) if page.older else "",
        )

    def _count(self, before: int) -> tuple[int, list[Sync], Messages]:
        now = self.desk.clock()
        page, outcomes = self.desk.store.read(lambda c: _read(c, now, before))
        syncs = [progress(row, outcomes.get(row.id, Outcome()), now) for row in page.rows]
        return now, syncs, page


def progress(row: Any, outcome: Outcome, now: int) -> Sync:
    """Return how far a message is, by its receipt and what became of its records."""
    states = outcome.states
    delivered = sum(states.get(state, 0) for state in ARRIVED_WELL)
    # What is not taken apart yet waits too; a message that is set aside has nothing that waits.
    unsplit = row.record_count - row.split_count if row.state == State.PENDING else 0
    waiting = states.get(State.PENDING, 0) + unsplit
    parked = states.get(State.PARKED, 0)
    settled = sum(states.values()) - states.get(State.PENDING, 0)
    expected = None
    if waiting and settled:
        expected = now + (now - row.received_at) * waiting // settled
    return Sync(
        row,
        delivered,
        waiting,
        parked,
        settled - delivered - parked,
        None if waiting else outcome.settled_at or None,
        expected,
    )


def _read(connection: Any, now: int, before: int) -> tuple[Messages, Mapping[int, Outcome]]:
    meant = Meant(records=LARGE, since=now - _DAYS * _DAY)
    page = page_of_messages(connection, meant, before, LIMIT)
    return page, outcomes_of(connection, [row.id for row in page.rows])
