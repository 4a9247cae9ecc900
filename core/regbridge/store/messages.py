"""The messages as the console lists them: the newest first, a page at a time."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import ColumnElement, Connection, func, select

from regbridge.store.sql import among
from regbridge.store.tables import receipt_parts, receipts, registrations

LOOKED_THROUGH = 20_000
"""So many messages one page looks through at most, however few of them are meant."""


@dataclass(frozen=True, slots=True)
class Meant:
    """Which messages are meant; an empty field means any. `records` is the least that it holds.

    `since` is a time in ms.
    """

    client: str = ""
    state: str = ""
    kind: str = ""
    event_type: str = ""
    records: int = 0
    since: int = 0


@dataclass(frozen=True, slots=True)
class Messages:
    """A page of receipts. The next one is before the number `older`, which is 0 at the end.

    `is_partial` says that the page ended because it had looked through so many.
    """

    rows: Sequence[Any]
    older: int
    is_partial: bool


@dataclass(slots=True)
class Outcome:
    """How many registrations are in each state; when the last one was settled (ms), 0 for none."""

    states: dict[str, int] = field(default_factory=dict)
    settled_at: int = 0


def page_of_messages(connection: Connection, meant: Meant, before: int, limit: int) -> Messages:
    """Return the newest messages whose number is below `before` (0 for all)."""
    top = before or (connection.scalar(select(func.max(receipts.c.id))) or 0) + 1
    lowest = _lowest(connection, meant.since)
    if lowest is None or top <= lowest:
        return Messages((), 0, is_partial=False)
    floor = max(top - LOOKED_THROUGH, lowest)
    mine = select(receipts).where(receipts.c.id >= floor, receipts.c.id < top, *_conditions(meant))
    rows = connection.execute(mine.order_by(receipts.c.id.desc()).limit(limit + 1)).all()
    if len(rows) > limit:
        return Messages(rows[:limit], rows[limit - 1].id, is_partial=False)
    return Messages(rows, floor if floor > lowest else 0, is_partial=floor > lowest)


def outcomes_of(connection: Connection, numbers: Collection[int]) -> Mapping[int, Outcome]:
    """Return what became of the records of messages; those without any are left out."""
    columns = registrations.c.receipt_id, registrations.c.state
    rows = connection.execute(
        select(*columns, func.count(), func.max(registrations.c.settled_at))
        .where(among(registrations.c.receipt_id, numbers))
        .group_by(*columns)
    )
    found: defaultdict[int, Outcome] = defaultdict(Outcome)
    for number, state, count, settled_at in rows:
        outcome = found[number]
        outcome.states[state] = count
        outcome.settled_at = max(outcome.settled_at, settled_at or 0)
    return found


def size_of(connection: Connection, number: int) -> int:
    """Return how many bytes a message has."""
    size = func.sum(func.length(receipt_parts.c.body))
    return int(connection.scalar(select(size).where(receipt_parts.c.receipt_id == number)) or 0)


def _lowest(connection: Connection, since: int) -> int | None:
    """Return the lowest number there is, or the first one since a time; None for no message."""
    if not since:
        lowest: int | None = connection.scalar(select(func.min(receipts.c.id)))
        return lowest
    first = select(receipts.c.id).where(receipts.c.received_at >= since)
    return connection.scalar(first.order_by(receipts.c.received_at, receipts.c.id).limit(1))


def _conditions(meant: Meant) -> list[ColumnElement[bool]]:
    columns = receipts.c
    where = [
        column == value
        for column, value in (
            (columns.client, meant.client),
            (columns.state, meant.state),
            (columns.kind, meant.kind),
            (columns.event_type, meant.event_type),
        )
        if value
    ]
    return where + ([columns.record_count >= meant.records] if meant.records else [])
