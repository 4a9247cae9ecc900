"""Whether the entries of a target's map fit the fields that they feed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import tzinfo
from typing import Any

from regbridge import Finding, Level, did_you_mean
from regbridge_salesforce.schema import TEXTS, Field, SObject
from regbridge_salesforce.settings import SalesforceSettings
from regbridge_salesforce.values import can_be_written, write_value

Keys = tuple[str | int, ...]


def map_findings(
    sobject: SObject,
    parents: Mapping[str, SObject],
    settings: SalesforceSettings,
    zone: tzinfo | None,
    path: Keys,
    mapped: Mapping[str, Any],
) -> Iterator[Finding]:
    """Yield what is wrong or doubtful with each entry, and with fields that have none."""
    for name, raw in mapped.items():
        entry = raw if isinstance(raw, Mapping) else {"from": raw}
        lookup = settings.lookups.get(name)
        if lookup is None:
            yield from _of_field(sobject, name, entry, zone, (*path, name))
        elif name in parents and (key := parents[name].fields.get(lookup.key)):
            yield from _of_values(key, entry, zone, (*path, name))
    if not mapped:
        return
    set_by_lookups = {
        sobject.relationships[name].name
        for name in settings.lookups
        if name in sobject.relationships
    }
    for one in sobject.fields.values():
        if one.is_required and one.name not in mapped and one.name not in set_by_lookups:
            yield Finding(
                Level.WARNING,
                f"the field {one.name} is required, and nothing gives it a value",
                remedy="add it to the map, unless the org itself fills it",
                path=path,
            )


def _of_field(
    sobject: SObject, name: str, entry: Mapping[str, Any], zone: tzinfo | None, path: Keys
) -> Iterator[Finding]:
    one = sobject.fields.get(name)
    if one is None:
        if name in sobject.relationships:
            text = f"{name} is a relationship, and the settings do not say what it refers to"
            remedy = f"add {name}: {{key: EXTERNAL_ID}} to lookups"
        else:
            text = f"the integration user sees no field {name!r} of {sobject.name}"
            remedy = did_you_mean(name, sobject.fields)
        yield Finding(Level.ERROR, text, remedy=remedy, path=path)
    elif not can_be_written(one):
        text = f"fields of the type {one.type} cannot be written"
        yield Finding(Level.ERROR, text, remedy="remove it from the map", path=path)
    elif not (one.can_create and one.can_update):
        yield Finding(
            Level.ERROR,
            f"the integration user cannot write the field {name}",
            remedy="give it the right by a permission set, or remove the field from the map",
            path=path,
        )
    else:
        yield from _of_values(one, entry, zone, path)
        yield from _of_length(one, entry, path)


def _of_length(one: Field, entry: Mapping[str, Any], path: Keys) -> Iterator[Finding]:
    given = entry.get("max_length")
    if one.type in TEXTS and isinstance(given, int) and 0 < one.length < given:
        yield Finding(
            Level.WARNING,
            f"{one.name} takes {one.length} characters, and max_length is {given}",
            remedy=f"write max_length: {one.length}",
            path=(*path, "max_length"),
        )


def _of_values(
    one: Field, entry: Mapping[str, Any], zone: tzinfo | None, path: Keys
) -> Iterator[Finding]:
    """Yield which of the values that are written in the map the field does not take."""
    for where, value in _constants(entry):
        try:
            write_value(one, value, zone)
        except ValueError as error:
            yield Finding(
                Level.ERROR, f"{one.name}: {error}", remedy="correct it", path=(*path, *where)
            )


def _constants(entry: Mapping[str, Any]) -> Iterator[tuple[tuple[str, ...], Any]]:
    for key in ("value", "then", "else", "default"):
        if entry.get(key) is not None:
            yield (key,), entry[key]
    table = entry.get("lookup")
    for name, value in table.items() if isinstance(table, Mapping) else ():
        if value is not None:
            yield ("lookup", str(name)), value
