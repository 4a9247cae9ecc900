"""The statements that need more than one line of SQLAlchemy wherever they are used."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

import msgspec
from sqlalchemy import (
    BigInteger,
    Boolean,
    ColumnElement,
    Connection,
    Dialect,
    Integer,
    String,
    Table,
    TypeDecorator,
    and_,
    bindparam,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement
from sqlalchemy.types import TypeEngine

from regbridge.store.tables import registration_payloads, registrations


class _Many(TypeDecorator[Collection[Any]]):
    """Many values in one parameter: an array at PostgreSQL, JSON at SQLite."""

    impl = String
    cache_ok = True

    def __init__(self, item: TypeEngine[Any]) -> None:
        super().__init__()
        self.item = item

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """Return the type of the parameter."""
        if dialect.name == "sqlite":
            return String()
        return dialect.type_descriptor(postgresql.ARRAY(self.item))

    def process_bind_param(self, value: Collection[Any] | None, dialect: Dialect) -> Any:
        """Return what the driver takes."""
        values = list(value or ())
        return msgspec.json.encode(values).decode() if dialect.name == "sqlite" else values


class _Each(FunctionElement[Any]):
    """The values of a `_Many` parameter, as rows."""

    name = "each"
    inherit_cache = True


@compiles(_Each, "sqlite")
def _each_sqlite(element: _Each, compiler: SQLCompiler, **options: Any) -> str:
    values = compiler.process(element.clause_expr, **options)
    return f"(SELECT value FROM json_each{values})"  # noqa: S608 - a placeholder


@compiles(_Each)
def _each_postgresql(element: _Each, compiler: SQLCompiler, **options: Any) -> str:
    return f"(SELECT unnest{compiler.process(element.clause_expr, **options)})"


def among(column: ColumnElement[Any], values: Collection[Any]) -> ColumnElement[bool]:
    """Return the condition that a column has one of many numbers or texts.

    They are one parameter. With `in_` each is its own: a new statement for every length, which
    took a quarter of a sync's time.
    """
    item = BigInteger() if isinstance(column.type, Integer) else String()
    many = _Each(bindparam(None, values, type_=_Many(item), unique=True))
    return column.op("IN", is_comparison=True, return_type=Boolean())(many)


def insert_if_new(connection: Connection, table: Table) -> Any:
    """Return an INSERT of one row that does nothing if its unique key is there already."""
    return insert(connection.dialect, table).on_conflict_do_nothing()


def insert_or_update(
    connection: Connection, table: Table, key: Sequence[str], values: Mapping[str, Any]
) -> Any:
    """Return an INSERT of one row that writes `values` instead if its unique `key` is there."""
    statement = insert(connection.dialect, table)
    return statement.on_conflict_do_update(index_elements=key, set_=values)


def insert(dialect: Dialect, table: Table) -> Any:
    """Return an INSERT that can say what to do about a unique key that is there already."""
    return (sqlite if dialect.name == "sqlite" else postgresql).insert(table)


def own_payload() -> ColumnElement[bool]:
    """Return the condition that joins registrations to their payloads."""
    return and_(
        registration_payloads.c.receipt_id == registrations.c.receipt_id,
        registration_payloads.c.position == registrations.c.position,
    )
