"""Whether a target's map gives its settings what they need; nothing is asked over the network."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from regbridge import Finding, Level, PluginContext, did_you_mean
from regbridge_dynamics.settings import DynamicsSettings
from regbridge_dynamics.source import Source

_STATE = "statecode"
_STATUS = "statuscode"


def field_findings(settings: DynamicsSettings, context: PluginContext) -> Iterator[Finding]:
    """Yield what the settings and the map of a target make impossible for every record."""
    mapped = context.target.map if context.target else {}
    if not mapped:  # a plugin makes the records, and nobody knows their fields
        return
    for source in settings.sources():
        yield from _missing(source, mapped, (*context.path, "settings", "key"))
        if source.column in mapped and source.fields != (source.column,):
            yield Finding(
                Level.ERROR,
                f"{source.column} is fed by {', '.join(source.fields)}, so its map says nothing",
                remedy="leave one of them out",
                path=(*context.path, "map", source.column),
            )
    for name, lookup in settings.lookups.items():
        path = (*context.path, "settings", "lookups", name)
        for source in lookup.sources(name) or (Source(name, (name,)),):
            yield from _missing(source, mapped, path)
    if _STATE in mapped and _STATUS not in mapped:
        yield Finding(
            Level.ERROR,
            "statecode is never set alone",
            remedy="add statuscode to the map",
            path=(*context.path, "map", _STATE),
        )


def _missing(
    source: Source, mapped: Mapping[str, Any], path: tuple[str | int, ...]
) -> Iterator[Finding]:
    for field in source.fields:
        if field not in mapped:
            yield Finding(
                Level.ERROR,
                f"the map has no field {field!r}, which {source.column} needs",
                remedy=did_you_mean(field, mapped) or "add it to the map",
                path=path,
            )
