"""The statements that need more than one line of SQLAlchemy wherever they are used."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import ColumnElement, Connection, Table, and_, bindparam, update
from sqlalchemy.dialects import postgresql, sqlite

from regbridge.store.tables import registration_payloads, registrations


def insert_if_new(connection: Connection, table: Table) -> Any:
    """Return an INSERT that leaves a row alone whose unique key is there already."""
    dialect = sqlite if connection.dialect.name == "sqlite" else postgresql
    return dialect.insert(table).on_conflict_do_nothing()


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
            equal = update(table).where(table.c.id.in_(ids)).values(dict(rows[ids[0]]))
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
