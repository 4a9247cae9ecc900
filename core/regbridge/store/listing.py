"""Pages of the console's list of registrations, which never take long, however many there are."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

from sqlalchemy import Connection, Row, select

from regbridge.store.search import candidates
from regbridge.store.selection import Selection
from regbridge.store.sql import among
from regbridge.store.tables import deliveries, receipts, registrations
from regbridge.store.walks import (
    TOP,
    Key,
    Start,
    Step,
    Where,
    along,
    are_few,
    by_arrival,
    strips,
    values,
)

LOOKED_AT = 20_000
"""So many registrations are looked at for one page, whether they are meant or not."""

_LONGEST_READ = 4096
_BY_STATE = (registrations.c.client, registrations.c.state, registrations.c.endpoint)
_BY_TARGET = (deliveries.c.client, deliveries.c.target, deliveries.c.state)


@dataclass(frozen=True, slots=True)
class Listed:
    """One page in the order of the list, with the keys of its first and its last row.

    `more` says that more follow in the direction that was asked for. `looked_to` is where looking
    stopped because it took long, `looked_to_time` when what lies there was received.
    """

    rows: Sequence[Row[Any]] = ()
    first: Key | None = None
    last: Key | None = None
    more: bool = False
    looked_to: Key | None = None
    looked_to_time: int | None = None


def list_page(
    connection: Connection,
    selection: Selection,
    start: Start = TOP,
    limit: int = 50,
    look_at: int = LOOKED_AT,
    first: Start = TOP,
) -> Listed:
    """Return the next registrations of a selection from a start on, in the order from `first` on.

    Each has id, client, name, confirmation, kind, event_stub, state, reason, field, received_at.
    """
    way = _Way(connection, selection, start, look_at)
    found: list[tuple[Key, Row[Any]]] = []
    looked, size = 0, limit + 1
    last: Step | None = None
    while len(found) <= limit and looked < look_at:
        if not (chunk := list(islice(way.steps, min(size, look_at - looked)))):
            last = None
            break
        found += way.rows_of(chunk)
        looked, size, last = looked + len(chunk), min(size * 4, _LONGEST_READ), chunk[-1]
    more = len(found) > limit
    stopped = last if not more and next(way.steps, None) else None
    shown = found[:limit][:: 1 if start.up == first.up else -1]
    return Listed(
        rows=[row for _, row in shown],
        first=shown[0][0] if shown else None,
        last=shown[-1][0] if shown else None,
        more=more,
        looked_to=stopped[0] if stopped else None,
        looked_to_time=way.time_of(stopped[1]) if stopped else None,
    )


def known_names(connection: Connection) -> tuple[set[str], set[str]]:
    """Return the clients and the targets that the ledger knows, configured or not."""
    clients = set(values(connection, registrations.c.client))
    targets: set[str] = set()
    for client in values(connection, deliveries.c.client):
        targets.update(values(connection, deliveries.c.target, (deliveries.c.client == client,)))
    return clients, targets


class _Way:
    """The way through the ledger that is the shortest for a selection."""

    def __init__(
        self, connection: Connection, selection: Selection, start: Start, look_at: int
    ) -> None:
        self._connection = connection
        self._selection = selection
        self._numbers = registrations.c.id
        self.steps = self._choose(start, look_at)

    def rows_of(self, steps: Sequence[Step]) -> list[tuple[Key, Row[Any]]]:
        """Return the rows at some steps that are meant, in the order of the steps."""
        chosen = self._selection.rows().add_columns(self._numbers.label("step"))
        chosen = chosen.where(among(self._numbers, [number for _, number in steps]))
        rows = {row.step: row for row in self._connection.execute(chosen)}
        return [(key, rows[number]) for key, number in steps if number in rows]

    def time_of(self, number: int) -> int | None:
        """Return when the registration at a step was received."""
        time = select(receipts.c.received_at).join(
            registrations, registrations.c.receipt_id == receipts.c.id
        )
        if self._numbers is not registrations.c.id:
            time = time.join(deliveries, deliveries.c.registration_id == registrations.c.id)
        return self._connection.scalar(time.where(self._numbers == number))

    def _choose(self, start: Start, look_at: int) -> Iterator[Step]:
        chosen, connection = self._selection, self._connection
        if chosen.search:
            after = start.key[0] if start.key else None
            found = candidates(connection, chosen.search, after, up=start.up)
            return (((number,), number) for number in found)
        numbers, pieces = self._pieces()
        if self._goes_by_arrival(start, numbers, pieces, look_at):
            return by_arrival(connection, chosen.since, chosen.until, start)
        self._numbers = numbers
        return along(connection, numbers, pieces, start)

    def _pieces(self) -> tuple[Any, list[Where]]:
        chosen = self._selection
        given = {"client": chosen.client, "target": chosen.target, "state": chosen.state or ""}
        given = {name: value for name, value in given.items() if value}
        if chosen.target:
            return deliveries.c.id, list(strips(self._connection, _BY_TARGET, given))
        if given:
            return registrations.c.id, list(strips(self._connection, _BY_STATE, given))
        return registrations.c.id, [()]

    def _goes_by_arrival(
        self, start: Start, numbers: Any, pieces: Sequence[Where], look_at: int
    ) -> bool:
        """Say whether to look along a time rather than a state; all pages go one way."""
        if start.key:
            return len(start.key) == 3
        return self._selection.has_window and not are_few(
            self._connection, numbers, pieces, look_at
        )
