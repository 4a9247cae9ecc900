"""Addresses of records: `contacts(<id>)` and `contacts(new_cventcontactid='...')`."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import unquote_to_bytes

from regbridge_dynamics.simulator.columns import GUID, Stored
from regbridge_dynamics.simulator.database import Database, Row
from regbridge_dynamics.simulator.errors import (
    bad_key,
    bad_query_syntax,
    bad_request,
    no_record_with_id,
    no_record_with_key,
    no_such_segment,
)
from regbridge_dynamics.simulator.schema import Key, Table

_SEGMENT = re.compile(r"(?P<set>[A-Za-z_][A-Za-z0-9_.]*)(\((?P<key>.*)\))?", re.DOTALL)
_PART = re.compile(
    r"\s*(?P<name>[A-Za-z_][A-Za-z0-9_]*)\s*=\s*"
    r"(?:'(?P<text>(?:[^']|'')*)'|(?P<bare>[^,'()\s]+))\s*(?P<end>,|$)"
)
# Section 3: values with these do not work in a key, encoded or not.
_FORBIDDEN = frozenset("/<>*%&:\\?+#")


@dataclass(frozen=True, slots=True)
class Address:
    """Where a record is: by its id, or by an alternate key and its values."""

    table: Table
    row_id: str = ""
    key: Key | None = None
    values: Mapping[str, Stored] = field(default_factory=dict)
    text: str = ""

    def row(self, database: Database) -> Row | None:
        """Return the record there, None when there is none."""
        if self.key:
            return database.find(self.table, self.key, self.values)
        return database.get(self.table, self.row_id)

    def require(self, database: Database) -> Row:
        """Return the record there. Raises `ApiError`."""
        row = self.row(database)
        if row:
            return row
        if self.key:
            raise no_record_with_key(self.table.name)
        raise no_record_with_id(self.table.name, self.row_id)


def decode(segment: str) -> str:
    """Return a segment of a path without percent-encoding. Raises `ApiError`."""
    try:
        return unquote_to_bytes(segment).decode("utf-8")
    except UnicodeDecodeError:
        raise bad_query_syntax() from None


def set_name(segment: str) -> str:
    """Return the name before the brackets, "" when the segment is nothing of the kind."""
    match = _SEGMENT.fullmatch(segment)
    return match["set"] if match else ""


def parse_address(segment: str, database: Database) -> Address:
    """Return the address in a decoded segment. Raises `ApiError`.

    Only an active key with exactly its columns will do, and no value with a character that
    Dataverse cannot take in a key (reference/dataverse-web-api.md, section 3).
    """
    match = _SEGMENT.fullmatch(segment)
    if not match:
        raise bad_query_syntax()
    table = database.schema.of_set(match["set"])
    if table is None:
        raise no_such_segment(match["set"])
    if match["key"] is None:
        raise bad_request(f"'{segment}' does not name one record.")
    if GUID.fullmatch(match["key"]):
        return Address(table, row_id=match["key"].lower(), text=segment)
    return _by_key(table, match["key"], segment)


def _by_key(table: Table, text: str, segment: str) -> Address:
    values = {}
    for name, literal, quoted in _parts(text):
        column = table.by_property.get(name)
        if column is None or column.name in values:
            raise bad_key(table.name)
        if not literal or _FORBIDDEN & set(literal):
            raise bad_query_syntax()
        values[column.name] = column.literal(literal, quoted=quoted)
    if set(values) == {table.primary_id}:
        return Address(table, row_id=str(values[table.primary_id]), text=segment)
    for key in table.active_keys:
        if set(key.columns) == set(values):
            return Address(table, key=key, values=values, text=segment)
    raise bad_key(table.name)


def _parts(text: str) -> list[tuple[str, str, bool]]:
    """Return name, value and whether it was quoted, of each part of a key."""
    found = []
    at = 0
    while True:
        match = _PART.match(text, at)
        if not match:
            raise bad_query_syntax()
        quoted = match["text"] is not None
        found.append(
            (match["name"], match["text"].replace("''", "'") if quoted else match["bare"], quoted)
        )
        at = match.end()
        if not match["end"]:
            return found
