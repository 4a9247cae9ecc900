"""Finds the piece of metadata that a path names, and answers with it."""

from __future__ import annotations

import re
from collections.abc import Sequence

from regbridge_dynamics.simulator.columns import GUID
from regbridge_dynamics.simulator.elements import Element, Options, read_options, show, show_all
from regbridge_dynamics.simulator.errors import ApiError, bad_key, bad_request, no_such_segment
from regbridge_dynamics.simulator.metadata import (
    BASE_ATTRIBUTE,
    attributes,
    entity,
    keys,
    relationships,
)
from regbridge_dynamics.simulator.namespace import NAMESPACE
from regbridge_dynamics.simulator.request import Answer, Call
from regbridge_dynamics.simulator.schema import Schema, Table
from regbridge_dynamics.simulator.site import Site

_SEGMENT = re.compile(
    r"(?P<name>\w+)(\((?:LogicalName='(?P<logical>\w+)'|(?P<id>[0-9A-Fa-f-]{36}))\))?", re.ASCII
)


class MetadataReader:
    """Answers GET below `EntityDefinitions` (reference/dataverse-web-api.md, section 11)."""

    def __init__(self, schema: Schema, site: Site) -> None:
        self._schema = schema
        self._site = site

    def answer(self, segments: Sequence[str], call: Call) -> Answer:
        """Answer for the decoded segments of a path. Raises `ApiError`."""
        options = read_options(call.query)
        name, logical, found_id = _parsed(segments[0])
        assert name == "EntityDefinitions"
        if not logical and not found_id:
            if len(segments) > 1:
                raise no_such_segment(segments[1])
            return self._many("EntityDefinitions", self._entities(), options)
        table = self._table(logical, found_id)
        if len(segments) == 1:
            return self._one("EntityDefinitions", entity(self._schema, table), options)
        return self._below(table, segments[1:], options)

    def _below(self, table: Table, segments: Sequence[str], options: Options) -> Answer:
        name, logical, found_id = _parsed(segments[0])
        place = f"EntityDefinitions('{table.name}')/{name}"
        found: tuple[Element, ...]
        if name == "Attributes":
            found = attributes(table, _cast(segments[1:]))
            place += f"/{NAMESPACE}{_cast(segments[1:])}" if segments[1:] else ""
        elif name == "Keys" and not segments[1:]:
            found = keys(table)
        elif name == "ManyToOneRelationships" and not segments[1:]:
            found = relationships(self._schema, table)
        else:
            raise no_such_segment(segments[-1])
        if not logical and not found_id:
            return self._many(place, found, options)
        return self._one(place, _pick(found, logical, found_id), options)

    def _entities(self) -> tuple[Element, ...]:
        return tuple(entity(self._schema, table) for table in self._schema)

    def _table(self, logical: str, found_id: str) -> Table:
        wanted = _pick(self._entities(), logical, found_id)
        return self._schema.table(wanted.values["LogicalName"])

    def _many(self, place: str, found: tuple[Element, ...], options: Options) -> Answer:
        context = f"{self._site.base_url}/$metadata#{place}"
        return Answer(200, {"@odata.context": context, "value": show_all(found, options)})

    def _one(self, place: str, found: Element, options: Options) -> Answer:
        if options.filter:
            raise bad_request("The query parameter $filter is not supported for one resource.")
        context = f"{self._site.base_url}/$metadata#{place}/$entity"
        return Answer(200, {"@odata.context": context, **show(found, options)})


def _parsed(segment: str) -> tuple[str, str, str]:
    match = _SEGMENT.fullmatch(segment)
    if not match:
        if "(" in segment:
            raise bad_key(segment.partition("(")[0])
        raise no_such_segment(segment)
    found_id = match["id"] or ""
    if found_id and not GUID.fullmatch(found_id):
        raise bad_key(match["name"])
    return match["name"], match["logical"] or "", found_id.lower()


def _cast(segments: Sequence[str]) -> str:
    if not segments:
        return ""
    name = segments[0].removeprefix(NAMESPACE)
    if len(segments) > 1 or name == segments[0] or not name.endswith(BASE_ATTRIBUTE):
        raise no_such_segment(segments[-1])
    return name


def _pick(found: tuple[Element, ...], logical: str, found_id: str) -> Element:
    for element in found:
        if element.values.get("LogicalName") == logical or element.values["MetadataId"] == found_id:
            return element
    message = f"Could not find an entity with specified entity key: '{logical or found_id}'."
    raise ApiError(404, "0x80060888", message)
