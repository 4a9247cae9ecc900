"""Many rows in one statement, in the form that each database and its driver take fastest.

SQLite takes rows one by one from a prepared statement. PostgreSQL takes all rows as one JSON text,
and rows with bytes as one array for each column. To let SQLAlchemy bind each value by itself takes
longer than either database needs for its work.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Any

import msgspec
from sqlalchemy import (
    ColumnDefault,
    Connection,
    Dialect,
    LargeBinary,
    Table,
    bindparam,
    update,
)

from regbridge.store.columns import PlainText
from regbridge.store.sealed import sealed, sealing_of
from regbridge.store.sql import among, insert

Row = Mapping[str, Any]


def insert_rows(
    connection: Connection, table: Table, rows: Sequence[Row], *, if_new: bool = False
) -> None:
    """Insert rows that name the same columns; columns left out get their defaults.

    With `if_new`, a row whose unique key is there already is left alone.
    """
    if rows:
        form = _form(connection.dialect, table, tuple(rows[0]), if_new)
        connection.exec_driver_sql(form.text, form.parameters(sealed(connection, table, rows)))


def insert_numbers(connection: Connection, table: Table, rows: Sequence[tuple[int, ...]]) -> None:
    """Insert rows of a table that has only whole numbers, where they are not there already."""
    if not rows:
        return
    if connection.dialect.name == "sqlite":
        places = ", ".join("?" * len(table.columns))
        values = f"INSERT OR IGNORE INTO {table.name} VALUES ({places})"  # noqa: S608 - our own
        connection.exec_driver_sql(values, list(rows))
    else:
        places = ", ".join(["%b::bigint[]"] * len(table.columns))
        values = f"INSERT INTO {table.name} SELECT * FROM unnest({places}) ON CONFLICT DO NOTHING"  # noqa: S608 - our own
        connection.exec_driver_sql(values, tuple(list(each) for each in zip(*rows, strict=True)))


def insert_numbered(connection: Connection, table: Table, rows: Sequence[Row]) -> list[int]:
    """Insert rows and return their ids, in their order."""
    if connection.dialect.name == "sqlite":
        statement = insert(connection.dialect, table).returning(table.c.id)
        ids = connection.scalars(statement, list(rows)).all()
    else:
        form = _form(connection.dialect, table, tuple(rows[0]), False)
        ids = (
            connection.exec_driver_sql(f"{form.text} RETURNING id", form.parameters(rows))
            .scalars()
            .all()
        )
    # The rows of one statement are numbered in their order, but may be returned in another.
    return sorted(ids)


def update_rows(connection: Connection, table: Table, rows: Mapping[int, Row]) -> None:
    """Write values to rows by their ids; all rows must name the same columns.

    Rows that get equal values, as most of a batch do, share one statement.
    """
    if sealing_of(connection):
        rows = dict(zip(rows, sealed(connection, table, [*rows.values()]), strict=True))
    groups: dict[tuple[Any, ...], list[int]] = {}
    for key, values in rows.items():
        groups.setdefault(tuple(values.values()), []).append(key)
    if len(groups) * 4 <= len(rows) + 4:
        for ids in groups.values():
            equal = update(table).where(among(table.c.id, ids)).values(dict(rows[ids[0]]))
            connection.execute(equal)
    elif connection.dialect.name == "sqlite":
        _update_each(connection, table, rows)
    else:
        _update_all(connection, table, rows)


def _update_each(connection: Connection, table: Table, rows: Mapping[int, Row]) -> None:
    names = next(iter(rows.values()))
    each = update(table).where(table.c.id == bindparam("row_id"))
    connection.execute(
        each.values({name: bindparam(f"new_{name}") for name in names}),
        [
            {"row_id": key, **{f"new_{name}": value for name, value in values.items()}}
            for key, values in rows.items()
        ],
    )


def _update_all(connection: Connection, table: Table, rows: Mapping[int, Row]) -> None:
    names = [*next(iter(rows.values()))]
    quote = connection.dialect.identifier_preparer.quote
    changes = ", ".join(f"{quote(name)} = new.{quote(name)}" for name in names)
    clean = _Cleaning(table, names)
    values = _as_json({"id": key, **clean(row)} for key, row in rows.items())
    connection.exec_driver_sql(
        f"UPDATE {table.name} SET {changes}"  # noqa: S608 - names of our own
        f" FROM json_populate_recordset(NULL::{table.name}, %s::json) AS new"
        f" WHERE {table.name}.id = new.id",
        (values,),
    )


class _Cleaning:
    """Adds a table's defaults to a row, and takes from its texts what a database refuses."""

    def __init__(self, table: Table, names: Sequence[str], *, defaults: bool = False) -> None:
        self._plain = [name for name in names if isinstance(table.c[name].type, PlainText)]
        self.defaults: dict[str, Any] = {
            column.name: column.default.arg
            for column in table.columns
            if defaults and isinstance(column.default, ColumnDefault) and column.name not in names
        }

    def __call__(self, row: Row) -> dict[str, Any]:
        values = {**self.defaults, **row}
        for name in self._plain:
            if values[name]:
                values[name] = PlainText.clean(values[name])
        return values


class _SqliteInsert:
    """An INSERT whose rows the driver takes one by one."""

    def __init__(self, dialect: Dialect, table: Table, names: Sequence[str], if_new: bool) -> None:
        statement = insert(dialect, table).values({n: bindparam(n) for n in names}).inline()
        statement = statement.on_conflict_do_nothing() if if_new else statement
        compiled = statement.compile(dialect=dialect)
        self.text = str(compiled)
        self._order = compiled.positiontup
        self._clean = _Cleaning(table, names, defaults=True)

    def parameters(self, rows: Iterable[Row]) -> Any:
        """Return rows as the driver takes them."""
        order = self._order
        return [tuple([row[name] for name in order]) for row in map(self._clean, rows)]


class _PostgresqlInsert:
    """An INSERT whose rows are one JSON text; with bytes among them, an array for each column."""

    def __init__(self, dialect: Dialect, table: Table, names: Sequence[str], if_new: bool) -> None:
        self._clean = _Cleaning(table, names, defaults=True)
        self._names = [*names, *self._clean.defaults]
        self._has_bytes = any(isinstance(table.c[n].type, LargeBinary) for n in names)
        columns = ", ".join(map(dialect.identifier_preparer.quote, self._names))
        if self._has_bytes:
            types = [table.c[name].type.compile(dialect=dialect) for name in self._names]
            source = f"unnest({', '.join(f'%b::{type_}[]' for type_ in types)})"
            chosen = "*"
        else:
            source = f"json_populate_recordset(NULL::{table.name}, %s::json)"
            chosen = columns
        conflict = " ON CONFLICT DO NOTHING" if if_new else ""
        self.text = f"INSERT INTO {table.name} ({columns}) SELECT {chosen} FROM {source}{conflict}"  # noqa: S608 - names of our own

    def parameters(self, rows: Iterable[Row]) -> Any:
        """Return rows as the driver takes them."""
        cleaned = [self._clean(row) for row in rows]
        if self._has_bytes:
            return tuple([row[name] for row in cleaned] for name in self._names)
        return (_as_json(cleaned),)


def _as_json(rows: Iterable[Row]) -> str:
    return msgspec.json.encode(list(rows)).decode()


@lru_cache(maxsize=64)
def _form(
    dialect: Dialect, table: Table, names: tuple[str, ...], if_new: bool
) -> _SqliteInsert | _PostgresqlInsert:
    kind = _SqliteInsert if dialect.name == "sqlite" else _PostgresqlInsert
    return kind(dialect, table, names, if_new)
