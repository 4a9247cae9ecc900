"""The ledger in memory: the same tables, statements and transactions, and nothing that is kept."""

from __future__ import annotations

import sqlite3
import uuid
from contextlib import closing
from functools import cache

from sqlalchemy import Engine

from regbridge.store import sqlite
from regbridge.store.engine import Store
from regbridge.store.upgrades import upgrade


class MemoryStore(Store):
    """A ledger of this process that is gone once it is closed. Safe to share between threads.

    SQLite's `memdb` gives one database to all connections that name it, with the locks of a file;
    a cache that connections share would lock whole tables, at once and without waiting. There is
    no write-ahead log: who reads waits for who writes. What it forgets needs no disk, so what
    `write_hastily` does is as certain as any other write.
    """

    def __init__(self) -> None:
        """Make an empty database without tables; see `open_memory_store`."""
        name = f"file:/regbridge-{uuid.uuid4().hex}?vfs=memdb"
        # The database lives as long as anybody is connected to it.
        self.kept = sqlite3.connect(name, uri=True, check_same_thread=False)
        super().__init__(f"sqlite:///{name}&uri=true")
        self.file = None

    def close(self) -> None:
        """Close every connection, and forget everything."""
        super().close()
        self.kept.close()

    def __enter__(self) -> MemoryStore:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _open_embedded(self) -> tuple[Engine, Engine]:
        return sqlite.connect_engines(self.url)


def open_memory_store() -> MemoryStore:
    """Return an empty ledger in memory with all its tables."""
    store = MemoryStore()
    with closing(sqlite3.connect(":memory:")) as tables:
        tables.deserialize(_tables())
        tables.backup(store.kept)
    return store


@cache
def _tables() -> bytes:
    """Return an empty ledger, which is copied more quickly than it is made."""
    with MemoryStore() as store:
        upgrade(store)
        return store.kept.serialize()
