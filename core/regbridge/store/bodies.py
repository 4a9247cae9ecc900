"""The messages as they came, in parts: a large one is never in memory twice."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from io import BytesIO
from typing import Any

from sqlalchemy import Connection, select

from regbridge.store.bulk import insert_rows
from regbridge.store.sealed import is_damaged, opened
from regbridge.store.sql import among
from regbridge.store.tables import receipt_parts

PART_BYTES = 1_000_000

_STATEMENT_BYTES = 4 * PART_BYTES
"""What one statement takes along, more or less."""


def store_bodies(connection: Connection, bodies: Iterable[tuple[int, bytes]]) -> None:
    """Insert messages by their receipts' ids; one that is there already is left alone."""
    rows: list[dict[str, Any]] = []
    size = 0
    for row in _parts(bodies):
        rows.append(row)
        size += len(row["body"])
        if size >= _STATEMENT_BYTES:
            insert_rows(connection, receipt_parts, rows, if_new=True)
            rows, size = [], 0
    insert_rows(connection, receipt_parts, rows, if_new=True)


def read_bodies(connection: Connection, receipts: Collection[int]) -> dict[int, bytes]:
    """Return messages by their receipts' ids; of one that is damaged, the part that is."""
    statement = (
        select(receipt_parts)
        .where(among(receipt_parts.c.receipt_id, receipts))
        .order_by(receipt_parts.c.receipt_id, receipt_parts.c.part)
        .execution_options(stream_results=True, max_row_buffer=4)
    )
    bodies: dict[int, BytesIO] = {}
    damaged: dict[int, bytes] = {}
    for row in opened(connection, statement, receipt_parts.c.body):
        bodies.setdefault(row.receipt_id, BytesIO()).write(row.body)
        if is_damaged(row.body):
            damaged[row.receipt_id] = row.body
    # The value of a BytesIO that nobody else has is its own buffer, not a copy.
    return {receipt: bodies.pop(receipt).getvalue() for receipt in list(bodies)} | damaged


def _parts(bodies: Iterable[tuple[int, bytes]]) -> Iterator[dict[str, Any]]:
    for receipt, body in bodies:
        view = memoryview(body)
        for part, start in enumerate(range(0, max(len(body), 1), PART_BYTES)):
            chunk = view[start : start + PART_BYTES]
            yield {"receipt_id": receipt, "part": part, "body": chunk}
