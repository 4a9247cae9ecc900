"""What a person does to the ledger: retry what is parked."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy import ColumnElement, Connection, Table, select, update

from regbridge.store.history import remember_all
from regbridge.store.sql import among
from regbridge.store.tables import State, deliveries, receipts, registrations


@dataclass(frozen=True, slots=True)
class Choice:
    """Which parked things are meant; an empty field means any."""

    client: str = ""
    target: str = ""
    ids: Collection[int] = ()
    receipts: Collection[int] = ()


def retry_registrations(connection: Connection, choice: Choice, now: int) -> int:
    """Prepare parked registrations again, with today's configuration; return their number.

    What was delivered to one target stays delivered while another target's record is retried.
    """
    where = [registrations.c.state == State.PARKED]
    if choice.client:
        where.append(registrations.c.client == choice.client)
    if choice.ids:
        where.append(among(registrations.c.id, choice.ids))
    if choice.target:
        where.append(
            registrations.c.id.in_(
                select(deliveries.c.registration_id).where(
                    deliveries.c.target == choice.target, deliveries.c.state == State.PARKED
                )
            )
        )
    return _retry(connection, registrations, where, now)


def retry_receipts(connection: Connection, choice: Choice, now: int) -> int:
    """Read parked receipts again; return their number."""
    where = [receipts.c.state == State.PARKED]
    if choice.client:
        where.append(receipts.c.client == choice.client)
    if choice.receipts:
        where.append(among(receipts.c.id, choice.receipts))
    return _retry(connection, receipts, where, now)


def _retry(connection: Connection, table: Table, where: list[ColumnElement[bool]], now: int) -> int:
    chosen = connection.execute(select(table.c.id, table.c.client).where(*where)).all()
    connection.execute(
        update(table).where(*where).values(state=State.PENDING, due_at=now, lease=None, attempts=0)
    )
    about = "receipt_id" if table is receipts else "registration_id"
    remember_all(
        connection,
        [
            {"at": now, "client": row.client, "happening": "retried", "text": "", about: row.id}
            for row in chosen
        ],
    )
    return len(chosen)
