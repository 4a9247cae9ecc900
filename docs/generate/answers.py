"""What the API answers, path by path, from the OpenAPI document that it serves."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from docs.generate.markdown import code, table

from regbridge.web.api.document import PATHS, ROOT
from regbridge.web.api.schemas import SCHEMAS

Schema = Mapping[str, Any]


def write(_about: str) -> str:
    """Return each path with its parameters and the fields of its answer."""
    parts = [part for path, methods in PATHS.items() for part in _path(path, methods["get"])]
    for name, schema in SCHEMAS.items():
        parts += [f"### {name}", table(_HEADINGS, _fields(schema))]
    return "\n\n".join(parts)


_HEADINGS = ("field", "type", "always there", "is")


def _path(path: str, operation: Schema) -> Iterator[str]:
    yield f"### GET {ROOT}{path}"
    yield operation["summary"]
    if parameters := operation.get("parameters"):
        yield table(["parameter", "type", "is"], map(_parameter, parameters))
    content = operation["responses"]["200"]["content"]["application/json"]["schema"]
    yield f"Answers {_type(content)}."


def _parameter(parameter: Schema) -> tuple[str, str, str]:
    schema = parameter["schema"]
    limits = [
        f"{words} {json.dumps(schema[key])}"
        for key, words in (("minimum", "from"), ("maximum", "to"), ("default", "default"))
        if key in schema
    ]
    means = _plain(parameter)
    if parameter.get("required"):
        means = f"required: {means[0].lower()}{means[1:]}"
    return code(parameter["name"]), ", ".join([_type(schema), *limits]), means


def _fields(schema: Schema, before: str = "") -> Iterator[tuple[str, str, str, str]]:
    """Yield a row for each field, those of an object without a name below its own."""
    required = schema.get("required", ())
    for name, field in schema.get("properties", {}).items():
        there = "yes" if name in required else ""
        yield code(before + name), _type(field), there, _plain(field)
        nested, sign = (field["items"], "[].") if "items" in field else (field, ".")
        yield from _fields(nested, f"{before}{name}{sign}")


def _plain(described: Schema) -> str:
    return str(described.get("description", "")).rstrip(".")


def _type(schema: Schema) -> str:
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        return f"[{name}](#{name.lower()})"
    if "anyOf" in schema or "oneOf" in schema:
        return " or ".join(_type(each) for each in schema.get("anyOf", schema.get("oneOf")))
    if schema.get("type") == "array":
        return f"a list of {_type(schema['items'])}"
    if schema.get("format") == "date-time":
        kind, or_null = "time", isinstance(schema["type"], list)
        return f"{kind} or null" if or_null else kind
    if "enum" in schema:
        return " or ".join(code(str(each)) for each in schema["enum"])
    kinds = schema.get("type", "anything")
    return " or ".join(kinds) if isinstance(kinds, list) else str(kinds)
