"""The PostgreSQL server that tests use, if it answers."""

from __future__ import annotations

import os
import uuid
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.exc import OperationalError

POSTGRES = os.environ.get(
    "REGBRIDGE_TEST_POSTGRES", "postgresql+psycopg://postgres@127.0.0.1:5432/postgres"
)


@contextmanager
def new_schema() -> Iterator[str]:
    """Make a schema, give its URL, and drop it at the end.

    Who names a server in REGBRIDGE_TEST_POSTGRES expects it to answer: then nothing is skipped.
    """
    miss = pytest.fail if "REGBRIDGE_TEST_POSTGRES" in os.environ else pytest.skip
    schema = f"regbridge_{uuid.uuid4().hex}"
    engine = create_engine(POSTGRES, connect_args={"connect_timeout": 3})
    try:
        with engine.begin() as connection:
            connection.execute(text(f"CREATE SCHEMA {schema}"))
    except OperationalError:
        miss("no PostgreSQL answers here")
    try:
        yield f"{POSTGRES}?options=-csearch_path%3D{schema}"
    finally:
        with engine.begin() as connection:
            connection.execute(text(f"DROP SCHEMA {schema} CASCADE"))
        engine.dispose()
