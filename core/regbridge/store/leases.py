"""Leases: a claimed row belongs to one worker until it is settled or the time is up."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Collection
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

from sqlalchemy import Connection, Table, select, update

from regbridge.store.sql import among

Row = TypeVar("Row")

Leasable = Table
"""Receipts, registrations or deliveries."""

BULK_SHARE = 4
"""One in so many places of a batch is kept for syncs, so that single messages never starve them."""


@dataclass(frozen=True, slots=True)
class Lease:
    """One claim: `until` is when it runs out, in ms. Its token tells it from every other."""

    now: int
    until: int
    token: str = field(default_factory=lambda: str(uuid.uuid4()))

    def at(self, now: int) -> Lease:
        """Return the same lease at a later moment, to settle what it claimed."""
        return replace(self, now=now)


def take(
    connection: Connection, table: Table, ids: Collection[int], lease: Lease, **values: Any
) -> None:
    """Write a lease on rows that the caller selected for update in the same transaction.

    `values` are written with it.
    """
    _write(connection, table, ids, None, lease.token, lease.until, **values)


def by_share(due: Callable[[bool, int], list[Row]], limit: int, turn: int) -> list[Row]:
    """Return what is due, single messages before syncs, with the syncs' share kept for them.

    `due` returns so many rows of syncs, or of all others. A batch too small to be shared goes to
    syncs at every fourth `turn`.
    """
    reserved = limit // BULK_SHARE or int(turn % BULK_SHARE == 0)
    bulk = due(True, reserved)
    single = due(False, limit - len(bulk))
    if len(bulk) == reserved:
        bulk = due(True, limit - len(single))
    return single + bulk


def renew(
    connection: Connection, table: Table, ids: Collection[int], token: str, until: int
) -> None:
    """Move the end of a lease that is still held."""
    _write(connection, table, ids, token, token, until)


def release(
    connection: Connection, table: Table, ids: Collection[int], token: str, now: int
) -> None:
    """Give rows back untouched, for anybody to claim at once."""
    _write(connection, table, ids, token, None, now)


def held(connection: Connection, table: Table, ids: Collection[int], token: str) -> set[int]:
    """Return the rows that still belong to a lease, locked until the transaction ends."""
    statement = select(table.c.id).where(among(table.c.id, ids), table.c.lease == token)
    return set(connection.scalars(statement.with_for_update()).all())


def _write(
    connection: Connection,
    table: Table,
    ids: Collection[int],
    holder: str | None,
    token: str | None,
    due_at: int,
    **values: Any,
) -> None:
    if not ids:
        return
    statement = update(table).where(among(table.c.id, ids))
    if holder is not None:
        statement = statement.where(table.c.lease == holder)
    connection.execute(statement.values(lease=token, due_at=due_at, **values))
