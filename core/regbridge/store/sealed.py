"""Where values pass between the code and the database: sealed on one side, plain on the other."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from operator import itemgetter
from typing import TYPE_CHECKING, Any

import structlog
from sqlalchemy import Column, Connection, Result, Select, Table, select
from sqlalchemy.engine import IteratorResult
from sqlalchemy.engine.result import SimpleResultMetaData

from regbridge.errors import StoreUnavailableError
from regbridge.store.key_tables import encryption_keys

if TYPE_CHECKING:
    from regbridge.store.sealing import Sealing

OPTION = "regbridge_sealing"
"""The execution option by which a connection brings its keys along; none without encryption."""

TEXT_MARK = "sealed:"
BYTES_MARK = b"\xffsealed:"
"""How sealed values begin. No JSON begins so, and no byte of UTF-8 is 255."""

DAMAGED = (
    "what the ledger kept of it cannot be decrypted: it was damaged, or stood in another row; the "
    "log names the value"
)
"""The reason of what is parked for that."""

log = structlog.get_logger()


class UnknownKeyError(Exception):
    """A value is sealed by a key that is not among those that are given."""


def sealing_of(connection: Connection) -> Sealing | None:
    """Return the keys of a connection, None without encryption."""
    found: Sealing | None = connection.get_execution_options().get(OPTION)
    return found


def sealed(
    connection: Connection, table: Table, rows: Sequence[Mapping[str, Any]]
) -> Sequence[Mapping[str, Any]]:
    """Return rows as they are written, which name the same columns.

    Rows that have a sealed column must name those that tell the table's rows apart.
    """
    sealing = sealing_of(connection)
    if sealing is None or not sealing.writes or not rows:
        return rows
    from regbridge.store.sealing import PLACES

    if (place := PLACES.get(table.name)) is None:
        return rows
    names = [name for name in place.columns if name in rows[0]]
    if not names:
        return rows
    _require_noted(connection, sealing)
    return sealing.sealed_rows(table.name, rows, names)


def opened(
    connection: Connection, statement: Select[Any], *columns: Column[Any] | Any
) -> Result[Any]:
    """Run a query and return its rows with the values of sealed `columns` as they were.

    It must select the columns, too, that tell the table's rows apart. A value that cannot be opened
    comes as it is (`is_damaged`). Raises `StoreUnavailableError` for one that needs another key.
    """
    found = connection.execute(statement)
    sealing = sealing_of(connection)
    return found if sealing is None else _result(connection, sealing, found, found.keys(), columns)


def opened_rows(connection: Connection, rows: list[Any], *columns: Column[Any] | Any) -> list[Any]:
    """Return rows that a query has brought as `opened` returns them."""
    sealing = sealing_of(connection)
    if sealing is None or not rows:
        return rows
    found = (row for row in rows)
    return list(_result(connection, sealing, found, rows[0]._fields, columns))


def is_damaged(value: str | bytes | None) -> bool:
    """Say whether a value that came out of `opened` is still sealed."""
    if isinstance(value, str):
        return value.startswith(TEXT_MARK)
    return value is not None and value.startswith(BYTES_MARK)


def stored_digest(connection: Connection) -> Callable[[str], str]:
    """Return how digests of records are written."""
    sealing = sealing_of(connection)
    if sealing is None or not sealing.writes:
        return str
    _require_noted(connection, sealing)
    return sealing.keyed


def comparable_digest(connection: Connection) -> Callable[[str], str]:
    """Return what digests become equal by, whether they were written with encryption or without."""
    sealing = sealing_of(connection)
    if sealing and not sealing.writes and sealing.digest_key:
        return sealing.keyed
    return stored_digest(connection)


def _require_noted(connection: Connection, sealing: Sealing) -> None:
    """Let the ledger know the first key before the first value is sealed by it."""
    if not sealing.is_noted:
        from regbridge.store.keys import note_first

        note_first(connection, sealing)


def _result(
    connection: Connection,
    sealing: Sealing,
    found: Any,
    keys: Iterable[str],
    columns: Sequence[Column[Any]],
) -> Result[Any]:
    names = list(keys)
    for column in columns:
        place = _place_of(column.table.name, column.name, names)
        found = _opened(connection, sealing, found, names.index(column.name), place)
    return IteratorResult(SimpleResultMetaData(names), found)


_Place = Callable[[Any], bytes]


def _place_of(table: str, column: str, names: Sequence[str]) -> _Place:
    from regbridge.store.sealing import PLACES, place_in

    place = place_in(table, column)
    keys = itemgetter(*(names.index(key) for key in PLACES[table].row))
    return lambda row: place(keys(row))


def _opened(
    connection: Connection, sealing: Sealing, rows: Any, at: int, place: _Place
) -> Iterator[tuple[Any, ...]]:
    """Open the values at one place of rows."""
    try:
        for row in rows:
            value = row[at]
            if value:
                value = _open(connection, sealing, value, place(row))
            yield (*row[:at], value, *row[at + 1 :])
    finally:
        rows.close()


def _open(connection: Connection, sealing: Sealing, value: Any, about: bytes) -> Any:
    try:
        return sealing.open(value, about)
    except UnknownKeyError as error:
        if _is_given_up(connection, str(error)):
            _complain(about, f"it needs the key {error}, which was given up")
    except ValueError as error:
        _complain(about, str(error))
    return value


def _complain(about: bytes, error: str) -> None:
    log.error("a value cannot be decrypted", place=about.decode().split("\x1f"), error=error)


def _is_given_up(connection: Connection, key: str) -> bool:
    """Say whether there was a key of this id; if not, the value was never sealed and only looks so.

    Raises `StoreUnavailableError` if there still is: then it is this process that lacks it.
    """
    known = select(encryption_keys.c.retired_at).where(encryption_keys.c.id == key)
    row = connection.execute(known).one_or_none()
    if row is not None and row.retired_at is None:
        raise StoreUnavailableError(
            f"the ledger has a value that is encrypted by the key {key}, which this process does "
            "not have; add it to host.encryption.keys and restart"
        )
    return row is not None
