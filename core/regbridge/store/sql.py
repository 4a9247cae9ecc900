"""The statements that need more than one line of SQLAlchemy wherever they are used."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from functools import lru_cache
from typing import Any

import msgspec
from sqlalchemy import (
    BigInteger,
    Boolean,
    ColumnDefault,
    ColumnElement,
    Connection,
    Dialect,
    Integer,
    String,
    Table,
    TypeDecorator,
    and_,
    bindparam,
    update,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement
from sqlalchemy.types import TypeEngine

from regbridge.store.tables import PlainText, registration_payloads, registrations


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


def insert_rows(
    connection: Connection, table: Table, rows: Sequence[Mapping[str, Any]], *, if_new: bool = False
) -> None:
    """Insert rows that name the same columns; columns left out get their defaults.

    With `if_new`, a row whose unique key is there already is left alone. The statement is compiled
    once and the rows go to the driver as they are: to bind each by itself takes longer than the
    database needs to insert it.
    """
    if rows:
        form = _form(connection.dialect, table, tuple(rows[0]), if_new)
        connection.exec_driver_sql(form.text, [form.parameters(row) for row in rows])


class _InsertForm:
    """An INSERT for rows with certain columns, in the words of one driver."""

    def __init__(self, dialect: Dialect, table: Table, names: Sequence[str], if_new: bool) -> None:
        statement = _insert(dialect, table).values({n: bindparam(n) for n in names}).inline()
        compiled = (statement.on_conflict_do_nothing() if if_new else statement).compile(
            dialect=dialect
        )
        self.text = str(compiled)
        self._positions = compiled.positiontup
        self._defaults = {
            column.name: column.default.arg
            for column in table.columns
            if isinstance(column.default, ColumnDefault) and column.name not in names
        }
        self._plain = [name for name in names if isinstance(table.c[name].type, PlainText)]

    def parameters(self, row: Mapping[str, Any]) -> Any:
        """Return a row as the driver takes it."""
        values = {**self._defaults, **row}
        for name in self._plain:
            if values[name]:
                values[name] = PlainText.clean(values[name])
        if self._positions is None:
            return values
        return tuple([values[name] for name in self._positions])


_form = lru_cache(maxsize=64)(_InsertForm)


def insert_if_new(connection: Connection, table: Table) -> Any:
    """Return an INSERT of one row that does nothing if its unique key is there already."""
    return _insert(connection.dialect, table).on_conflict_do_nothing()


def insert_or_update(
    connection: Connection, table: Table, key: str, values: Mapping[str, Any]
) -> Any:
    """Return an INSERT of one row that writes `values` instead if its unique `key` is there."""
    statement = _insert(connection.dialect, table)
    return statement.on_conflict_do_update(index_elements=[key], set_=values)


def _insert(dialect: Dialect, table: Table) -> Any:
    return (sqlite if dialect.name == "sqlite" else postgresql).insert(table)


def update_rows(
    connection: Connection, table: Table, rows: Mapping[int, Mapping[str, Any]]
) -> None:
    """Write values to rows by their ids; all rows must name the same columns.

    Rows that get equal values, as most of a batch do, share one statement.
    """
    groups: dict[tuple[Any, ...], list[int]] = {}
    for key, values in rows.items():
        groups.setdefault(tuple(values.values()), []).append(key)
    if len(groups) * 4 <= len(rows) + 4:
        for ids in groups.values():
            equal = update(table).where(among(table.c.id, ids)).values(dict(rows[ids[0]]))
            connection.execute(equal)
        return
    names = next(iter(rows.values()))
    each = update(table).where(table.c.id == bindparam("row_id"))
    connection.execute(
        each.values({name: bindparam(f"new_{name}") for name in names}),
        [
            {"row_id": key, **{f"new_{name}": value for name, value in values.items()}}
            for key, values in rows.items()
        ],
    )


def own_payload() -> ColumnElement[bool]:
    """Return the condition that joins registrations to their payloads."""
    return and_(
        registration_payloads.c.receipt_id == registrations.c.receipt_id,
        registration_payloads.c.position == registrations.c.position,
    )


def search_form(name: str) -> str:
    """Return a name as it is searched for: whatever its case and its spaces."""
    return " ".join(name.split()).casefold()
