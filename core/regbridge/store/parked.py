"""What is parked, by its causes: found by indexes, whatever else the ledger holds."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, func, select, union

from regbridge.store.sql import among
from regbridge.store.tables import State, history, receipt_parts, receipts, registrations
from regbridge.store.walks import values

MOST = 200
"""So many causes and so many receipts are listed."""


@dataclass(frozen=True, slots=True)
class Cause:
    """Registrations of a client that are parked for one reason. `newest_at` is in ms."""

    client: str
    reason: str
    field: str
    count: int
    newest_at: int | None
    newest: int

    @property
    def key(self) -> str:
        """What names this cause among those of its client, whatever characters it has."""
        return _key(self.reason, self.field)


def causes(connection: Connection) -> tuple[list[Cause], int]:
    """Return why registrations are parked, what most are parked for first; and their number.

    At most `MOST` causes are returned; the number is of all.
    """
    found: list[Cause] = []
    total = 0
    for client in values(connection, registrations.c.client):
        total += connection.scalar(select(func.count()).where(*_parked(client))) or 0
        found += _causes(connection, client)
    return sorted(found, key=lambda cause: (-cause.count, cause.client, cause.reason))[:MOST], total


def parked_for(connection: Connection, client: str, key: str) -> list[int]:
    """Return the registrations of a client that are parked for the cause with this key."""
    columns = registrations.c.id, registrations.c.reason, registrations.c.field
    rows = connection.execute(select(*columns).where(*_parked(client)))
    return [row.id for row in rows if _key(row.reason, row.field) == key]


def unread_receipts(connection: Connection) -> Sequence[Any]:
    """Return the newest receipts that nobody could read, with their size and no body.

    No index has the parked ones, but two have those that may be: a body that could not be read has
    a digest, and one that could not be split has a history.
    """
    may_be = union(
        select(receipts.c.id).where(receipts.c.digest > ""),
        select(history.c.receipt_id).where(history.c.receipt_id > 0),
    )
    ids = connection.scalars(may_be).all()
    size = (
        select(func.sum(func.length(receipt_parts.c.body)))
        .where(receipt_parts.c.receipt_id == receipts.c.id)
        .scalar_subquery()
    )
    names = ("id", "client", "endpoint", "received_at", "arrivals", "reason")
    columns = [receipts.c[name] for name in names]
    statement = (
        select(*columns, size.label("size"))
        .where(among(receipts.c.id, ids), receipts.c.state == State.PARKED)
        .order_by(receipts.c.id.desc())
        .limit(MOST)
    )
    return connection.execute(statement).all()


def _causes(connection: Connection, client: str) -> Iterator[Cause]:
    columns = registrations.c.reason, registrations.c.field
    statement = (
        select(
            *columns,
            func.count().label("number"),
            func.max(registrations.c.settled_at).label("newest_at"),
            func.max(registrations.c.id).label("newest"),
        )
        .where(*_parked(client))
        .group_by(*columns)
        .order_by(func.count().desc(), *columns)
        .limit(MOST)
    )
    for row in connection.execute(statement):
        yield Cause(client, row.reason, row.field, row.number, row.newest_at, row.newest)


def _parked(client: str) -> tuple[Any, Any]:
    return registrations.c.client == client, registrations.c.state == State.PARKED


def _key(reason: str, field: str) -> str:
    return hashlib.sha256(f"{len(reason)} {reason}{field}".encode()).hexdigest()[:32]
