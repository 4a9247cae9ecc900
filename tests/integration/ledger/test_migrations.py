"""The migrations make exactly the tables that the code expects."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Connection
from sqlmodel import SQLModel

from regbridge.errors import ConfigError
from regbridge.store.engine import Store


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


def test_an_upgrade_of_a_database_that_is_up_to_date_changes_nothing(store: Store) -> None:
    store.upgrade()
    store.upgrade()

    store.require_current()


def test_a_database_without_tables_is_refused_with_the_remedy(store: Store) -> None:
    with pytest.raises(ConfigError, match="regbridge upgrade"):
        store.require_current()
