"""Whether the entries of a target's map fit the properties that they feed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, tzinfo
from typing import Any

from regbridge import Finding, Level, did_you_mean
from regbridge_hubspot.definitions import Properties, Property
from regbridge_hubspot.settings import HubspotSettings
from regbridge_hubspot.values import MOST_TEXT, write_value

Keys = tuple[str | int, ...]

_SAMPLE = datetime(2027, 3, 4, 9, 30, tzinfo=UTC)
_NEVER = {
    "boolean": frozenset({"number", "date", "datetime"}),
    "integer": frozenset({"date", "datetime", "bool"}),
    "number": frozenset({"date", "datetime", "bool"}),
}


def map_findings(
    properties: Properties,
    settings: HubspotSettings,
    mapped: Mapping[str, Any],
    zone: tzinfo | None,
    path: Keys,
) -> Iterator[Finding]:
    """Yield what is wrong or doubtful with each entry; `path` is the map's."""
    for name, raw in mapped.items():
        entry = raw if isinstance(raw, Mapping) else {"from": raw}
        found = properties.get(name)
        if found is None:
            text = f"{settings.object_type} have no property {name!r}"
            remedy = did_you_mean(name, properties) or "write its internal name, not its label"
            yield Finding(Level.ERROR, text, remedy=remedy, path=(*path, name))
        elif found.is_read_only:
            text = f"the property {name} is read-only"
            yield Finding(Level.ERROR, text, remedy="remove it from the map", path=(*path, name))
        else:
            yield from _of_entry(found, entry, zone, (*path, name))


def _of_entry(
    of: Property, entry: Mapping[str, Any], zone: tzinfo | None, path: Keys
) -> Iterator[Finding]:
    if of.type in _NEVER.get(str(entry.get("type")), frozenset()):
        text = f"type: {entry['type']} does not fit a property of the type {of.type}"
        yield Finding(Level.ERROR, text, remedy="leave type out", path=(*path, "type"))
    most = entry.get("max_length")
    if isinstance(most, int) and most > MOST_TEXT:
        text = f"HubSpot takes {MOST_TEXT:,} characters, and longer texts are refused"
        remedy = f"write max_length: {MOST_TEXT}"
        yield Finding(Level.WARNING, text, remedy=remedy, path=(*path, "max_length"))
    if isinstance(pattern := entry.get("format"), str):
        yield from _of_format(of, pattern, zone, path)
        return
    for place, constant in _constants(entry):
        try:
            write_value(of, constant, zone)
        except ValueError as error:
            text = f"{of.name} does not take {constant!r}: {error}"
            yield Finding(Level.ERROR, text, remedy=_offer(of), path=(*path, *place))


def _of_format(of: Property, pattern: str, zone: tzinfo | None, path: Keys) -> Iterator[Finding]:
    if of.type not in ("date", "datetime", "number", "enumeration", "bool"):
        return
    try:
        write_value(of, _SAMPLE.strftime(pattern), zone)
    except ValueError as error:
        text = f"{of.name} does not take dates in this form: {error}"
        remedy = "write %Y-%m-%d, or %Y-%m-%dT%H:%M:%S%z"
        yield Finding(Level.ERROR, text, remedy=remedy, path=(*path, "format"))


def _offer(of: Property) -> str:
    """Return what an enumeration takes, if those are few."""
    values = [one.value for one in of.options]
    return f"it takes {', '.join(values)}" if 0 < len(values) <= 20 else ""


def _constants(entry: Mapping[str, Any]) -> Iterator[tuple[Keys, Any]]:
    """Yield what an entry sends whatever Cvent says, each with its place in the entry."""
    for name in ("value", "then", "else", "default"):
        if name in entry:
            yield (name,), entry[name]
    table = entry.get("lookup")
    for name, value in table.items() if isinstance(table, Mapping) else ():
        yield ("lookup", str(name)), value
