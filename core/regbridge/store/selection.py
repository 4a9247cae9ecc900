"""Which registrations a list of the console shows."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.sql import Select

from regbridge.store.search import is_named
from regbridge.store.tables import State, deliveries, receipts, registrations


@dataclass(frozen=True, slots=True)
class Selection:
    """What a list shows; an empty field means any.

    `search` names somebody as `regbridge show` takes it, `reason` is a part of a reason. With a
    `target`, states and reasons are those of the deliveries there. `events` are eventStubs in
    lower case. What was received at `since` (in ms) or later is meant, and before `until`.
    """

    search: str = ""
    client: str = ""
    target: str = ""
    state: State | None = None
    reason: str = ""
    events: Collection[str] = ()
    since: int | None = None
    until: int | None = None

    @property
    def has_window(self) -> bool:
        """Whether the time of arrival matters."""
        return self.since is not None or self.until is not None

    def rows(self) -> Select[Any]:
        """Return the query of what a list shows, of all the registrations that are meant."""
        stands = deliveries.c if self.target else registrations.c
        columns = registrations.c
        chosen = select(
            columns.id,
            columns.client,
            columns.name,
            columns.confirmation,
            columns.kind,
            columns.event_stub,
            stands.state,
            stands.reason,
            stands.field,
            receipts.c.received_at,
        ).join(receipts, receipts.c.id == columns.receipt_id)
        if self.target:
            chosen = chosen.join(deliveries, deliveries.c.registration_id == columns.id).where(
                deliveries.c.target == self.target
            )
        return chosen.where(*self._conditions(stands.state, stands.reason))

    def _conditions(
        self, state: ColumnElement[str], reason: ColumnElement[str]
    ) -> list[ColumnElement[bool]]:
        where: list[ColumnElement[bool]] = [is_named(self.search)] if self.search else []
        if self.client:
            where.append(_aside(registrations.c.client) == self.client)
        if self.state:
            where.append(_aside(state) == self.state)
        if self.reason:
            where.append(func.lower(reason).contains(self.reason.lower(), autoescape=True))
        if self.events:
            where.append(_aside(registrations.c.event_stub).in_(self.events))
        if self.since is not None:
            where.append(_aside(receipts.c.received_at) >= self.since)
        if self.until is not None:
            where.append(_aside(receipts.c.received_at) < self.until)
        return where


def _aside(column: ColumnElement[Any]) -> ColumnElement[Any]:
    """Return a column in a form that no index has.

    The rows are found by their numbers already. A database that does not know how many have a state
    would rather go through all of that state.
    """
    return func.coalesce(column, column, type_=column.type)
