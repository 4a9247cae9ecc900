"""Reads a body: what its properties say about the columns of a table."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from regbridge_dynamics.simulator.address import Address, parse_address
from regbridge_dynamics.simulator.columns import Stored
from regbridge_dynamics.simulator.database import Database
from regbridge_dynamics.simulator.errors import (
    bad_literal,
    bad_payload,
    bad_request,
    direct_reference,
    not_simulated,
    undeclared,
    unknown_property,
)
from regbridge_dynamics.simulator.lookups import LookupColumn
from regbridge_dynamics.simulator.namespace import NAMESPACE
from regbridge_dynamics.simulator.schema import Table

BIND = "@odata.bind"
_IGNORED = frozenset({"@odata.type", "@odata.etag", "@odata.context"})


class PayloadReader:
    """Turns bodies into values by logical name; `references` are those of a change set."""

    def __init__(
        self, database: Database, base_url: str, references: Mapping[str, str] | None = None
    ) -> None:
        self._database = database
        self._base_url = base_url
        self._references = references or {}

    def values(self, table: Table, body: Mapping[str, Any]) -> dict[str, Stored]:
        """Return the values of a body. Raises `ApiError` for whatever does not fit the table."""
        require_type(table, body)
        found: dict[str, Stored] = {}
        for name, given in body.items():
            if name in _IGNORED:
                continue
            column, value = self._property(table, body, name, given)
            if column in found:
                raise bad_payload(table.entity_set, f"'{column}' is given more than once.")
            if column:
                found[column] = value
        return found

    def address(self, text: str) -> Address:
        """Return what a reference names: `set(key)`, with a slash, the whole URL, or `$1`.

        Nothing is percent-decoded: in a body `%23` is three characters (section 3).
        """
        if text.startswith("$"):
            if text not in self._references:
                raise bad_request(
                    f"Content-ID Reference: '{text}' does not exist in the batch context."
                )
            text = self._references[text]
        text = text.removeprefix(f"{self._base_url}/").removeprefix("/")
        return parse_address(text, self._database)

    def _property(
        self, table: Table, body: Mapping[str, Any], name: str, given: object
    ) -> tuple[str, Stored]:
        if name.endswith(BIND):
            return self._bound(table, name.removesuffix(BIND), given)
        if "@" in name:
            owner = name.partition("@")[0]
            if not owner or owner not in body:
                raise undeclared(table.entity_set, owner or name)
            return "", None  # an annotation of a property that has its value
        if name in table.navigation:
            return _nested(table, name, given)
        if name.startswith("_") and name in table.by_property:
            raise direct_reference()
        column = table.by_name.get(name)
        if column is None:
            raise unknown_property(table.entity_set, table.name, name)
        if given is None and not isinstance(column, LookupColumn):
            return name, None
        return name, column.value(given, table)

    def _bound(self, table: Table, navigation: str, given: object) -> tuple[str, Stored]:
        if navigation not in table.navigation:
            raise undeclared(table.entity_set, navigation)
        column, target = table.navigation[navigation]
        if given is None:
            return column.name, None
        if not isinstance(given, str):
            raise bad_literal(table.entity_set, given, "Edm.String")
        address = self.address(given)
        if address.table.name != target:
            raise bad_payload(
                table.entity_set, f"'{navigation}' cannot refer to '{address.table.entity_set}'."
            )
        return column.name, address.require(self._database).id


def require_type(table: Table, body: Mapping[str, Any], *, must: bool = False) -> None:
    """Raise `ApiError` when `@odata.type` is another table's, or missing where it `must` be."""
    given = body.get("@odata.type")
    if given is None and not must:
        return
    if given is None:
        raise bad_request(
            "A type name was not found for the resource in 'Targets'; each item must have "
            "'@odata.type'.",
            "0x80048d19",
        )
    if not isinstance(given, str) or given.removeprefix("#") != f"{NAMESPACE}{table.name}":
        raise bad_payload(table.entity_set, f"The type '{given}' is not '{table.name}'.")


def _nested(table: Table, name: str, given: object) -> tuple[str, Stored]:
    """Read a navigation property without `@odata.bind`: only null will do."""
    if given is None:
        return table.navigation[name][0].name, None
    if isinstance(given, dict):
        raise not_simulated("records within records")
    raise direct_reference()
