"""Which registrations or receipts a person means."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy import ColumnElement, func, select

from regbridge.store.sql import among
from regbridge.store.tables import State, deliveries, receipts, registrations


@dataclass(frozen=True, slots=True)
class Choice:
    """What is meant; an empty field means any.

    `reason` is a part of it, whatever the case. With a `target`, states and reasons are those of
    the deliveries there. `events` are eventStubs in lower case, `ids` and `receipts` numbers.
    """

    client: str = ""
    target: str = ""
    ids: Collection[int] = ()
    receipts: Collection[int] = ()
    states: Collection[State] = (State.PARKED,)
    reason: str = ""
    events: Collection[str] = ()

    def of_registrations(self) -> list[ColumnElement[bool]]:
        """Return the conditions of the registrations that are meant."""
        columns = registrations.c
        where: list[ColumnElement[bool]] = []
        if self.target:
            where.append(columns.id.in_(select(deliveries.c.registration_id).where(*self._there())))
        else:
            where.append(columns.state.in_(self.states))
            where += _says(columns.reason, self.reason)
        if self.client:
            where.append(columns.client == self.client)
        if self.ids:
            where.append(among(columns.id, self.ids))
        if self.events:
            where.append(among(columns.event_stub, self.events))
        return where

    def of_deliveries(self) -> list[ColumnElement[bool]]:
        """Return the conditions of the deliveries that are meant."""
        chosen = select(registrations.c.id).where(*self.of_registrations())
        where: list[ColumnElement[bool]] = [
            deliveries.c.registration_id.in_(chosen),
            deliveries.c.state.in_(self.states),
        ]
        return where + (self._there() if self.target else [])

    def of_receipts(self) -> list[ColumnElement[bool]]:
        """Return the conditions of the receipts that are meant."""
        where: list[ColumnElement[bool]] = [receipts.c.state.in_(self.states)]
        if self.client:
            where.append(receipts.c.client == self.client)
        if self.receipts:
            where.append(among(receipts.c.id, self.receipts))
        return where + _says(receipts.c.reason, self.reason)

    def _there(self) -> list[ColumnElement[bool]]:
        where: list[ColumnElement[bool]] = [
            deliveries.c.target == self.target,
            deliveries.c.state.in_(self.states),
        ]
        if self.client:
            where.append(deliveries.c.client == self.client)
        return where + _says(deliveries.c.reason, self.reason)


def _says(column: ColumnElement[str], reason: str) -> list[ColumnElement[bool]]:
    return [func.lower(column).contains(reason.lower(), autoescape=True)] if reason else []
