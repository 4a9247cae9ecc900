"""Upserts of sObject Collections: many records, one object, one external id."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from typing import Any

from regbridge_salesforce.simulator.database import Database, Row, same
from regbridge_salesforce.simulator.errors import (
    ApiError,
    RecordError,
    no_such_column,
    not_found,
    unreadable,
)
from regbridge_salesforce.simulator.schema import FieldType, ObjectType
from regbridge_salesforce.simulator.values import kept, require_readable

MOST = 200

Result = dict[str, Any]


class Upserts:
    """Carries out one call. `locked` says of each record whether somebody else changes it now."""

    def __init__(self, database: Database, *, save_duplicates: bool = False) -> None:
        self._database = database
        self._save_duplicates = save_duplicates

    def run(self, object_name: str, key_name: str, body: bytes, locked: int = 0) -> list[Result]:
        """Return the results in the order of the records. Raises `ApiError`.

        The first `locked` records are refused because somebody else is changing them.
        """
        sobject = self._database.object(object_name)
        key = sobject.field(key_name)
        if key is None or not key.external_id:
            raise not_found(
                f"Provided external ID field does not exist or is not accessible: {key_name}"
            )
        records, all_or_none = _read(body)
        for record in records:
            self._require_form(sobject, record)
        twice = _twice(key, records)
        results = []
        before = [Row(row.id, dict(row.values)) for row in self._database.rows[sobject.name]]
        for place, record in enumerate(records):
            try:
                if place < locked:
                    raise RecordError("UNABLE_TO_LOCK_ROW", "unable to obtain exclusive access")
                results.append(self._upsert(sobject, key, record, twice))
            except RecordError as error:
                results.append({"success": False, "errors": [error.document]})
        if all_or_none and not all(one["success"] for one in results):
            self._database.rows[sobject.name] = before
            rolled = RecordError("ALL_OR_NONE_OPERATION_ROLLED_BACK", "Record rolled back")
            return [
                {"success": False, "errors": [rolled.document]} if one["success"] else one
                for one in results
            ]
        return results

    def _require_form(self, sobject: ObjectType, record: Any) -> None:
        """Raise `ApiError` for what spoils the call for all records."""
        attributes = record.get("attributes") if isinstance(record, dict) else None
        if not isinstance(attributes, dict) or not isinstance(attributes.get("type"), str):
            raise ApiError(400, "INVALID_INPUT", "A record has no attributes with its type")
        if attributes["type"] != sobject.name:
            raise ApiError(400, "INVALID_INPUT", "A record is of another type than the URI")
        for name, value in record.items():
            if name.lower() == "id":
                raise ApiError(
                    400,
                    "INVALID_FIELD",
                    "The Id field should not be specified in the sobject data.",
                )
            if name == "attributes":
                continue
            if relation := sobject.relation(name):
                self._require_reference(relation, value)
                continue
            field = sobject.field(name)
            if field is None:
                raise no_such_column(name, sobject.name)
            require_readable(field, value)

    def _require_reference(self, relation: FieldType, value: Any) -> None:
        if not isinstance(value, dict):
            raise unreadable(f"{relation.relationship} is no object")
        keys = [name for name in value if name != "attributes"]
        parent = self._parent(relation, value)
        if len(keys) != 1 or not (key := parent.field(keys[0])) or not key.external_id:
            raise ApiError(
                400, "INVALID_FIELD", f"{relation.relationship} is not named by one external id"
            )
        require_readable(key, value[keys[0]])

    def _parent(self, relation: FieldType, value: Mapping[str, Any]) -> ObjectType:
        given = value.get("attributes", {}).get("type")
        if given is None and len(relation.refers_to) > 1:
            raise ApiError(400, "INVALID_FIELD", f"{relation.relationship} may be several objects")
        name = given or relation.refers_to[0]
        if name not in relation.refers_to:
            raise ApiError(400, "INVALID_FIELD", f"{relation.relationship} refers to no {name}")
        return self._database.object(name)

    def _upsert(
        self, sobject: ObjectType, key: FieldType, record: Mapping[str, Any], twice: set[Any]
    ) -> Result:
        wanted = kept(key, record.get(key.name))
        if wanted is None:
            raise RecordError("MISSING_ARGUMENT", f"{key.name} not specified")
        if same(key, wanted) in twice:
            raise RecordError(
                "DUPLICATE_VALUE", f"Duplicate external id specified: {wanted}", key.name
            )
        found = self._database.with_value(sobject, key, wanted)
        if len(found) > 1:
            ids = ", ".join(row.id for row in found)
            raise RecordError(
                "DUPLICATE_EXTERNAL_ID",
                f"{key.label or key.name}: more than one record found for external id field: "
                f"[{ids}]",
                key.name,
            )
        row = found[0] if found else None
        values = self._values(sobject, record)
        self._require_right(sobject, {**(row.values if row else {}), **values}, row)
        if row:
            row.values.update(values)
            return {"id": row.id, "success": True, "errors": [], "created": False}
        return {
            "id": self._database.add(sobject, values).id,
            "success": True,
            "errors": [],
            "created": True,
        }

    def _values(self, sobject: ObjectType, record: Mapping[str, Any]) -> dict[str, Any]:
        values: dict[str, Any] = {}
        for name, value in record.items():
            if name == "attributes":
                continue
            if relation := sobject.relation(name):
                _require_right_to(relation)
                values[relation.name] = self._referred(relation, value)
            elif field := sobject.field(name):
                _require_right_to(field)
                values[field.name] = kept(field, value)
        return values

    def _referred(self, relation: FieldType, value: Mapping[str, Any]) -> str:
        parent = self._parent(relation, value)
        [name] = [name for name in value if name != "attributes"]
        key = parent.field(name)
        assert key
        found = self._database.with_value(parent, key, kept(key, value[name]))
        if len(found) != 1:
            raise RecordError(
                "INVALID_FIELD",
                f"Foreign key external ID: {value[name]} not found for field {key.name} in entity "
                f"{parent.name}",
            )
        return found[0].id

    def _require_right(
        self, sobject: ObjectType, values: Mapping[str, Any], row: Row | None
    ) -> None:
        if not (sobject.may_update if row else sobject.may_create):
            raise RecordError(
                "INSUFFICIENT_ACCESS_OR_READONLY", "insufficient access rights on object id"
            )
        missing = [one.name for one in sobject.fields if one.required and not values.get(one.name)]
        if missing:
            raise RecordError(
                "REQUIRED_FIELD_MISSING",
                f"Required fields are missing: [{', '.join(missing)}]",
                *missing,
            )
        self._database.require_unique(sobject, values, row)
        if sobject.validation and (text := sobject.validation(values)):
            raise RecordError("FIELD_CUSTOM_VALIDATION_EXCEPTION", text)
        if self._save_duplicates or not sobject.duplicates:
            return
        if text := sobject.duplicates(values):
            raise RecordError("DUPLICATES_DETECTED", text)


def _read(body: bytes) -> tuple[list[Any], bool]:
    try:
        document = json.loads(body)
    except ValueError:
        raise unreadable("Unexpected character") from None
    records = document.get("records") if isinstance(document, dict) else None
    if not isinstance(records, list) or not records:
        raise unreadable("records is missing")
    if len(records) > MOST:
        raise ApiError(
            400,
            "EXCEEDED_ID_LIMIT",
            f"record limit reached. cannot submit more than {MOST} records into this call",
        )
    all_or_none = document.get("allOrNone", False)
    if not isinstance(all_or_none, bool) or document.keys() - {"records", "allOrNone"}:
        raise unreadable("Unrecognized field")
    return records, all_or_none


def _twice(key: FieldType, records: list[Any]) -> set[Any]:
    """Return the external ids that come more than once; all their records are refused."""
    given = (record.get(key.name) for record in records)
    counts = Counter(
        same(key, one.strip() if isinstance(one, str) else one) for one in given if one is not None
    )
    return {one for one, count in counts.items() if count > 1}


def _require_right_to(field: FieldType) -> None:
    if not field.may_write:
        raise RecordError(
            "INVALID_FIELD_FOR_INSERT_UPDATE",
            f"Unable to create/update fields: {field.name}. Please check the security settings of "
            "this field and verify that it is read/write for your profile or permission set.",
            field.name,
        )
