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
from alembic.util import CommandError
from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from tenacity import Retrying, retry_if_exception, stop_after_attempt, wait_random_exponential

from regbridge.errors import ConfigError, StoreUnavailableError
from regbridge.models import Finding, Level

Result = TypeVar("Result")

_MIGRATIONS = Path(__file__).with_name("migrations")
_TRANSIENT = ("database is locked", "deadlock detected", "could not serialize")


class Store:
    """The ledger's database. Safe to share between threads.

    SQLite has one writer at a time, so all writes of this process share one connection, whose
    cache no other connection makes stale. Its own waiting sleeps in growing steps; a lock wakes
    at once.
    """

    def __init__(self, url: str) -> None:
        self.engine = _open(url)
        self.embedded = self.engine.dialect.name == "sqlite"
        self.writer = self.engine
        self._turn: AbstractContextManager[object] = nullcontext()
        if self.embedded:
            _set_up_sqlite(self.engine, "BEGIN", cache_kb=2048)
            self.writer = create_engine(url, pool_size=1, max_overflow=0)
            _set_up_sqlite(self.writer, "BEGIN IMMEDIATE", cache_kb=16384)
            self._turn = threading.Lock()

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
            result: Result = retrying(_transact, self.writer, work)
        return result

    def upgrade(self, revision: str = "head") -> None:
        """Bring the tables to this version, or to a revision; a new database gets all of them.

        Raises `ConfigError` when the database is from a newer version.
        """
        config = _alembic()

        def run(connection: Connection) -> None:
            config.attributes["connection"] = connection
            command.upgrade(config, revision)

        try:
            self.write(run)
        except CommandError as error:
            message = "the database was made by a newer version of regbridge"
            raise _refusal(message, "install that version, or a newer one") from error

    def require_current(self) -> None:
        """Raise `ConfigError` when the tables are not those of this version."""
        head = ScriptDirectory.from_config(_alembic()).get_current_head()
        found = self.read(lambda c: MigrationContext.configure(c).get_current_revision())
        if found != head:
            message = f"the database is at revision {found or 'none'}, this version needs {head}"
            raise _refusal(message, "run `regbridge upgrade`")

    def ping(self) -> None:
        """Raise `StoreUnavailableError` when the database does not answer."""
        self.read(lambda connection: connection.exec_driver_sql("SELECT 1"))

    def close(self) -> None:
        """Close every connection."""
        self.engine.dispose()
        self.writer.dispose()


def _alembic() -> Config:
    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS).replace("%", "%%"))
    return config


def _open(url: str) -> Engine:
    try:
        engine = create_engine(url, pool_pre_ping=not url.startswith("sqlite"))
    except (ArgumentError, NoSuchModuleError, ImportError) as error:
        message = f"host.database cannot be opened: {type(error).__name__}"
        raise _refusal(message, "write a URL such as sqlite:///regbridge.db") from error
    if engine.dialect.name == "sqlite":
        _make_folder(engine.url.database or "")
    return engine


def _make_folder(file: str) -> None:
    if file in ("", ":memory:"):
        raise _refusal("host.database is in memory, so nothing would be kept", "name a file")
    try:
        Path(file).parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        message = f"the folder of the database {file} cannot be made: {error.strerror}"
        raise _refusal(message, "name another file in host.database") from error


def _refusal(message: str, remedy: str) -> ConfigError:
    return ConfigError([Finding(Level.ERROR, message, remedy=remedy)])


def _set_up_sqlite(engine: Engine, begin: str, cache_kb: int) -> None:
    """Make every transaction start with `begin`.

    A write begins with the write lock, so that what it reads first cannot change before it writes.
    """
    pragmas = (
        "journal_mode=WAL",
        "synchronous=FULL",
        "foreign_keys=ON",
        "busy_timeout=30000",
        f"cache_size=-{cache_kb}",
        "journal_size_limit=67108864",
        "cache_spill=OFF",
        "wal_autocheckpoint=16384",
    )

    def connect(connection: Any, _record: Any) -> None:
        connection.isolation_level = None  # the driver must not begin transactions by itself
        for pragma in pragmas:
            connection.execute(f"PRAGMA {pragma}")

    event.listen(engine, "connect", connect)
    event.listen(engine, "begin", lambda connection: connection.exec_driver_sql(begin))


def _transact(engine: Engine, work: Callable[[Connection], Result]) -> Result:
    try:
        with engine.begin() as connection:
            return work(connection)
    except DBAPIError as error:
        # The first line alone: what PostgreSQL says after it may quote the row.
        cause = str(error.orig).partition("\n")[0]
        raise StoreUnavailableError(f"the ledger cannot be used: {cause}") from error
    except PoolTimeoutError as error:
        raise StoreUnavailableError("the ledger has no free connection") from error


def _is_transient(error: BaseException) -> bool:
    return isinstance(error, StoreUnavailableError) and any(
        text in str(error) for text in _TRANSIENT
    )
