"""Backup and restore of a ledger in PostgreSQL, by pg_dump and pg_restore."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import Connection
from tests.postgres import new_database as new_postgresql

from regbridge.backup import Backup, write_backup
from regbridge.errors import ConfigError, StoreUnavailableError
from regbridge.restore import restore_backup
from regbridge.store import postgresql_dump
from regbridge.store.contents import contents_of
from regbridge.store.engine import Store
from regbridge.store.intake import store_receipts
from regbridge.store.tables import deliveries
from regbridge.store.upgrades import require_current, upgrade
from regbridge.testing.payloads import live, registrant, sync

if TYPE_CHECKING:
    from tests.integration.ledger.conftest import Ledger

NOW = datetime(2026, 11, 28, 21, 5, tzinfo=UTC)


@pytest.fixture(scope="module", autouse=True)
def programs() -> None:
    """PostgreSQL's programs, which the server's own machine has."""
    if shutil.which("pg_dump") is None:
        miss = pytest.fail if "REGBRIDGE_TEST_POSTGRES" in os.environ else pytest.skip
        miss("pg_dump is not installed here")


@pytest.fixture(scope="module")
def empty() -> Iterator[Store]:
    """A database without tables, which gets none."""
    with new_postgresql() as url:
        store = Store(url)
        yield store
        store.close()


@pytest.fixture(scope="module")
def filled(
    ledger_class: type[Ledger], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Ledger]:
    """A ledger in a database of its own that has received and delivered."""
    with new_postgresql() as url:
        ledger = ledger_class(tmp_path_factory.mktemp("filled"), url)
        upgrade(ledger.store)
        ledger.add_client()
        ledger.register(1, "semicolon; tab\\t, \\.")
        ledger.receive(sync(120, first=2))
        ledger.run()
        yield ledger
        ledger.close()


@pytest.fixture(scope="module")
def backup(filled: Ledger, tmp_path_factory: pytest.TempPathFactory) -> Backup:
    """A backup of that ledger."""
    done = write_backup(filled.store, tmp_path_factory.mktemp("backups"), NOW, keep=3)
    assert done is not None
    return done


def yes(*_: Any) -> bool:
    return True


def test_a_dump_is_restored_into_an_empty_database_and_goes_on(
    filled: Ledger, backup: Backup
) -> None:
    with new_postgresql() as url:
        store = Store(url)

        restored = restore_backup(store, backup.file, NOW, yes)

        assert restored is not None
        assert not restored.forgets
        assert restored.contents == backup.contents == store.read(contents_of)
        require_current(store)
        store.write(lambda c: store_receipts(c, [filled.arrival(live("A", registrant(3)))]))
        assert store.write(insert_delivery) == 121 + 10_000_000
        store.close()


def insert_delivery(connection: Connection) -> int:
    """Insert another delivery, and return its number."""
    row = {"registration_id": 1, "client": "apap", "target": "other", "created_at": 1}
    return int(connection.scalar(deliveries.insert().returning(deliveries.c.id), row) or 0)


def test_a_backup_says_what_it_holds_and_its_owner_alone_may_read_it(backup: Backup) -> None:
    assert (backup.contents.messages, backup.contents.deliveries) == (2, 121)
    assert backup.file.name == "regbridge-20261128T210500Z.dump"
    if sys.platform != "win32":
        assert backup.file.stat().st_mode & 0o777 == 0o600


def test_a_database_with_a_ledger_is_left_as_it_is(filled: Ledger, backup: Backup) -> None:
    with pytest.raises(ConfigError, match="make an empty database"):
        restore_backup(filled.store, backup.file, NOW, yes)


def test_who_says_no_gets_no_tables(backup: Backup, empty: Store) -> None:
    assert restore_backup(empty, backup.file, NOW, lambda *_: False) is None
    assert empty.read(contents_of) is None


def test_a_dump_that_is_cut_off_leaves_no_tables(
    backup: Backup, empty: Store, tmp_path: Path
) -> None:
    file = tmp_path / "cut.dump"
    file.write_bytes(backup.file.read_bytes()[:-2000])

    with pytest.raises((ConfigError, StoreUnavailableError)):
        restore_backup(empty, file, NOW, yes)
    assert empty.read(contents_of) is None


def test_an_empty_database_has_nothing_to_back_up(empty: Store, tmp_path: Path) -> None:
    assert write_backup(empty, tmp_path / "b", NOW) is None
    assert list((tmp_path / "b").iterdir()) == []


def test_programs_that_are_missing_or_older_than_the_server_are_named(
    filled: Ledger, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def version_9(*_: Any, **__: Any) -> Any:
        return subprocess.CompletedProcess((), 0, "pg_dump (PostgreSQL) 9.6.24", "")

    monkeypatch.setattr(subprocess, "run", version_9)
    with pytest.raises(ConfigError, match=r"pg_dump is of version 9, the server is \d+"):
        write_backup(filled.store, tmp_path / "b", NOW)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ConfigError, match="pg_dump is not installed"):
        write_backup(filled.store, tmp_path / "b", NOW)
    assert list((tmp_path / "b").iterdir()) == []


@pytest.mark.parametrize(
    "url",
    [
        "postgresql+psycopg://me:s%40cret@db.example.org:5433/regbridge?sslmode=verify-full",
        "postgresql+psycopg://me@db.example.org:5433/regbridge?password=s%40cret&sslmode=verify-full",
    ],
)
def test_a_password_is_in_the_environment_of_the_program_alone(url: str) -> None:
    given, environment = postgresql_dump._connection(url)
    assert given == "postgresql://me@db.example.org:5433/regbridge?sslmode=verify-full"
    assert environment == {"PGPASSWORD": "s@cret"}
