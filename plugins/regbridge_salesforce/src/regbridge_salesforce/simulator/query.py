"""The little SOQL that a target asks with, and its pages; everything else is malformed."""

from __future__ import annotations

import itertools
import re
from collections.abc import Mapping, Sequence
from typing import Any

from regbridge_salesforce.simulator.database import Database, Row
from regbridge_salesforce.simulator.errors import ApiError, no_such_column
from regbridge_salesforce.simulator.schema import FieldType, ObjectType
from regbridge_salesforce.simulator.values import shown

_QUERY = re.compile(
    r"SELECT ([A-Za-z0-9_]+(?:\.[A-Za-z0-9_]+)?(?:, [A-Za-z0-9_]+(?:\.[A-Za-z0-9_]+)?)*) "
    r"FROM ([A-Za-z0-9_]+) WHERE ([A-Za-z0-9_]+) != null",
    re.ASCII,
)
_BATCH = re.compile(r"batchSize=(\d{1,6})", re.ASCII)
_FEWEST, _MOST = 200, 2000
_LOCATORS_KEPT = 10


class Queries:
    """Answers queries; `page_size` is how many records a page has at most, for tests fewer."""

    def __init__(self, database: Database, base: str, page_size: int = _MOST) -> None:
        self.page_size = page_size
        self._database = database
        self._base = base
        self._numbers = itertools.count(1)
        self._cursors: dict[str, list[dict[str, Any]]] = {}

    def run(self, text: str, options: str) -> dict[str, Any]:
        """Return the first page. Raises `ApiError`."""
        match = _QUERY.fullmatch(text)
        if not match:
            raise ApiError(400, "MALFORMED_QUERY", "unexpected token")
        names, object_name, condition = match[1].split(", "), match[2], match[3]
        if object_name not in self._database.objects:
            raise ApiError(400, "INVALID_TYPE", f"sObject type '{object_name}' is not supported.")
        sobject = self._database.objects[object_name]
        if len(set(names)) != len(names):
            raise ApiError(400, "MALFORMED_QUERY", "duplicate field selected")
        for name in (*names, condition):
            self._require(sobject, name)
        found = [
            self._row(sobject, row, names)
            for row in self._database.rows[object_name]
            if row.values.get(condition) is not None
        ]
        cursor = f"01g{next(self._numbers):012d}AAA"
        self._cursors[cursor] = found
        for old in list(self._cursors)[:-_LOCATORS_KEPT]:
            del self._cursors[old]
        return self._page(cursor, 0, options)

    def more(self, locator: str, options: str) -> dict[str, Any]:
        """Return a further page. Raises `ApiError` for one that is not known any more."""
        cursor, _, start = locator.partition("-")
        if cursor not in self._cursors or not start.isdecimal():
            raise ApiError(400, "INVALID_QUERY_LOCATOR", "invalid query locator")
        return self._page(cursor, int(start), options)

    def forget(self) -> None:
        """Let all locators end, as Salesforce does after a while."""
        self._cursors.clear()

    def _page(self, cursor: str, start: int, options: str) -> dict[str, Any]:
        found = self._cursors[cursor]
        end = start + min(self.page_size, _size(options))
        page: dict[str, Any] = {
            "totalSize": len(found),
            "done": end >= len(found),
            "records": found[start:end],
        }
        if not page["done"]:
            page["nextRecordsUrl"] = f"{self._base}/query/{cursor}-{end}"
        return page

    def _require(self, sobject: ObjectType, name: str) -> None:
        relation_name, dot, field_name = name.rpartition(".")
        if not dot:
            if name != "Id" and sobject.field(name) is None:
                raise no_such_column(name, sobject.name)
            return
        relation = sobject.relation(relation_name)
        if relation is None or not self._parent_field(relation, field_name):
            raise ApiError(400, "INVALID_FIELD", f"Didn't understand relationship '{name}'")

    def _parent_field(self, relation: FieldType, name: str) -> FieldType | None:
        return self._database.object(relation.refers_to[0]).field(name)

    def _row(self, sobject: ObjectType, row: Row, names: Sequence[str]) -> dict[str, Any]:
        shown_row: dict[str, Any] = {"attributes": self._attributes(sobject.name, row.id)}
        for name in names:
            relation_name, dot, field_name = name.rpartition(".")
            if dot:
                relation = sobject.relation(relation_name)
                assert relation
                shown_row[relation_name] = self._parent(relation, row, field_name)
            elif name == "Id":
                shown_row["Id"] = row.id
            else:
                field = sobject.field(name)
                assert field
                shown_row[field.name] = shown(row.values.get(field.name, _empty(field)))
        return shown_row

    def _parent(self, relation: FieldType, row: Row, name: str) -> dict[str, Any] | None:
        wanted = row.values.get(relation.name)
        for object_name in relation.refers_to:
            for one in self._database.rows[object_name]:
                if one.id == wanted:
                    return {
                        "attributes": self._attributes(object_name, one.id),
                        name: one.values.get(name),
                    }
        return None

    def _attributes(self, name: str, row_id: str) -> Mapping[str, str]:
        return {"type": name, "url": f"{self._base}/sobjects/{name}/{row_id}"}


def _size(options: str) -> int:
    match = _BATCH.search(options)
    return max(_FEWEST, min(_MOST, int(match[1]))) if match else _MOST


def _empty(field: FieldType) -> Any:
    return False if field.type == "boolean" else None
