"""Copies a ledger in a file while others write into it, and looks through a copy."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import IO, Any, TypeVar
from urllib.parse import quote

from sqlalchemy import Connection, NullPool, create_engine, text
from sqlalchemy.exc import DatabaseError

from regbridge.errors import ConfigError, StoreUnavailableError
from regbridge.store.contents import Contents, contents_of
from regbridge.store.engine import Store

Result = TypeVar("Result")

MAGIC = b"SQLite format 3\0"

_INTEGRITY = text("PRAGMA integrity_check(1)")

_PAGES = 1000
"""So many pages are copied at a time, which is about 4 MB."""

_FLUSHED_EVERY = 4
"""After so many times the disk has to have them: all at the end would hold up every commit."""


def copy_ledger(store: Store, to: Path) -> Contents | None:
    """Copy all that a ledger holds at one moment into a file that is there and empty.

    Returns what that is; None, and copies nothing, where there is no ledger. The ledger is read in
    one transaction: SQLite begins a copy anew whenever another connection has written, and would
    never come to its end while messages arrive. Raises `StoreUnavailableError`.
    """

    def work(connection: Connection) -> Contents | None:
        held = contents_of(connection)
        if held is not None:
            source: Any = connection.connection.dbapi_connection
            _copy(source, to)
        return held

    try:
        return store.read(work)
    except sqlite3.Error as error:
        raise StoreUnavailableError(f"the ledger cannot be copied to {to}: {error}") from error


def copy_backup(backup: Path, to: Path) -> None:
    """Copy a backup, or any other file of SQLite's, into a file that is there and empty.

    Raises `ConfigError` when it cannot be read, `StoreUnavailableError` when the disk refuses.
    """
    try:
        with closing(sqlite3.connect(_untouched(backup), uri=True)) as source:
            _copy(source, to)
    except sqlite3.OperationalError as error:
        raise StoreUnavailableError(f"{backup} cannot be copied to {to}: {error}") from error
    except sqlite3.Error as error:
        raise _damaged(backup, str(error)) from error


def look_at(file: Path, work: Callable[[Connection], Result]) -> Result | None:
    """Return what `work` finds in a database, of which nothing is changed.

    None when it cannot be read, or lacks what `work` looks for.
    """
    try:
        return _look_at(file, work)
    except DatabaseError:
        return None


def look_through(copy: Path, named: Path | None = None) -> Contents:
    """Return what a copy of a ledger holds, once all of it was read.

    Raises `ConfigError` when it is damaged, or no ledger; `named` is what that calls it.
    """
    named = named or copy
    try:
        found, held = _look_at(copy, lambda c: (c.scalar(_INTEGRITY), contents_of(c)))
    except DatabaseError as error:
        raise _damaged(named, str(error.orig)) from error
    if found != "ok":
        raise _damaged(named, str(found))
    if held is None:
        raise ConfigError.of(
            f"{named} holds no ledger of regbridge", "name a file that `regbridge backup` wrote"
        )
    return held


def settle(copy: Path) -> None:
    """Make one file of a database and its log."""
    with closing(sqlite3.connect(copy)) as connection:
        connection.execute("PRAGMA journal_mode=DELETE")


def _look_at(file: Path, work: Callable[[Connection], Result]) -> Result:
    engine = create_engine(
        "sqlite://",
        creator=lambda: sqlite3.connect(_untouched(file), uri=True),
        poolclass=NullPool,
    )
    with engine.connect() as connection:
        return work(connection)


def _untouched(file: Path) -> str:
    """Return the URI that opens a file for reading alone.

    Without a log beside it nobody writes into it, and it may lie where nothing can be written.
    """
    is_alone = not file.with_name(f"{file.name}-wal").exists()
    mode = "mode=ro&immutable=1" if is_alone else "mode=ro"
    return f"file:{quote(file.absolute().as_posix())}?{mode}"


def _copy(source: sqlite3.Connection, to: Path) -> None:
    with closing(sqlite3.connect(to, isolation_level=None)) as target, to.open("r+b") as file:
        # A copy that is cut off is thrown away: it needs neither a journal nor waits.
        for pragma in ("journal_mode=OFF", "synchronous=OFF", "cache_size=-8192"):
            target.execute(f"PRAGMA {pragma}")
        source.backup(target, pages=_PAGES, progress=_flushing(file))
        os.fsync(file.fileno())
    settle(to)


def _flushing(file: IO[bytes]) -> Callable[[int, int, int], None]:
    steps = 0

    def progress(_status: int, _remaining: int, _total: int) -> None:
        nonlocal steps
        steps += 1
        if steps % _FLUSHED_EVERY == 0:
            os.fsync(file.fileno())

    return progress


def _damaged(file: Path, why: str) -> ConfigError:
    return ConfigError.of(f"{file} is damaged, or no database: {why}", "use a backup of before")
