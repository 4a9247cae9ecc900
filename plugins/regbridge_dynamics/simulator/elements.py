"""Answers `$select`, `$expand` and `$filter` on documents that are no records, such as metadata."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from regbridge_dynamics.simulator.columns import GUID
from regbridge_dynamics.simulator.errors import (
    ApiError,
    bad_request,
    no_such_property,
    not_simulated,
)
from regbridge_dynamics.simulator.filters import Comparison, Kind, Operator, matches, parse_filter
from regbridge_dynamics.simulator.namespace import NAMESPACE

_ENUMS = frozenset({"AttributeType", "RequiredLevel/Value", "EntityKeyIndexStatus"})
_FUNCTION = re.compile(r"\b(startswith|endswith|contains)\s*\(", re.IGNORECASE)
_EXPANSION = re.compile(r"(?P<name>\w+)(\((?P<options>.*)\))?", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Element:
    """A document: `values` may be selected, `parts` come only when they are expanded.

    `declared` is the type that the resource has; of another (derived) type only the names in
    `base` may be selected, and a cast is needed for the others.
    """

    type_name: str
    values: Mapping[str, Any]
    declared: str
    base: frozenset[str] = frozenset()
    parts: Mapping[str, tuple[Element, ...] | Element | None] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Options:
    """Query options, of a request or of one `$expand`."""

    select: tuple[str, ...] = ()
    expand: Mapping[str, Options] = field(default_factory=dict)
    filter: str = ""
    aliases: Mapping[str, str] = field(default_factory=dict)


def read_options(query: Mapping[str, str]) -> Options:
    """Return the options of a query. Raises `ApiError` for others."""
    for name in query:
        if name not in ("$select", "$expand", "$filter", "tag") and not name.startswith("@"):
            raise bad_request(f"The query parameter {name} is not supported.")
    aliases = {name: value for name, value in query.items() if name.startswith("@")}
    select = query.get("$select", "")
    return Options(
        tuple(name.strip() for name in select.split(",")) if select else (),
        _expansions(query.get("$expand", "")),
        query.get("$filter", ""),
        aliases,
    )


def show(element: Element, options: Options) -> dict[str, Any]:
    """Return the parts of a document that are asked for. Raises `ApiError` for unknown names."""
    is_derived = element.type_name != element.declared
    for name in options.select:
        if name not in element.values or (is_derived and name not in element.base):
            raise no_such_property(element.declared, name)
    shown: dict[str, Any] = {}
    if is_derived:
        shown["@odata.type"] = f"#{NAMESPACE}{element.type_name}"
    wanted = {"MetadataId", *options.select} if options.select else set(element.values)
    shown |= {name: value for name, value in element.values.items() if name in wanted}
    for name, inner in options.expand.items():
        if name not in element.parts:
            raise no_such_property(element.declared, name)
        part = element.parts[name]
        if isinstance(part, tuple):
            shown[name] = show_all(part, inner)
        else:
            shown[name] = show(part, inner) if part else None
    return shown


def show_all(elements: Iterable[Element], options: Options) -> list[dict[str, Any]]:
    """Return those documents that the filter lets pass. Raises `ApiError`."""
    found = tuple(elements)
    if options.filter:
        if _FUNCTION.search(options.filter):
            message = "The function isn't supported for Metadata Entities"
            raise ApiError(501, "0x8006088a", message)
        node = parse_filter(options.filter, options.aliases)

        def passes(element: Element) -> bool:
            return matches(node, lambda one: _holds(one, element))

        found = tuple(element for element in found if passes(element))
    return [show(element, options) for element in found]


def _holds(one: Comparison, element: Element) -> bool:
    value: Any = element.values
    for step in one.name.split("/"):
        if not isinstance(value, Mapping) or step not in value:
            raise no_such_property(element.declared, one.name)
        value = value[step]
    equal: bool = value == _wanted(one, value)
    if one.operator is Operator.EQ:
        return equal
    if one.operator is Operator.NE:
        return not equal
    raise not_simulated(f"the operator '{one.operator}' for metadata")


def _wanted(one: Comparison, value: object) -> object:
    """Return what a literal says. Raises `ApiError` when its type is not the property's."""
    literal = one.literal
    found: object = literal.text
    if literal.kind is Kind.NULL:
        return None
    if literal.kind is Kind.ENUM:
        found = literal.text.partition("'")[2].rstrip("'")
    elif literal.kind is Kind.BARE and not GUID.fullmatch(literal.text):
        found = {"true": True, "false": False}.get(literal.text)
    is_enum = literal.kind is Kind.ENUM
    if is_enum != (one.name in _ENUMS) or (value is not None and type(found) is not type(value)):
        raise bad_request(
            f"A binary operator with incompatible types was detected: the value for '{one.name}' "
            "has another type."
        )
    return found


def _expansions(text: str) -> dict[str, Options]:
    found = {}
    for part in _split(text, ","):
        match = _EXPANSION.fullmatch(part.strip())
        if not match:
            raise bad_request(f"Syntax error in the expansion '{part}'.")
        inner = dict(option.strip().partition("=")[::2] for option in _split(match["options"], ";"))
        found[match["name"]] = read_options(inner)
    return found


def _split(text: str | None, sign: str) -> list[str]:
    """Return the pieces between signs that stand outside of brackets and quotes."""
    pieces, depth, quoted, start = [], 0, False, 0
    for at, character in enumerate(text or ""):
        quoted ^= character == "'"
        depth += 0 if quoted else (character == "(") - (character == ")")
        if character == sign and not depth and not quoted:
            pieces.append((text or "")[start:at])
            start = at + 1
    return [*pieces, text[start:]] if text else []
