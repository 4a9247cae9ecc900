"""Addresses of records by an alternate key, in the two ways in which they are written."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import tzinfo
from typing import Any
from urllib.parse import quote

from regbridge import RejectedError
from regbridge_dynamics.schema import LOOKUPS, Behavior, Column, Table, Type
from regbridge_dynamics.source import Source
from regbridge_dynamics.values import write_guid, write_value

# Microsoft names these as not working in a key, encoded or not; # is cut off or not decoded
# (reference/dataverse-web-api.md, section 3). Reports differ by character, so none is taken.
_FORBIDDEN = re.compile(r"[/<>*%&:\\?+#]")
_BARE = frozenset({Type.INTEGER, Type.DECIMAL, Type.CHOICE})


@dataclass(frozen=True, slots=True)
class Address:
    """Where a record is: `plain` for the body of a request, `url` for its path.

    In a body nothing is percent-decoded; in a path everything is. Two addresses with the same
    `mark` may be one record for Dataverse, which compares without regard to capitals and accents;
    `mark_of_row` returns it of a row. `record_id` is the record's id when that is its address, ""
    when an alternate key is.
    """

    plain: str = field(repr=False)
    url: str = field(repr=False)
    mark: str = field(repr=False)
    record_id: str = ""


def address_of(
    table: Table,
    sources: Iterable[Source],
    record: Mapping[str, Any],
    zone: tzinfo | None = None,
) -> Address | None:
    """Return the address that a record's fields give; None when all of them are empty.

    Raises `RejectedError`, with the field and never with its value, for a key that lacks a value
    and for values that Dataverse cannot take in a key.
    """
    literals: list[tuple[str, str]] = []
    empty: list[Source] = []
    for source in sources:
        try:
            value = source.value(record)
            if value is None:
                empty.append(source)
            else:
                literals.append(write_key_value(table, source.column, value, zone))
        except ValueError as error:
            raise _refused(source, str(error)) from None
    if empty and literals:
        raise _refused(empty[0], "the key lacks this value")
    return _address(table, literals) if literals else None


def require_address(
    table: Table, sources: Iterable[Source], record: Mapping[str, Any], zone: tzinfo | None = None
) -> Address:
    """Return the address of the record itself, which cannot be without one. Raises as above."""
    given = tuple(sources)
    found = address_of(table, given, record, zone)
    if found is None:
        raise _refused(given[0], "the key has no value")
    return found


def key_problem(table: Table, column: Column) -> str:
    """Return why a column cannot be used in a key by regbridge, "" when it can."""
    if column.type is Type.DATE_TIME and column.behavior is not Behavior.DATE_ONLY:
        return "a time has a colon, which Dataverse cannot take in a key"
    is_id = column.name == table.primary_id
    if column.type in _BARE | LOOKUPS | {Type.STRING, Type.DATE_TIME} or is_id:
        return ""
    return f"columns of the type {column.type_name} cannot be in a key"


def write_key_value(
    table: Table, name: str, value: Any, zone: tzinfo | None = None
) -> tuple[str, str]:
    """Return a column's name and its value as a key has them. Raises `ValueError`."""
    column = table.columns.get(name)
    if column is None:
        raise ValueError(f"the table {table.name} has no column {name}")
    if problem := key_problem(table, column):
        raise ValueError(problem)
    if column.type in LOOKUPS or column.type is Type.GUID:
        return column.property_name, write_guid(column, value)
    written = write_value(column, value, zone)
    if column.type is Type.STRING:
        return name, _quoted(_safe(written))
    return name, f"{written:f}" if column.type is Type.DECIMAL else str(written)


def mark_of_row(table: Table, sources: Iterable[Source], row: Mapping[str, Any]) -> str:
    """Return the mark of a row's address, "" when it has none because a part lacks a value.

    Nothing is refused: a person may have written what no record can have.
    """
    literals: list[tuple[str, str]] = []
    for source in sources:
        column = table.columns[source.column]
        value = row.get(column.property_name)
        if value is None or value == "":
            return ""
        literals.append((column.property_name, _literal(column, value)))
    return _mark(table, literals)


def _literal(column: Column, value: Any) -> str:
    if column.type is Type.STRING:
        return _quoted(str(value).rstrip(" "))
    if column.type is Type.DECIMAL:
        with suppress(ValueError):
            return f"{write_value(column, value):f}"
    return str(value)


def _quoted(text: str) -> str:
    return f"'{text.replace(chr(39), chr(39) * 2)}'"


def _safe(text: str) -> str:
    if found := _FORBIDDEN.search(text):
        raise ValueError(
            f"Dataverse cannot take the character {found[0]} in a key; key on an id, or on a hash "
            "of this value"
        )
    if text != text.strip():
        raise ValueError("a key cannot begin or end with a space")
    return text


def _address(table: Table, literals: list[tuple[str, str]]) -> Address:
    mark = _mark(table, literals)
    if [name for name, _ in literals] == [table.primary_id]:
        plain = f"{table.entity_set}({literals[0][1]})"
        return Address(plain, plain, mark, literals[0][1])
    plain = ",".join(f"{name}={literal}" for name, literal in literals)
    url = ",".join(f"{name}={_encoded(literal)}" for name, literal in literals)
    return Address(f"{table.entity_set}({plain})", f"{table.entity_set}({url})", mark)


def _mark(table: Table, literals: Iterable[tuple[str, str]]) -> str:
    parts = (f"{name}={_normal(literal)}" for name, literal in literals)
    return f"{table.name}({','.join(parts)})"


def _encoded(literal: str) -> str:
    if literal.startswith("'"):
        return f"'{quote(literal[1:-1], safe='')}'"
    return literal


def _normal(text: str) -> str:
    parts = unicodedata.normalize("NFKD", text.casefold())
    return "".join(sign for sign in parts if not unicodedata.combining(sign))


def _refused(source: Source, text: str) -> RejectedError:
    name = source.fields[0]
    where = name if name == source.column else f"{name} (for {source.column})"
    return RejectedError(f"{where}: {text}", field=name)
