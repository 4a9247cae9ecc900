"""One registration for people: with all revisions of its registrant, and the one before."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, select, tuple_

from regbridge.store.report import deliveries_of, history_of
from regbridge.store.rows import ORDER, whole_registrations
from regbridge.store.sealed import opened
from regbridge.store.tables import (
    State,
    corrections,
    receipts,
    registration_payloads,
    registrations,
)

MOST = 100
"""So many revisions of one registrant are told, the newest."""


@dataclass(frozen=True, slots=True)
class Told:
    """What the ledger has about a registration (a whole row).

    `revisions` are those of its registrant in their order, `has_older` says that some are left
    out. `before` is the revision before it of which there still is a record (a whole row).
    """

    row: Any
    revisions: Sequence[Any]
    has_older: bool
    deliveries: Sequence[Any]
    happenings: Sequence[Any]
    corrections: Sequence[Any]
    before: Any | None


def tell(connection: Connection, number: int) -> Told | None:
    """Return what there is about a registration, or None."""
    row = find_whole(connection, number)
    if row is None:
        return None
    newest = _revisions(connection, row)
    shown = newest[:MOST]
    if all(each.id != number for each in shown):
        shown.append(row)
    ids = [each.id for each in shown]
    return Told(
        row=row,
        revisions=shown[::-1],
        has_older=len(newest) > MOST,
        deliveries=deliveries_of(connection, ids),
        happenings=history_of(connection, ids),
        corrections=_corrections(connection, number),
        before=_before(connection, row),
    )


def find_whole(connection: Connection, number: int) -> Any | None:
    """Return a whole registration by its number, or None."""
    chosen = whole_registrations().where(registrations.c.id == number)
    return opened(connection, chosen, registration_payloads.c.payload).one_or_none()


def _revisions(connection: Connection, row: Any) -> list[Any]:
    """Return the newest revisions without their payloads, the newest first."""
    if row.registrant_id is None:
        return [row]
    statement = (
        select(
            registrations,
            receipts.c.event_type,
            receipts.c.message_time_text,
            receipts.c.received_at,
            receipts.c.kind.label("receipt_kind"),
        )
        .join(receipts, receipts.c.id == registrations.c.receipt_id)
        .where(registrations.c.registrant_id == row.registrant_id)
        .order_by(*(column.desc() for column in ORDER))
        .limit(MOST + 1)
    )
    return list(connection.execute(statement))


def _before(connection: Connection, row: Any) -> Any | None:
    """Return the revision before, which is no duplicate and whose record is still there."""
    if row.registrant_id is None:
        return None
    older = tuple_(*ORDER) < tuple_(row.ordered_at, row.receipt_id, row.position)
    statement = whole_registrations().where(
        registrations.c.registrant_id == row.registrant_id,
        registrations.c.purged_at.is_(None),
        registrations.c.state != State.DUPLICATE,
        older,
    )
    ordered = statement.order_by(*(column.desc() for column in ORDER)).limit(1)
    return opened(connection, ordered, registration_payloads.c.payload).one_or_none()


def _corrections(connection: Connection, number: int) -> Sequence[Any]:
    chosen = select(corrections).where(corrections.c.registration_id == number)
    return opened(connection, chosen.order_by(corrections.c.id), corrections.c.value).all()
