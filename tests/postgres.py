"""The PostgreSQL server that tests use, if it answers."""

from __future__ import annotations

import os
import uuid
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from sqlalchemy import create_engine, make_url, text
from sqlalchemy.exc import OperationalError

POSTGRES = os.environ.get(
    "REGBRIDGE_TEST_POSTGRES", "postgresql+psycopg://postgres@127.0.0.1:5432/postgres"
)


@contextmanager
def new_schema() -> Iterator[str]:
    """Make a schema, give its URL, and drop it at the end."""
    schema = f"regbridge_{uuid.uuid4().hex}"
    with administered(f"CREATE SCHEMA {schema}", f"DROP SCHEMA {schema} CASCADE"):
        yield f"{POSTGRES}?options=-csearch_path%3D{schema}"


@contextmanager
def new_database() -> Iterator[str]:
    """Make a database that nobody else is connected to, give its URL, and drop it at the end."""
    name = f"regbridge_{uuid.uuid4().hex}"
    with administered(f"CREATE DATABASE {name}", f"DROP DATABASE {name} WITH (FORCE)"):
        url = make_url(POSTGRES).set(database=name)
        yield url.render_as_string(hide_password=False)


@contextmanager
def administered(before: str, after: str) -> Iterator[None]:
    """Run a statement, and another at the end.

    Who names a server in REGBRIDGE_TEST_POSTGRES expects it to answer: then nothing is skipped.
    """
    miss = pytest.fail if "REGBRIDGE_TEST_POSTGRES" in os.environ else pytest.skip
    # A test that leaves a transaction open would hold up the end of it for ever.
    waits = {"connect_timeout": 3, "options": "-c lock_timeout=60s"}
    engine = create_engine(POSTGRES, connect_args=waits, isolation_level="AUTOCOMMIT")
    try:
        with engine.connect() as connection:
            connection.execute(text(before))
    except OperationalError:
        miss("no PostgreSQL answers here")
    try:
        yield
    finally:
        with engine.connect() as connection:
            connection.execute(text(after))
        engine.dispose()
