"""Writes the structure of Cvent's OpenAPI specification, without a word of its texts.

    python tests/reference/extract.py SPECIFICATION.yaml tests/reference/cvent-openapi.json

Kept is what a validator needs: paths, methods, operationId, the scopes of `security`, parameters,
bodies, responses, and schemas as far as `SCHEMA` names their keywords.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

METHODS = frozenset({"delete", "get", "patch", "post", "put"})
SCHEMA = frozenset(
    {
        "$ref",
        "additionalProperties",
        "allOf",
        "enum",
        "format",
        "items",
        "maxLength",
        "maximum",
        "minimum",
        "oneOf",
        "properties",
        "required",
        "type",
    }
)
PARAMETER = frozenset({"$ref", "explode", "in", "name", "required", "schema", "style"})


def main(source: Path, target: Path) -> None:
    """Extract one file into another."""
    specification = yaml.safe_load(source.read_text(encoding="utf-8"))
    text = json.dumps(extract(specification), indent=1, sort_keys=True, ensure_ascii=False)
    target.write_text(f"{text}\n", encoding="utf-8", newline="\n")


def extract(specification: Mapping[str, Any]) -> dict[str, Any]:
    """Return the structure of a specification."""
    components = specification["components"]
    return {
        "openapi": specification["openapi"],
        "info": {"title": "Structure of a subset", "version": specification["info"]["version"]},
        "servers": [{"url": server["url"]} for server in specification["servers"]],
        "paths": {path: _path(item) for path, item in specification["paths"].items()},
        "components": {
            "parameters": _each(components["parameters"], _parameter),
            "responses": _each(components["responses"], _response),
            "schemas": _each(components["schemas"], _schema),
        },
    }


def _path(item: Mapping[str, Any]) -> dict[str, Any]:
    operations = {name: _operation(item[name]) for name in METHODS & item.keys()}
    if "parameters" in item:
        return {**operations, "parameters": [_parameter(each) for each in item["parameters"]]}
    return operations


def _operation(operation: Mapping[str, Any]) -> dict[str, Any]:
    kept: dict[str, Any] = {
        "operationId": operation["operationId"],
        "responses": _each(operation["responses"], _response),
    }
    if "parameters" in operation:
        kept["parameters"] = [_parameter(each) for each in operation["parameters"]]
    if "requestBody" in operation:
        body = operation["requestBody"]
        kept["requestBody"] = {"required": body.get("required", False), **_content(body)}
    if "security" in operation:
        kept["security"] = operation["security"]
    return kept


def _parameter(parameter: Mapping[str, Any]) -> dict[str, Any]:
    kept = {name: value for name, value in parameter.items() if name in PARAMETER}
    return {**kept, "schema": _schema(kept["schema"])} if "schema" in kept else kept


def _response(response: Mapping[str, Any]) -> dict[str, Any]:
    return {"$ref": response["$ref"]} if "$ref" in response else _content(response)


def _content(holder: Mapping[str, Any]) -> dict[str, Any]:
    if "content" not in holder:
        return {}
    return {
        "content": {
            media: {"schema": _schema(each["schema"])} for media, each in holder["content"].items()
        }
    }


def _schema(schema: Any) -> Any:
    """Keep the keywords of a schema, and everything that is named in `properties`."""
    if not isinstance(schema, Mapping):  # additionalProperties may be true or false
        return schema
    kept: dict[str, Any] = {}
    for keyword in SCHEMA & schema.keys():
        value = schema[keyword]
        if keyword == "properties":
            kept[keyword] = _each(value, _schema)
        elif keyword in ("allOf", "oneOf"):
            kept[keyword] = [_schema(each) for each in value]
        elif keyword in ("items", "additionalProperties"):
            kept[keyword] = _schema(value)
        else:
            kept[keyword] = value
    return kept


def _each(named: Mapping[str, Any], change: Any) -> dict[str, Any]:
    return {str(name): change(value) for name, value in named.items()}


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
