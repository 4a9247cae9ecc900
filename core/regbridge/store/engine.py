"""Opens the ledger's database and runs its transactions."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any, TypeVar

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError
from tenacity import Retrying, retry_if_exception, stop_after_attempt, wait_random_exponential

from regbridge.errors import ConfigError, StoreUnavailableError
from regbridge.models import Finding, Level

Result = TypeVar("Result")

_MIGRATIONS = Path(__file__).with_name("migrations")
_TRANSIENT = ("database is locked", "deadlock detected", "could not serialize")


class Store:
    """The ledger's database. Safe to share between threads."""

    def __init__(self, url: str) -> None:
        self.engine = _open(url)
        self.embedded = self.engine.dialect.name == "sqlite"
        self._writer = self.engine.execution_options(regbridge_writes=True)
        # SQLite has one writer. Its own waiting sleeps in growing steps; a lock wakes at once.
        self._turn: AbstractContextManager[object] = (
            threading.Lock() if self.embedded else nullcontext()
        )

    def read(self, work: Callable[[Connection], Result]) -> Result:
        """Run `work` in a transaction that only reads, and return what it returns."""
        return _transact(self.engine, work)

    def write(self, work: Callable[[Connection], Result]) -> Result:
        """Run `work` in one transaction, again when another writer was in its way.

        When this returns, the commit is on disk. Raises `StoreUnavailableError` when it is not.
        """
        retrying = Retrying(
            retry=retry_if_exception(_is_transient),
            stop=stop_after_attempt(5),
            wait=wait_random_exponential(multiplier=0.05, max=1),
            reraise=True,
        )
        with self._turn:
            result: Result = retrying(_transact, self._writer, work)
        return result

    def upgrade(self) -> None:
        """Bring the tables to this version; a new database gets all of them."""
        config = _alembic()

        def run(connection: Connection) -> None:
            config.attributes["connection"] = connection
            command.upgrade(config, "head")

        self.write(run)

    def require_current(self) -> None:
        """Raise `ConfigError` when the tables are not those of this version."""
        head = ScriptDirectory.from_config(_alembic()).get_current_head()
        found = self.read(lambda c: MigrationContext.configure(c).get_current_revision())
        if found != head:
            message = f"the database is at revision {found or 'none'}, this version needs {head}"
            finding = Finding(Level.ERROR, message, remedy="run `regbridge upgrade`")
            raise ConfigError([finding])

    def ping(self) -> None:
        """Raise `StoreUnavailableError` when the database does not answer."""
        self.read(lambda connection: connection.exec_driver_sql("SELECT 1"))

    def close(self) -> None:
        """Close every connection."""
        self.engine.dispose()


def _alembic() -> Config:
    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS).replace("%", "%%"))
    return config


def _open(url: str) -> Engine:
    try:
        engine = create_engine(url, pool_pre_ping=not url.startswith("sqlite"))
    except (ArgumentError, NoSuchModuleError, ImportError) as error:
        finding = Finding(
            Level.ERROR,
            f"host.database cannot be opened: {type(error).__name__}",
            remedy="write a URL such as sqlite:///regbridge.db",
        )
        raise ConfigError([finding]) from error
    if engine.dialect.name == "sqlite":
        Path(engine.url.database or ".").parent.mkdir(parents=True, exist_ok=True)
        event.listen(engine, "connect", _set_up_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
    return engine


def _set_up_sqlite(connection: Any, _record: Any) -> None:
    # The driver must not open transactions by itself: a write begins with the write lock, so that
    # what it reads first cannot change before it writes.
    connection.isolation_level = None
    for pragma in (
        "journal_mode=WAL",
        "synchronous=FULL",
        "foreign_keys=ON",
        "busy_timeout=30000",
        "cache_size=-4096",
        "journal_size_limit=67108864",
    ):
        connection.execute(f"PRAGMA {pragma}")


def _begin_sqlite(connection: Connection) -> None:
    writes = connection.get_execution_options().get("regbridge_writes")
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def _transact(engine: Engine, work: Callable[[Connection], Result]) -> Result:
    try:
        with engine.begin() as connection:
            return work(connection)
    except DBAPIError as error:
        raise StoreUnavailableError(f"the ledger cannot be used: {error.orig}") from error


def _is_transient(error: BaseException) -> bool:
    return isinstance(error, StoreUnavailableError) and any(
        text in str(error) for text in _TRANSIENT
    )
