"""What pydantic finds wrong, as findings for the person who edits the file."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from pydantic import BaseModel, PydanticUserError, ValidationError
from pydantic_core import ErrorDetails

from regbridge.config.place import Keys
from regbridge.models import Finding, Level
from regbridge.nearest import did_you_mean

_EXPECTED = {
    "dict_type": "a mapping (key: value)",
    "model_type": "a mapping (key: value)",
    "list_type": "a list (- item)",
    "string_type": "text",
    "bool_type": "true or false",
    "bool_parsing": "true or false",
    "int_type": "a whole number",
    "int_parsing": "a whole number",
    "int_from_float": "a whole number",
    "float_type": "a number",
    "float_parsing": "a number",
}

_Node = Mapping[str, Any]


def explain(error: ValidationError, model: type[BaseModel], at: Keys = ()) -> list[Finding]:
    """Return a finding for each error, with the nearest valid name where one is misspelt.

    `at` are the keys from the top of the file to the value that `model` describes; `where` is left
    to the caller. No finding quotes a value, because it may be a secret; the exception is one that
    is not among the few valid names.
    """
    try:
        schema: _Node = model.model_json_schema()
    except PydanticUserError:  # a plugin's own type; only the nearest names are lost
        schema = {}
    return [_finding(detail, schema, at) for detail in error.errors(include_url=False)]


def _finding(detail: ErrorDetails, schema: _Node, at: Keys) -> Finding:
    keys = tuple(key for key in detail["loc"] if key != "[key]")
    message, remedy = _explanation(detail, schema, keys)
    return Finding(Level.ERROR, message, remedy=remedy, path=at + keys)


def _explanation(detail: ErrorDetails, schema: _Node, keys: Keys) -> tuple[str, str]:
    match detail["type"]:
        case "extra_forbidden":
            valid = [name for node in _nodes(schema, keys[:-1]) for name in _names(node)]
            return f"unknown key {keys[-1]!r}", did_you_mean(str(keys[-1]), valid)
        case "missing":
            return f"{keys[-1]} is missing", "add it"
        case "enum" | "literal_error" if valid := _valid_values(schema, keys):
            written = str(detail["input"])
            return f"{written!r} is not one of the valid values", did_you_mean(written, valid)
        case "value_error":
            return str(detail["ctx"]["error"]), ""
        case kind if expected := _EXPECTED.get(kind):
            number = kind == "string_type" and isinstance(detail["input"], int | float)
            return f"{expected} was expected", "write it in quotes" if number else ""
    return detail["msg"].replace("Input should", "the value should"), ""


def _nodes(schema: _Node, keys: Keys) -> list[_Node]:
    """Return what a JSON Schema says about the value that the keys lead to."""
    nodes = [*_alternatives(schema, schema)]
    for key in keys:
        nodes = [
            node
            for parent in nodes
            for child in _children(parent, key)
            for node in _alternatives(schema, child)
        ]
    return nodes


def _alternatives(schema: _Node, node: _Node) -> Iterator[_Node]:
    yield node
    if reference := node.get("$ref"):
        yield from _alternatives(schema, schema["$defs"][reference.rpartition("/")[2]])
    for choice in (*node.get("anyOf", ()), *node.get("oneOf", ())):
        yield from _alternatives(schema, choice)


def _children(node: _Node, key: str | int) -> Iterator[_Node]:
    found = node.get("items") if isinstance(key, int) else node.get("properties", {}).get(key)
    others = (node.get("additionalProperties"), *node.get("patternProperties", {}).values())
    for child in [found] if found else others:
        if isinstance(child, Mapping):
            yield child


def _names(node: _Node) -> list[str]:
    return list(node.get("properties", ()))


def _valid_values(schema: _Node, keys: Keys) -> list[str]:
    return [
        str(value)
        for node in _nodes(schema, keys)
        for value in node.get("enum", [node["const"]] if "const" in node else [])
    ]
