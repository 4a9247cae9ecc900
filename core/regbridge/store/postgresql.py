"""PostgreSQL: the database that several hosts share."""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Callable
from typing import Any, TypeVar

from sqlalchemy import Connection, Engine, create_engine, event, text
from sqlalchemy.exc import DBAPIError, NoSuchModuleError

from regbridge.config.schema import PostgresqlConfig
from regbridge.errors import ConfigError
from regbridge.store.trouble import Trouble, trouble_of

Result = TypeVar("Result")

PROGRAM = "regbridge"
"""With what the name of every connection begins, as `pg_stat_activity` shows it."""

_SET_UP = """
SELECT set_config('application_name', %s, false),
  set_config('statement_timeout', %s, false), set_config('lock_timeout', %s, false),
  set_config('idle_in_transaction_session_timeout', %s, false),
  set_config('synchronous_commit',
    CASE current_setting('synchronous_commit') WHEN 'off' THEN 'on'
    ELSE current_setting('synchronous_commit') END, false)
"""
_XID = "SELECT pg_current_xact_id_if_assigned()::text"
_STATUS = text("SELECT pg_xact_status(CAST(:xid AS xid8))")
_ASK_SECONDS = 60.0
_PAUSE_SECONDS = 0.2


class LostCommitError(Exception):
    """The connection was lost during a commit, and the server does not come back to say more."""


def open_engine(url: str, settings: PostgresqlConfig, revision: str) -> Engine:
    """Return the engine of a process that was made for a revision of the tables.

    Raises `ConfigError` when the driver is not installed.
    """
    try:
        engine = create_engine(
            url,
            pool_size=settings.pool_size,
            max_overflow=0,
            hide_parameters=True,
            pool_timeout=settings.pool_timeout_seconds,
            connect_args=connect_arguments(settings),
        )
    except (ImportError, NoSuchModuleError) as error:
        message = "host.database is a PostgreSQL server, and its driver is not installed"
        remedy = 'install it with pip install "regbridge[postgresql]"'
        raise ConfigError.of(message, remedy) from error
    _set_up(engine, settings, revision)
    return engine


def connect_arguments(settings: PostgresqlConfig) -> dict[str, Any]:
    """Return libpq's settings: a server that falls silent is noticed in about half a minute."""
    return {
        "connect_timeout": settings.connect_timeout_seconds,
        "keepalives_idle": 10,
        "keepalives_interval": 5,
        "keepalives_count": 3,
        "tcp_user_timeout": 30_000,
    }


def transact(engine: Engine, work: Callable[[Connection], Result]) -> Result:
    """Run `work` in one transaction, and return what it returns once that is committed.

    A connection that is lost during the commit leaves open whether it was committed. The server
    knows: its transaction's id is asked for before, and what became of it after. An error that
    comes out means that nothing was committed.
    """
    with engine.connect() as connection:
        transaction = connection.begin()
        result = work(connection)
        xid = _transaction_id(connection)
        try:
            transaction.commit()
        except DBAPIError as error:
            if xid is None or trouble_of(error) is not Trouble.LOST:
                raise
            connection.invalidate()
            if not _was_committed(engine, xid):
                raise
    return result


def transact_hastily(engine: Engine, work: Callable[[Connection], Result]) -> Result:
    """Run `work` in one transaction whose commit does not wait for the disk."""
    with engine.begin() as connection:
        connection.exec_driver_sql("SET LOCAL synchronous_commit = off")
        return work(connection)


def _transaction_id(connection: Connection) -> str | None:
    """Return the id of the transaction, None if it has written nothing; by the shortest way."""
    driver: Any = connection.connection.dbapi_connection
    row = driver.execute(_XID).fetchone()
    found: str | None = row[0] if row else None
    return found


def _was_committed(engine: Engine, xid: str) -> bool:
    """Ask until the server knows; raises `LostCommitError` when it does not for a minute."""
    deadline = time.monotonic() + _ASK_SECONDS
    while time.monotonic() < deadline:
        try:
            with engine.begin() as connection:
                status = connection.scalar(_STATUS, {"xid": xid})
        except DBAPIError as error:
            if "in the future" in str(error.orig):  # it never came to the server that took over
                return False
        else:
            if status != "in progress":
                return bool(status == "committed")
        time.sleep(_PAUSE_SECONDS)
    raise LostCommitError("the connection was lost during a commit, which may have been done")


def _set_up(engine: Engine, settings: PostgresqlConfig, revision: str) -> None:
    """Set what must hold for every connection, and must outlive a rollback."""
    statement, lock = settings.statement_timeout_seconds, settings.lock_timeout_seconds
    name = f"{PROGRAM} {revision} {socket.gethostname()}:{os.getpid()}"[:63]
    milliseconds = [str(round(seconds * 1000)) for seconds in (statement, lock, statement)]

    def connect(connection: Any, _record: Any) -> None:
        with connection.cursor() as cursor:
            cursor.execute(_SET_UP, (name, *milliseconds))
        connection.commit()

    event.listen(engine, "connect", connect)
