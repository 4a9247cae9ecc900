"""The migrations make exactly the tables that the code expects."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Connection, MetaData, String, insert, inspect, select
from sqlmodel import SQLModel
from tests.postgres import new_database

from regbridge.errors import ConfigError
from regbridge.store.engine import Store
from regbridge.store.migrations import MIGRATIONS, revisions
from regbridge.store.report import find_registrations
from regbridge.store.tables import receipt_parts, registration_payloads
from regbridge.store.upgrades import Upgraded, require_at_least, require_current, upgrade

MADE_UP = """
from alembic import op

revision = "{}"
down_revision = "{}"


def upgrade():
    op.execute("{}")
"""
NEXT_VERSION = (
    ("9001_pre_more", "ALTER TABLE registrations ADD COLUMN more VARCHAR"),
    ("9002_post_less", "ALTER TABLE receipts DROP COLUMN arrivals"),
)


@pytest.fixture
def own_database() -> Iterator[str]:
    """A PostgreSQL database that no other tests' hosts are connected to."""
    with new_database() as url:
        yield url


@pytest.fixture
def sqlite_url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'regbridge.db'}"


@pytest.fixture(params=["sqlite_url", "own_database"])
def store(request: pytest.FixtureRequest) -> Iterator[Store]:
    """A store without tables."""
    store = Store(request.getfixturevalue(request.param))
    yield store
    store.close()


def differences(connection: Connection) -> list[Any]:
    found: list[Any] = compare_metadata(MigrationContext.configure(connection), SQLModel.metadata)
    return found


def test_the_migrated_tables_are_those_of_the_code(store: Store) -> None:
    upgrade(store)

    assert store.read(differences) == []


def test_an_upgrade_keeps_what_an_older_version_received(store: Store, tmp_path: Path) -> None:
    with version(store, migrations(tmp_path / "older", until="0001")) as older:
        upgrade(older)
        older.write(insert_as_version_0001_did)

    upgrade(store)

    body = store.read(lambda c: c.scalar(select(receipt_parts.c.body)))
    assert bytes(body or b"") == b'{"old": 1}'
    payload = store.read(lambda c: c.scalar(select(registration_payloads.c.payload)))
    assert bytes(payload or b"") == b'{"old": 2}'
    [row] = store.read(lambda c: find_registrations(c, "old@example.org"))
    assert row.id == 1


def migrations(folder: Path, *more: tuple[str, str], until: str = "9999") -> Path:
    """Return a folder with the migrations of another version: some left out, `more` added."""
    shutil.copytree(MIGRATIONS, folder, ignore=shutil.ignore_patterns("__pycache__"))
    versions = folder / "versions"
    for path in versions.glob("[0-9]*.py"):
        if path.name[:4] > until:
            path.unlink()
    for name, statement in more:
        before = max(path.name[:4] for path in versions.glob("[0-9]*.py"))
        text = MADE_UP.format(name[:4], before, statement)
        (versions / f"{name}.py").write_text(text, encoding="utf-8")
    return folder


def insert_as_version_0001_did(connection: Connection) -> None:
    tables = MetaData()
    tables.reflect(connection)
    texts = ("client", "endpoint", "event_type", "message_stub", "message_time_text", "reason")
    receipt = dict.fromkeys(texts, "") | {"id": 1, "state": "split", "body": b'{"old": 1}'}
    numbers = ("received_at", "record_count", "split_count", "arrivals", "attempts")
    connection.execute(insert(tables.tables["receipts"]), receipt | dict.fromkeys(numbers, 1))
    registrations = tables.tables["registrations"]
    row: dict[str, object] = {
        column.name: "" if isinstance(column.type, String) else 0
        for column in registrations.columns
        if not column.nullable
    }
    row |= {"email": "old@example.org"}
    row |= {"id": 1, "receipt_id": 1, "position": 0, "payload": b'{"old": 2}'}
    row |= {"is_guest": False, "bulk": False, "admitted": False}
    connection.execute(insert(registrations), row)


