"""The ledger in memory: complete, alone, shared by threads, gone at the end."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from sqlalchemy import Connection, func, select
from sqlmodel import SQLModel

from regbridge.errors import StoreUnavailableError
from regbridge.store.pauses import is_worker_paused, pause_worker
from regbridge.store.tables import limiter_blocks
from regbridge.store.upgrades import require_current
from regbridge.testing.ledger import MemoryStore, memory_ledger


def put(connection: Connection, key: str) -> None:
    row = {"key": key, "until": 1, "reason": ""}
    connection.execute(limiter_blocks.insert().values(row))


def count(connection: Connection) -> int:
    return connection.scalar(select(func.count()).select_from(limiter_blocks)) or 0


def test_it_has_all_tables_of_this_version(memory_ledger: MemoryStore) -> None:
    require_current(memory_ledger)
    names = {table.name for table in SQLModel.metadata.sorted_tables}
    found = memory_ledger.read(
        lambda c: c.exec_driver_sql("SELECT name FROM sqlite_master WHERE type = 'table'").all()
    )
    assert names <= {name for (name,) in found}


def test_each_is_a_ledger_of_its_own() -> None:
    with memory_ledger() as one, memory_ledger() as other:
        one.write(lambda c: pause_worker(c, "a test", 1))
        assert one.read(is_worker_paused)
        assert not other.read(is_worker_paused)


def test_what_fails_in_the_middle_leaves_nothing(memory_ledger: MemoryStore) -> None:
    def fail(connection: Connection) -> None:
        put(connection, "one")
        raise LookupError

    with pytest.raises(LookupError):
        memory_ledger.write(fail)
    assert memory_ledger.read(count) == 0


def test_what_is_written_is_seen_by_others_only_when_it_is_committed(
    memory_ledger: MemoryStore,
) -> None:
    written, asked = threading.Event(), threading.Event()

    def slowly(connection: Connection) -> None:
        put(connection, "one")
        written.set()
        assert asked.wait(10)
        put(connection, "two")

    def read() -> int:
        assert written.wait(10)
        asked.set()
        return memory_ledger.read(count)

    with ThreadPoolExecutor(2) as pool:
        writing, reading = pool.submit(memory_ledger.write, slowly), pool.submit(read)
        writing.result(30)
        assert reading.result(30) in (0, 2)


def test_threads_that_read_and_write_at_once_lose_nothing(memory_ledger: MemoryStore) -> None:
    def work(number: int) -> int:
        memory_ledger.write(lambda c: put(c, f"block {number}"))
        memory_ledger.write_hastily(lambda c: put(c, f"hasty block {number}"))
        return memory_ledger.read(count)

    with ThreadPoolExecutor(4) as pool:
        seen = list(pool.map(work, range(40)))
    assert memory_ledger.read(count) == 80
    assert all(found >= 2 for found in seen)


def test_nothing_of_it_is_left(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with memory_ledger() as ledger:
        ledger.write(lambda c: put(c, "one"))
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(StoreUnavailableError):
        ledger.read(count)


def test_the_tables_are_held_as_a_file_holds_them(memory_ledger: MemoryStore) -> None:
    pragmas = {
        name: memory_ledger.read(lambda c, n=name: c.exec_driver_sql(f"PRAGMA {n}").scalar())  # type: ignore[misc]
        for name in ("foreign_keys", "integrity_check", "journal_mode")
    }
    assert pragmas == {"foreign_keys": 1, "integrity_check": "ok", "journal_mode": "memory"}
