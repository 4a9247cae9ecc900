"""The migrations make exactly the tables that the code expects."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Connection, MetaData, String, insert, select
from sqlmodel import SQLModel

from regbridge.errors import ConfigError
from regbridge.store.engine import Store
from regbridge.store.tables import receipt_bodies, registration_payloads


@pytest.fixture
def sqlite_url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'regbridge.db'}"


@pytest.fixture(params=["sqlite_url", "postgres_url"])
def store(request: pytest.FixtureRequest) -> Iterator[Store]:
    """A store without tables."""
    store = Store(request.getfixturevalue(request.param))
    yield store
    store.close()


def differences(connection: Connection) -> list[Any]:
    found: list[Any] = compare_metadata(MigrationContext.configure(connection), SQLModel.metadata)
    return found


def test_the_migrated_tables_are_those_of_the_code(store: Store) -> None:
    store.upgrade()

    assert store.read(differences) == []


def test_an_upgrade_keeps_what_an_older_version_received(store: Store) -> None:
    store.upgrade("0001")
    store.write(insert_as_version_0001_did)

    store.upgrade()

    body = store.read(lambda c: c.scalar(select(receipt_bodies.c.body)))
    assert bytes(body or b"") == b'{"old": 1}'
    payload = store.read(lambda c: c.scalar(select(registration_payloads.c.payload)))
    assert bytes(payload or b"") == b'{"old": 2}'


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
    row |= {"id": 1, "receipt_id": 1, "position": 0, "payload": b'{"old": 2}'}
    row |= {"is_guest": False, "bulk": False, "admitted": False}
    connection.execute(insert(registrations), row)


def test_an_upgrade_of_a_database_that_is_up_to_date_changes_nothing(store: Store) -> None:
    store.upgrade()
    store.upgrade()

    store.require_current()


def test_a_database_without_tables_is_refused_with_the_remedy(store: Store) -> None:
    with pytest.raises(ConfigError, match="regbridge upgrade"):
        store.require_current()
