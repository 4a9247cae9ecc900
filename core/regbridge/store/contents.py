"""What a ledger holds, by which a copy is compared with it and told from others."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection, Table, func, select

from regbridge.store.tables import deliveries, receipts, registrations
from regbridge.store.upgrades import found_revision


@dataclass(frozen=True, slots=True)
class Contents:
    """The revision of the tables, the numbers of rows, and when the newest message came (ms)."""

    revision: str
    messages: int
    registrations: int
    deliveries: int
    newest: int | None


def contents_of(connection: Connection) -> Contents | None:
    """Return what a ledger of any version holds; None where there is none."""
    revision = found_revision(connection)
    if revision is None:
        return None
    return Contents(
        revision,
        messages=_count(connection, receipts),
        registrations=_count(connection, registrations),
        deliveries=_count(connection, deliveries),
        newest=connection.scalar(select(func.max(receipts.c.received_at))),
    )


def _count(connection: Connection, table: Table) -> int:
    return connection.scalar(select(func.count()).select_from(table)) or 0
