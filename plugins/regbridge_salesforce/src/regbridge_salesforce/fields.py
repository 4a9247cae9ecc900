"""Whether a target's map gives its settings what they need; nothing is asked over the network."""

from __future__ import annotations

from collections.abc import Iterator

from regbridge import Finding, Level, PluginContext, did_you_mean
from regbridge_salesforce.settings import SalesforceSettings

_NEVER = frozenset({"id", "attributes"})


def field_findings(settings: SalesforceSettings, context: PluginContext) -> Iterator[Finding]:
    """Yield what the settings and the map of a target make impossible for every record."""
    mapped = context.target.map if context.target else {}
    if not mapped:  # a plugin makes the records, and nobody knows their fields
        return
    needed: dict[str, tuple[str, ...]] = {settings.external_id: ("external_id",)}
    needed |= {name: ("lookups", name) for name in settings.lookups}
    for name, path in needed.items():
        if name not in mapped:
            yield Finding(
                Level.ERROR,
                f"the map has no field {name!r}",
                remedy=did_you_mean(name, mapped) or "add it to the map",
                path=(*context.path, "settings", *path),
            )
    for name in mapped:
        if name.lower() in _NEVER:
            yield Finding(
                Level.ERROR,
                f"{name} is never sent: Salesforce knows the record by its external id",
                remedy="remove it from the map",
                path=(*context.path, "map", name),
            )