def test_an_upgrade_of_a_database_that_is_up_to_date_changes_nothing(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = upgrade(store)
    written: list[Any] = []
    monkeypatch.setattr(store, "write", written.append)

    assert upgrade(store) == first == Upgraded(revisions()[-1].number)
    assert written == []
    require_current(store)


def test_a_database_without_tables_is_refused_with_the_remedy(store: Store) -> None:
    with pytest.raises(ConfigError, match="regbridge upgrade"):
        require_current(store)


def test_a_host_of_this_version_starts_while_the_next_one_is_being_brought_in(
    store: Store, tmp_path: Path
) -> None:
    with version(store, migrations(tmp_path / "next", NEXT_VERSION[0])) as following:
        upgrade(following)

    require_current(store)
    upgrade(store)

    assert "more" in columns(store, "registrations")


def test_a_host_of_this_version_is_refused_once_the_next_one_has_taken_something_away(
    store: Store, tmp_path: Path
) -> None:
    with version(store, migrations(tmp_path / "next", *NEXT_VERSION)) as following:
        upgrade(following)

    for refused in (require_current, upgrade):
        with pytest.raises(ConfigError, match="newer version"):
            refused(store)


def test_the_next_version_starts_before_and_after_its_last_step(
    store: Store, tmp_path: Path
) -> None:
    upgrade(store)
    store.close()
    with version(store, migrations(tmp_path / "next", *NEXT_VERSION)) as following:
        with pytest.raises(ConfigError, match="regbridge upgrade"):
            require_current(following)
        with version(store, migrations(tmp_path / "half", NEXT_VERSION[0])) as half:
            upgrade(half)
        require_current(following)

        assert upgrade(following) == Upgraded("9002")

        require_current(following)
        assert "arrivals" not in columns(following, "receipts")


def test_nothing_is_taken_away_while_an_older_host_is_connected(
    own_database: str, tmp_path: Path
) -> None:
    old_host = Store(own_database)
    upgrade(old_host)
    with version(old_host, migrations(tmp_path / "next", *NEXT_VERSION)) as new_host:
        done = upgrade(new_host)

        assert done.revision == "9001"
        head = revisions()[-1].number
        assert {tuple(name.split()[:2]) for name in done.waits_for} == {("regbridge", head)}
        assert "arrivals" in columns(new_host, "receipts")
        old_host.close()
        assert upgrade(new_host) == Upgraded("9002")


def test_two_upgrades_at_once_do_the_work_of_one(own_database: str) -> None:
    stores = [Store(own_database) for _ in range(4)]

    with ThreadPoolExecutor(4) as pool:
        done = list(pool.map(upgrade, stores))

    assert len(set(done)) == 1
    require_current(stores[0])
    for store in stores:
        store.close()


@contextmanager
def version(store: Store, of: Path) -> Iterator[Store]:
    """Open the ledger as another version does."""
    other = Store(store.url, migrations=of)
    try:
        yield other
    finally:
        other.close()


def columns(store: Store, table: str) -> set[str]:
    return store.read(lambda c: {column["name"] for column in inspect(c).get_columns(table)})


def test_once_something_is_encrypted_an_older_version_is_refused_whatever_comes_next(
    store: Store, tmp_path: Path
) -> None:
    upgrade(store)
    store.write(lambda c: require_at_least(c, revisions()[-1].number))
    with version(store, migrations(tmp_path / "next", NEXT_VERSION[0])) as following:
        upgrade(following)

    with version(store, migrations(tmp_path / "older", until="0011")) as older:
        for refused in (require_current, upgrade):
            with pytest.raises(ConfigError, match="newer version"):
                refused(older)


def test_nothing_is_encrypted_while_an_older_host_is_connected(
    own_database: str, tmp_path: Path
) -> None:
    store = Store(own_database)
    upgrade(store)
    with version(store, migrations(tmp_path / "older", until="0011")) as older:
        older.ping()

        with pytest.raises(ConfigError, match="hosts of an older version are connected: regb"):
            store.write(lambda c: require_at_least(c, "0012"))
    store.close()
