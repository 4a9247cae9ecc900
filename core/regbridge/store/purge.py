"""Personal data of old registrations is removed; what they were and how they ended stays."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy import ColumnElement, Connection, bindparam, delete, exists, func, select, update

from regbridge.store.proof_tables import differences, passes
from regbridge.store.search import NAMING, forget_terms
from regbridge.store.sql import among
from regbridge.store.tables import (
    State,
    corrections,
    deliveries,
    receipt_parts,
    receipts,
    registration_payloads,
    registrations,
)

ENDED = (
    State.DELIVERED,
    State.UNCHANGED,
    State.SUPERSEDED,
    State.FILTERED,
    State.DUPLICATE,
)
"""What nobody has to look at any more."""

BATCH = 1_000
"""Rows that one transaction purges: others write meanwhile."""

BLANK = {"name": "", "search_name": "", "email": "", "confirmation": ""}
"""What a registration says about a person, once that is removed."""


@dataclass(frozen=True, slots=True)
class Old:
    """What is to be purged: what arrived before a time (ms) and ended in one of some states."""

    before: int
    states: Collection[State] = ENDED
    client: str = ""

    def of_registrations(self) -> list[ColumnElement[bool]]:
        """Return the conditions of these registrations that still have their data."""
        arrived = select(receipts.c.id).where(receipts.c.received_at < self.before)
        where: list[ColumnElement[bool]] = [
            registrations.c.purged_at.is_(None),
            registrations.c.state.in_(self.states),
            registrations.c.receipt_id.in_(arrived),
        ]
        return where + ([registrations.c.client == self.client] if self.client else [])

    def of_receipts(self) -> list[ColumnElement[bool]]:
        """Return the conditions of receipts with nothing in them that is still kept."""
        kept = exists().where(
            registrations.c.receipt_id == receipts.c.id, registrations.c.purged_at.is_(None)
        )
        has_body = exists().where(receipt_parts.c.receipt_id == receipts.c.id)
        states = {State.SPLIT, State.FILTERED, *({State.PARKED} & set(self.states))}
        where: list[ColumnElement[bool]] = [
            receipts.c.received_at < self.before,
            receipts.c.state.in_(states),
            ~kept,
            has_body,
        ]
        return where + ([receipts.c.client == self.client] if self.client else [])


def count_old(connection: Connection, old: Old) -> dict[str, int]:
    """Return how many registrations of each state are to be purged."""
    statement = select(registrations.c.state, func.count()).where(*old.of_registrations())
    found = connection.execute(statement.group_by(registrations.c.state))
    return {row[0]: row[1] for row in found}


def purge_registrations(connection: Connection, old: Old, above: int, now: int) -> int:
    """Purge a batch of the registrations above a number; return the last one's, 0 for none."""
    statement = (
        select(registrations.c.id)
        .where(registrations.c.id > above, *old.of_registrations())
        .order_by(registrations.c.id)
        .limit(BATCH)
    )
    ids = connection.scalars(statement.with_for_update()).all()
    strip(connection, ids, now)
    return ids[-1] if ids else 0


def purge_receipts(connection: Connection, old: Old, above: int) -> tuple[int, int]:
    """Delete the messages of a batch of the receipts above a number.

    Returns how many there were, and the last one's number.
    """
    statement = (
        select(receipts.c.id)
        .where(receipts.c.id > above, *old.of_receipts())
        .order_by(receipts.c.id)
        .limit(BATCH)
    )
    ids = connection.scalars(statement).all()
    connection.execute(delete(receipt_parts).where(among(receipt_parts.c.receipt_id, ids)))
    return len(ids), ids[-1] if ids else 0


def purge_differences(connection: Connection, old: Old) -> None:
    """Delete what passes found so long ago; what still differs is found again."""
    where = [differences.c.found_at < old.before]
    if old.client:
        of_client = select(passes.c.id).where(passes.c.client == old.client)
        where.append(differences.c.pass_id.in_(of_client))
    connection.execute(delete(differences).where(*where))


def strip(connection: Connection, ids: Collection[int], now: int) -> None:
    """Remove what registrations say about people: names, addresses, answers, records, corrections.

    Their states, reasons, times, ids, and the digests by which an equal record is known, stay.
    """
    chosen = among(registrations.c.id, ids)
    places = connection.execute(
        select(registrations.c.receipt_id, registrations.c.position).where(chosen)
    )
    own = [{"of": row.receipt_id, "at": row.position} for row in places]
    if own:
        payload = delete(registration_payloads).where(
            registration_payloads.c.receipt_id == bindparam("of"),
            registration_payloads.c.position == bindparam("at"),
        )
        connection.execute(payload, own)
    forget_terms(connection, ids, BLANK.keys() & NAMING)
    connection.execute(update(registrations).where(chosen).values(**BLANK, purged_at=now))
    about = among(deliveries.c.registration_id, ids)
    connection.execute(update(deliveries).where(about).values(record=""))
    about = among(corrections.c.registration_id, ids)
    connection.execute(update(corrections).where(about).values(value=""))
