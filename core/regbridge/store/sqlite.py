"""SQLite: the embedded database, in one file."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any, TypeVar

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DBAPIError

from regbridge.errors import ConfigError

Result = TypeVar("Result")

_BUSY = "busy_timeout=30000"


def open_engines(url: str) -> tuple[Engine, Engine]:
    """Return an engine that reads and one that writes, over one connection.

    Raises `ConfigError` when the database is in memory, its folder cannot be made, or Python's
    SQLite lacks what the statements need.
    """
    _make_folder(make_url(url).database or "")
    return connect_engines(url)


def connect_engines(url: str) -> tuple[Engine, Engine]:
    """As `open_engines`, for a database that needs no folder."""
    _require_json()
    reader = create_engine(url, hide_parameters=True)
    _set_up(reader, "BEGIN", cache_kb=2048)
    writer = create_engine(url, pool_size=1, max_overflow=0, hide_parameters=True)
    # A write begins with the write lock, so that what it reads first cannot change meanwhile.
    _set_up(writer, "BEGIN IMMEDIATE", cache_kb=16384)
    return reader, writer


def transact_hastily(engine: Engine, work: Callable[[Connection], Result]) -> Result:
    """Run `work` in one transaction whose commit does not wait for the disk."""
    with engine.connect() as connection:
        driver: Any = connection.connection.dbapi_connection
        driver.execute("PRAGMA synchronous=NORMAL")
        try:
            with connection.begin():
                return work(connection)
        finally:
            driver.execute("PRAGMA synchronous=FULL")


def truncate_log(engine: Engine) -> None:
    """Move the write-ahead log into the database file, and empty it if nobody reads it."""
    connection = engine.raw_connection()
    cursor = connection.cursor()
    try:
        # Waiting for who reads, as a backup does for a while, would keep all others from writing.
        cursor.execute("PRAGMA busy_timeout=0")
        cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    finally:
        cursor.execute(f"PRAGMA {_BUSY}")
        connection.close()


def quick_check(connection: Connection) -> str:
    """Return what is wrong with a database, "" for nothing; its indexes are not compared."""
    found = connection.exec_driver_sql("PRAGMA quick_check(1)").scalar()
    return "" if found == "ok" else str(found)


def damage(error: DBAPIError, file: Path) -> str:
    """Return what to tell about a file that is no database any more; "" for any other error."""
    code = getattr(error.orig, "sqlite_errorcode", 0) & 0xFF  # the rest says where it was found
    if code not in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB):
        return ""
    return (
        f"the ledger {file} is damaged ({error.orig}); stop regbridge and `regbridge restore` a "
        f"backup, or move the file away with {file.name}-wal and {file.name}-shm and let a new one "
        "be made; keep the damaged one, sqlite3's .recover may still read it"
    )


def _require_json() -> None:
    with closing(sqlite3.connect(":memory:")) as connection:
        try:
            connection.execute("SELECT value FROM json_each('[]')")
        except sqlite3.OperationalError as error:
            message = f"Python's SQLite {sqlite3.sqlite_version} has no JSON functions"
            raise ConfigError.of(message, "use a Python whose SQLite is 3.38 or newer") from error


def _make_folder(file: str) -> None:
    if file in ("", ":memory:"):
        raise ConfigError.of("host.database is in memory, so nothing would be kept", "name a file")
    try:
        Path(file).parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        message = f"the folder of the database {file} cannot be made: {error.strerror}"
        raise ConfigError.of(message, "name another file in host.database") from error


def _set_up(engine: Engine, begin: str, cache_kb: int) -> None:
    """Make every transaction start with `begin`."""
    pragmas = (
        "journal_mode=WAL",
        "synchronous=FULL",
        "foreign_keys=ON",
        _BUSY,
        f"cache_size=-{cache_kb}",
        "journal_size_limit=67108864",
        "wal_autocheckpoint=16384",
    )

    def connect(connection: Any, _record: Any) -> None:
        connection.isolation_level = None  # the driver must not begin transactions by itself
        for pragma in pragmas:
            connection.execute(f"PRAGMA {pragma}")

    event.listen(engine, "connect", connect)
    event.listen(engine, "begin", lambda connection: connection.exec_driver_sql(begin))
