"""The rows of a table as a target lists them, and its records in the same form."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from regbridge import Delivered
from regbridge_dynamics.comparable import can_be_compared, comparable
from regbridge_dynamics.connection import GUID
from regbridge_dynamics.keys import mark_of_row
from regbridge_dynamics.records import BIND, Upsert
from regbridge_dynamics.schema import LOOKUPS, TEXTS, Column, Table
from regbridge_dynamics.settings import DynamicsSettings

_BY_ID = re.compile(rf"\w+\(({GUID})\)", re.ASCII)
# So many bytes an answer has at most, when every text is as long as its column allows.
_ANSWER = 32_000_000
_ROW = 500
_VALUE = 100
_SIGN = 3


class Rows:
    """What a target writes of its table; `mapped` is the target's map.

    Without a map, a plugin makes the records, and every column that can be written counts.
    """

    def __init__(self, table: Table, settings: DynamicsSettings, mapped: Mapping[str, Any]) -> None:
        self.table = table
        self._key = settings.sources()
        self._lookups = settings.lookups
        keyed = {source.column for source in self._key}
        self._columns = [
            column
            for name in dict.fromkeys((*(mapped or table.columns), *settings.lookups))
            if (column := table.columns.get(name)) and name not in keyed and self._is_sent(column)
        ]

    @property
    def query(self) -> Mapping[str, str]:
        """What asks for the columns, of rows that have a key: others are nobody's of ours."""
        keys = [self.table.columns[source.column].property_name for source in self._key]
        select = [*keys, *(column.property_name for column in self._columns)]
        query = {"$select": ",".join(dict.fromkeys(select))}
        if keys != [self.table.primary_id]:
            query["$filter"] = " and ".join(f"{name} ne null" for name in keys)
        return query

    def in_a_page(self, most: int) -> int:
        """Return how many rows fit into one answer, at most `most`."""
        sizes = (
            _VALUE + (_SIGN * (column.max_length or 0) if column.type in TEXTS else 0)
            for column in self._columns
        )
        return max(1, min(most, _ANSWER // (_ROW + sum(sizes))))

    def of_row(self, row: Mapping[str, Any]) -> Delivered | None:
        """Return a row as it is listed, None for one without a key."""
        mark = mark_of_row(self.table, self._key, row)
        fields = {
            column.name: comparable(column, row.get(column.property_name))
            for column in self._columns
        }
        return Delivered(mark, fields) if mark else None

    def of_upsert(self, upsert: Upsert) -> Delivered:
        """Return how the row of an upsert is listed.

        A lookup that was bound by a key is left out: nobody knows the other record's id.
        """
        fields = {}
        for column in self._columns:
            name = self._written_as(column)
            if name not in upsert.body:
                continue
            value = upsert.body[name]
            if column.type in LOOKUPS and value is not None:
                match = _BY_ID.fullmatch(value)
                if not match:
                    continue
                value = match[1]
            fields[column.name] = comparable(column, value)
        return Delivered(upsert.address.mark, fields)

    def _is_sent(self, column: Column) -> bool:
        is_known = column.type not in LOOKUPS or column.name in self._lookups
        return is_known and column.name != self.table.primary_id and can_be_compared(column)

    def _written_as(self, column: Column) -> str:
        if column.type not in LOOKUPS:
            return column.name
        return self.table.navigation[column.name, self._lookups[column.name].table] + BIND
