"""Reads records: one by its address, or those that a filter lets pass, page by page."""

from __future__ import annotations

import base64
import binascii
import hashlib
from collections.abc import Callable
from typing import Any
from urllib.parse import quote

from regbridge_dynamics.simulator.address import Address
from regbridge_dynamics.simulator.columns import Column, Stored, StringColumn
from regbridge_dynamics.simulator.database import Database, Row
from regbridge_dynamics.simulator.errors import bad_request, no_such_property, not_simulated
from regbridge_dynamics.simulator.filters import (
    Comparison,
    Kind,
    Node,
    Operator,
    comparisons,
    matches,
    parse_filter,
)
from regbridge_dynamics.simulator.representation import context, represent, selected_columns
from regbridge_dynamics.simulator.request import Answer, Call
from regbridge_dynamics.simulator.schema import Table

_PAGE = 5000
_KNOWN = frozenset({"$select", "$filter", "$top", "$orderby", "$count", "$skiptoken"})
_ORDERED: dict[Operator, Callable[[Any, Any], bool]] = {
    Operator.GT: lambda left, right: left > right,
    Operator.GE: lambda left, right: left >= right,
    Operator.LT: lambda left, right: left < right,
    Operator.LE: lambda left, right: left <= right,
}


def read_one(database: Database, base_url: str, address: Address, call: Call) -> Answer:
    """Answer `GET set(key)`; 304 for the version that the caller has. Raises `ApiError`."""
    require_options(call, frozenset({"$select"}))
    select = call.query.get("$select")
    columns = selected_columns(address.table, select)
    annotated = bool(call.preferences.annotations)
    row = address.require(database)
    if call.headers.get("if-none-match") == row.etag and not annotated:
        return Answer(304)
    body = {"@odata.context": context(base_url, address.table, select, one=True)}
    body |= represent(address.table, row, columns, annotated=annotated)
    return Answer(200, body, {"ETag": row.etag})


def read_many(database: Database, base_url: str, table: Table, call: Call) -> Answer:
    """Answer `GET set?...` with at most a page, and a link to the next one. Raises `ApiError`.

    A page has 5,000 records at most, whatever the caller prefers.
    """
    require_options(call, _KNOWN)
    select = call.query.get("$select")
    columns = selected_columns(table, select)
    rows = _ordered(_filtered(database, table, call), table, call.query.get("$orderby"))
    start = _start(call)
    size = min(call.preferences.page_size or _PAGE, _PAGE)
    end = min(start + size, _whole(call, "$top", len(rows)))
    annotated = bool(call.preferences.annotations)
    body: dict[str, Any] = {"@odata.context": context(base_url, table, select, one=False)}
    if call.query.get("$count") == "true":
        body["@odata.count"] = len(rows)
    body["value"] = [represent(table, row, columns, annotated=annotated) for row in rows[start:end]]
    if end < min(len(rows), _whole(call, "$top", len(rows))):
        body["@odata.nextLink"] = _next_link(base_url, call, end)
    return Answer(200, body)


def require_options(call: Call, known: frozenset[str]) -> None:
    """Raise `ApiError` for query options that this resource does not take here.

    `tag` and parameter aliases may always be there.
    """
    for name in call.query:
        if name == "$expand":
            raise not_simulated("$expand of records")
        if name not in known and name != "tag" and not name.startswith("@"):
            raise bad_request(f"The query parameter {name} is not supported.")


def aliases(call: Call) -> dict[str, str]:
    """Return the parameter aliases of a query, `@name` with the text of its value."""
    return {name: value for name, value in call.query.items() if name.startswith("@")}


def _filtered(database: Database, table: Table, call: Call) -> list[Row]:
    rows = database.all(table)
    if "$filter" not in call.query:
        return rows
    node = parse_filter(call.query["$filter"], aliases(call))
    literals = _literals(node, table)

    def passes(row: Row) -> bool:
        return matches(node, lambda one: _holds(one, row, literals))

    return [row for row in rows if passes(row)]


def _literals(node: Node, table: Table) -> dict[Comparison, tuple[Column, Stored]]:
    """Return column and value of each comparison. Raises `ApiError` where they do not fit."""
    found: dict[Comparison, tuple[Column, Stored]] = {}
    for one in comparisons(node):
        column = table.readable.get(one.name)
        if column is None:
            raise no_such_property(table.name, one.name)
        if one.literal.kind is Kind.NULL:
            found[one] = column, None
        else:
            quoted = one.literal.kind is not Kind.BARE
            if one.literal.kind is Kind.MEMBER:
                quoted = isinstance(column, StringColumn)
            found[one] = column, column.literal(one.literal.text, quoted=quoted)
    return found


def _holds(one: Comparison, row: Row, literals: dict[Comparison, tuple[Column, Stored]]) -> bool:
    column, wanted = literals[one]
    value = row.values[column.name]
    if isinstance(value, str) and isinstance(wanted, str):
        value, wanted = value.casefold(), wanted.casefold()
    if one.operator is Operator.EQ:
        return value == wanted
    if one.operator is Operator.NE:
        return value != wanted
    return value is not None and wanted is not None and _ORDERED[one.operator](value, wanted)


def _ordered(rows: list[Row], table: Table, orderby: str | None) -> list[Row]:
    for text in reversed(orderby.split(",") if orderby else ()):
        name, _, direction = text.strip().partition(" ")
        column = table.readable.get(name)
        if column is None:
            raise no_such_property(table.name, name)
        if direction not in ("", "asc", "desc"):
            raise bad_request(f"Syntax error in the order '{text}'.")
        rows = sorted(rows, key=lambda row: _sort_key(row.values[column.name]))
        if direction == "desc":
            rows.reverse()
    return rows


def _sort_key(value: Stored) -> tuple[bool, Any]:
    return (False, 0) if value is None else (True, value)


def _whole(call: Call, option: str, default: int) -> int:
    text = call.query.get(option)
    if text is None:
        return default
    if not text.isascii() or not text.isdecimal() or len(text) > 9:
        raise bad_request(f"Invalid value '{text}' for {option} query option found.")
    return int(text)


def _start(call: Call) -> int:
    """Return where a page begins; its token is good for the question that it was given for."""
    token = call.query.get("$skiptoken")
    if token is None:
        return 0
    try:
        start = int(base64.urlsafe_b64decode(token.encode("ascii")).partition(b":")[0])
    except (ValueError, binascii.Error):
        raise bad_request("The skip token is not valid.") from None
    if token != _token(call, start):
        raise bad_request("The skip token is not valid.")
    return start


def _token(call: Call, start: int) -> str:
    asked = sorted((name, value) for name, value in call.query.items() if name != "$skiptoken")
    mark = hashlib.sha256(repr((call.path, asked)).encode()).hexdigest()[:16]
    return base64.urlsafe_b64encode(f"{start}:{mark}".encode("ascii")).decode("ascii")


def _next_link(base_url: str, call: Call, start: int) -> str:
    options = {**call.query, "$skiptoken": _token(call, start)}
    query = "&".join(f"{name}={quote(value, safe='')}" for name, value in options.items())
    return f"{base_url}/{call.path}?{query}"
