"""Says whether a value has the shape that a schema of the API tells."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from regbridge.web.api.schemas import SCHEMAS, Schema

_TYPES: Mapping[str, Callable[[Any], bool]] = {
    "null": lambda value: value is None,
    "string": lambda value: isinstance(value, str),
    "boolean": lambda value: isinstance(value, bool),
    "integer": lambda value: isinstance(value, int) and not isinstance(value, bool),
    "number": lambda value: isinstance(value, int | float) and not isinstance(value, bool),
    "array": lambda value: isinstance(value, list),
    "object": lambda value: isinstance(value, dict),
}


def fits(value: Any, schema: Schema) -> bool:
    """Say whether a value can be used as what a schema tells: types and required properties.

    What the schemas of the API do not use is not looked at; more properties are always fine.
    """
    if "$ref" in schema:
        return fits(value, SCHEMAS[schema["$ref"].rpartition("/")[2]])
    if "anyOf" in schema:
        return any(fits(value, each) for each in schema["anyOf"])
    types = schema["type"] if isinstance(schema["type"], list) else [schema["type"]]
    if not any(_TYPES[name](value) for name in types):
        return False
    if isinstance(value, list):
        return all(fits(each, schema["items"]) for each in value)
    return not isinstance(value, dict) or _object_fits(value, schema)


def _object_fits(value: dict[str, Any], schema: Schema) -> bool:
    known = schema.get("properties", {})
    others = schema.get("additionalProperties")
    return all(name in value for name in schema.get("required", ())) and all(
        fits(each, known[name]) if name in known else others is None or fits(each, others)
        for name, each in value.items()
    )
