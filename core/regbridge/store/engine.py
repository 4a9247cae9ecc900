"""Opens the ledger's database and runs its transactions."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from sqlalchemy import Connection, Engine
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from tenacity import RetryCallState, Retrying, wait_random_exponential

from regbridge.config.encryption import EncryptionConfig, key_bytes
from regbridge.config.schema import PostgresqlConfig
from regbridge.errors import ConfigError, StoreUnavailableError
from regbridge.store import postgresql, sqlite
from regbridge.store.migrations import MIGRATIONS, revisions
from regbridge.store.sealed import OPTION
from regbridge.store.trouble import Trouble, trouble_of

if TYPE_CHECKING:
    from regbridge.store.sealing import Sealing

Result = TypeVar("Result")
Work = Callable[[Connection], Result]

_CONFLICTS = 8
"""So often a transaction is tried in all when other transactions are in its way."""


class Store:
    """The ledger's database. Safe to share between threads.

    SQLite has one writer at a time, so all writes of this process share one connection, whose
    cache no other connection makes stale. Its own waiting sleeps in growing steps; a lock wakes
    at once.
    """

    def __init__(
        self,
        url: str,
        settings: PostgresqlConfig | None = None,
        migrations: Path = MIGRATIONS,
        encryption: EncryptionConfig | None = None,
    ) -> None:
        """Open nothing yet; `migrations` makes the tables that this version works with.

        With `encryption`, what people wrote is sealed on its way into the database.

        Raises `ConfigError` for a database that is neither SQLite nor PostgreSQL.
        """
        self.url = _url(url)
        self.migrations = migrations
        self._encryption = encryption
        self.embedded = self.url.startswith("sqlite")
        self.file = Path(make_url(self.url).database or "") if self.embedded else None
        self._turn: AbstractContextManager[object] = nullcontext()
        self._patience = 0.0
        if self.embedded:
            self.engine, self.writer = self._open_embedded()
            self._turn = threading.Lock()
        else:
            settings = settings or PostgresqlConfig()
            self.engine = self.writer = postgresql.open_engine(
                self.url, settings, revisions(migrations)[-1].number
            )
            self._patience = settings.retry_seconds
        self.sealing = _sealing(encryption) if encryption else None
        if self.sealing:
            for engine in {self.engine, self.writer}:
                engine.update_execution_options(**{OPTION: self.sealing})

    def elsewhere(self, url: str) -> Store:
        """Open another database with the same keys and the same tables."""
        return Store(url, migrations=self.migrations, encryption=self._encryption)

    def read(self, work: Work[Result], patience: float | None = None) -> Result:
        """Run `work` in a transaction that only reads, and return what it returns.

        `patience` is for how many seconds a lost connection is made anew, as the settings say when
        left out. Raises `StoreUnavailableError`.
        """
        patience = self._patience if patience is None else patience
        return self._retrying(patience, partial(_transact, self.engine, work))

    def write(self, work: Work[Result]) -> Result:
        """Run `work` in one transaction, again when another one was in its way.

        When this returns, the commit is on disk. Raises `StoreUnavailableError` when it is not.
        A connection to PostgreSQL that is lost is made anew for a while; one that was lost during
        the commit is no reason to do the work twice (see `postgresql.transact`).
        """
        transact = _transact if self.embedded else postgresql.transact
        with self._turn:
            return self._retrying(self._patience, partial(transact, self.writer, work))

    def write_hastily(self, work: Work[Result]) -> Result:
        """As `write`, but without waiting for the disk: a power cut may undo it.

        For what nobody misses, such as the places of limiters, and what may be done twice.
        """
        transact = sqlite.transact_hastily if self.embedded else postgresql.transact_hastily
        with self._turn:
            return self._retrying(self._patience, partial(transact, self.writer, work))

    def overwrite_deleted(self) -> None:
        """Overwrite what is deleted from now on; at PostgreSQL its VACUUM does that."""
        if self.embedded:
            self.write(lambda connection: connection.exec_driver_sql("PRAGMA secure_delete=ON"))

    def truncate_log(self) -> None:
        """Write SQLite's log into the file and empty it, as far as others do not read it."""
        if self.embedded:
            sqlite.truncate_log(self.writer)

    def ping(self) -> None:
        """Raise `StoreUnavailableError` when the database does not answer at once."""
        self.read(lambda connection: connection.exec_driver_sql("SELECT 1"), patience=0)

    def close(self) -> None:
        """Close every connection."""
        self.engine.dispose()
        self.writer.dispose()

    def _open_embedded(self) -> tuple[Engine, Engine]:
        return sqlite.open_engines(self.url)

    def _retrying(self, patience: float, run: Callable[[], Result]) -> Result:
        retrying = Retrying(
            retry=lambda state: self._may_pass(state, time.monotonic() - begun, patience),
            wait=wait_random_exponential(multiplier=0.05, max=1),
            reraise=True,
        )
        begun = time.monotonic()
        try:
            result: Result = retrying(run)
        except DBAPIError as error:
            # The first line alone: what PostgreSQL says after it may quote the row.
            cause = str(error.orig).partition("\n")[0]
            lasts = trouble_of(error) is Trouble.ERROR and not isinstance(error, OperationalError)
            damage = sqlite.damage(error, self.file) if self.file else ""
            text = damage or f"the ledger cannot be used: {cause}"
            raise StoreUnavailableError(text, lasts=lasts) from error
        except postgresql.LostCommitError as error:
            raise StoreUnavailableError(str(error)) from error
        except PoolTimeoutError as error:
            raise StoreUnavailableError("the ledger has no free connection") from error
        return result

    def _may_pass(self, state: RetryCallState, waited: float, patience: float) -> bool:
        """Say whether another try may help, and make that one possible."""
        error = state.outcome.exception() if state.outcome else None
        match trouble_of(error) if isinstance(error, DBAPIError) else Trouble.ERROR:
            case Trouble.CONFLICT:
                return state.attempt_number < _CONFLICTS
            case Trouble.LOST:
                self.engine.dispose()  # all connections lead to the same server
                return waited < patience
        return False


def _sealing(config: EncryptionConfig) -> Sealing:
    """Return the keys; what encrypts is loaded only if there are some."""
    from regbridge.store.sealing import Sealing

    return Sealing([key_bytes(key) for key in config.keys], writes=config.writes)


def _url(url: str) -> str:
    try:
        driver = make_url(url).drivername
    except (ArgumentError, ValueError):
        raise ConfigError.of(
            "host.database is no URL", "write one, as sqlite:///regbridge.db"
        ) from None
    if driver not in ("sqlite", "sqlite+pysqlite", "postgresql+psycopg"):
        raise ConfigError.of(
            f"host.database begins with {driver}://, which is not supported",
            "write sqlite:///FILE or postgresql+psycopg://USER@HOST/DATABASE",
        )
    return url


def _transact(engine: Engine, work: Work[Result]) -> Result:
    with engine.begin() as connection:
        return work(connection)
