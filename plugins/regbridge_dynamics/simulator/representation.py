"""Records as the Web API shows them: names, versions, annotations."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from regbridge_dynamics.simulator.columns import Column
from regbridge_dynamics.simulator.database import Row
from regbridge_dynamics.simulator.errors import no_such_property
from regbridge_dynamics.simulator.lookups import LookupColumn
from regbridge_dynamics.simulator.schema import Table

_FORMATTED = "OData.Community.Display.V1.FormattedValue"


def selected_columns(table: Table, select: str | None) -> tuple[Column, ...]:
    """Return the columns that `$select` names, all without one. Raises `ApiError`."""
    if select is None:
        return tuple(table.readable.values())
    names = [name.strip() for name in select.split(",")]
    for name in names:
        if name not in table.readable:
            raise no_such_property(table.name, name)
    return tuple(table.readable[name] for name in names)


def represent(
    table: Table, row: Row, columns: Iterable[Column], *, annotated: bool = False
) -> dict[str, Any]:
    """Return a record with some columns; its id is always among them."""
    found: dict[str, Any] = {"@odata.etag": row.etag}
    for column in columns:
        value = None if column.secured else row.values[column.name]
        if annotated and value is not None and (text := _formatted(column, row)) is not None:
            found[f"{column.property_name}@{_FORMATTED}"] = text
        found[column.property_name] = value
    found.setdefault(table.primary_id, row.id)
    return found


def context(base_url: str, table: Table, select: str | None, *, one: bool) -> str:
    """Return the `@odata.context` of an answer with records."""
    columns = f"({select})" if select else ""
    return f"{base_url}/$metadata#{table.entity_set}{columns}{'/$entity' if one else ''}"


def _formatted(column: Column, row: Row) -> str | None:
    if isinstance(column, LookupColumn):
        return None  # the name of another record; Dataverse has it, nothing here needs it
    return column.formatted(row.values[column.name])
