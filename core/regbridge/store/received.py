"""One receipt, for people: the message as it arrived, what became of its records."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, func, select

from regbridge.store.tables import history, receipts, registrations


def find_receipt(connection: Connection, number: int) -> Any | None:
    """Return a receipt, or None."""
    return connection.execute(select(receipts).where(receipts.c.id == number)).one_or_none()


def states_of(connection: Connection, number: int) -> Sequence[Any]:
    """Return rows (state, reason, count) of a receipt's registrations."""
    columns = (registrations.c.state, registrations.c.reason)
    return connection.execute(
        select(*columns, func.count().label("count"))
        .where(registrations.c.receipt_id == number)
        .group_by(*columns)
        .order_by(*columns)
    ).all()


def receipt_history(connection: Connection, number: int) -> Sequence[Any]:
    """Return what happened out of the ordinary to a receipt, in order."""
    return connection.execute(
        select(history).where(history.c.receipt_id == number).order_by(history.c.at, history.c.id)
    ).all()
