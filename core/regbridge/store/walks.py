"""Ways through the ledger's registrations by the time of their arrival, each along an index."""

from __future__ import annotations

import heapq
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, func, select, tuple_

from regbridge.store.tables import receipts, registrations

Key = tuple[int, ...]
Step = tuple[Key, int]
"""Where a walk is, and the number of the row there."""

Where = tuple[ColumnElement[bool], ...]

_FIRST_READ = 64
_LONGEST_READ = 4096


@dataclass(frozen=True, slots=True)
class Start:
    """From where a walk goes on (not with that row itself), and whether to newer rows."""

    key: Key | None = None
    up: bool = False


TOP = Start()
"""The newest of all."""

BOTTOM = Start(up=True)
"""The oldest of all."""


def along(
    connection: Connection, numbers: ColumnElement[int], pieces: Sequence[Where], start: Start
) -> Iterator[Step]:
    """Yield the rows of some pieces of an index (see `strips`) by their numbers."""
    walks = [_along(connection, numbers, where, start) for where in pieces]
    return heapq.merge(*walks, reverse=not start.up)


def by_arrival(
    connection: Connection, since: int | None, until: int | None, start: Start
) -> Iterator[Step]:
    """Yield the registrations of a time by when they were received.

    A key is the time, the number of the receipt and the position there.
    """
    size = _FIRST_READ
    while True:
        rows = _rest_of_receipt(connection, start, size) if start.key else []
        if len(rows) < size:
            rows += _next_receipts(connection, since, until, start, size - len(rows))
        for row in rows:
            yield (row.received_at, row.receipt_id, row.position), row.id
        if len(rows) < size:
            return
        last = rows[-1]
        start = Start((last.received_at, last.receipt_id, last.position), start.up)
        size = min(size * 4, _LONGEST_READ)


def strips(
    connection: Connection,
    columns: Sequence[ColumnElement[str]],
    given: Mapping[str, str],
    where: Where = (),
) -> Iterator[Where]:
    """Yield the values of an index of these columns, as conditions; only those with what is given.

    Each value takes a look-up or two, however many rows have it.
    """
    if not columns:
        yield where
        return
    column, rest = columns[0], columns[1:]
    name = str(column.key)
    for value in [given[name]] if name in given else values(connection, column, where):
        yield from strips(connection, rest, given, (*where, column == value))


def values(connection: Connection, column: ColumnElement[str], where: Where = ()) -> Iterator[str]:
    """Yield the different values of a column that an index has next after those of `where`."""
    smallest = select(func.min(column)).where(*where)
    found = connection.scalar(smallest)
    while found is not None:
        yield found
        found = connection.scalar(smallest.where(column > found))


def are_few(
    connection: Connection, numbers: ColumnElement[int], pieces: Sequence[Where], limit: int
) -> bool:
    """Say whether pieces of an index have so many rows at most; no more than those are counted."""
    left = limit
    for where in pieces:
        some = select(numbers).where(*where).limit(left + 1).subquery()
        left -= connection.scalar(select(func.count()).select_from(some)) or 0
        if left < 0:
            return False
    return True


def _along(
    connection: Connection, numbers: ColumnElement[int], where: Where, start: Start
) -> Iterator[Step]:
    size = _FIRST_READ
    last = start.key[0] if start.key else None
    ordered = select(numbers).where(*where).order_by(numbers if start.up else numbers.desc())
    while True:
        rest = ordered
        if last is not None:
            rest = ordered.where(numbers > last if start.up else numbers < last)
        found = connection.scalars(rest.limit(size)).all()
        yield from (((number,), number) for number in found)
        if len(found) < size:
            return
        last = found[-1]
        size = min(size * 4, _LONGEST_READ)


def _rest_of_receipt(connection: Connection, start: Start, limit: int) -> list[Row[Any]]:
    assert start.key
    at, receipt, position = start.key
    columns = registrations.c
    rest = _arrived().where(receipts.c.received_at == at, columns.receipt_id == receipt)
    if start.up:
        rest = rest.where(columns.position > position).order_by(columns.position)
    else:
        rest = rest.where(columns.position < position).order_by(columns.position.desc())
    return list(connection.execute(rest.limit(limit)).all())


def _next_receipts(
    connection: Connection, since: int | None, until: int | None, start: Start, limit: int
) -> list[Row[Any]]:
    time = receipts.c.received_at
    chosen = _arrived()
    if since is not None:
        chosen = chosen.where(time >= since)
    if until is not None:
        chosen = chosen.where(time < until)
    if start.key:
        place, last = tuple_(time, receipts.c.id), tuple_(*start.key[:2])
        # The first condition says the same about the time alone, as an index can take it.
        chosen = (
            chosen.where(time >= start.key[0], place > last)
            if start.up
            else chosen.where(time <= start.key[0], place < last)
        )
    order = (time, receipts.c.id, registrations.c.position)
    chosen = chosen.order_by(*(order if start.up else (each.desc() for each in order)))
    return list(connection.execute(chosen.limit(limit)).all())


def _arrived() -> Any:
    columns = (registrations.c.receipt_id, registrations.c.position, registrations.c.id)
    return select(receipts.c.received_at, *columns).join(
        receipts, receipts.c.id == registrations.c.receipt_id
    )
