"""Whether a target's map fits the parameters of the operation that it feeds."""

from __future__ import annotations

from collections.abc import Iterator

from regbridge import Finding, Level, PluginContext, did_you_mean
from regbridge_protech.operation import XsdType
from regbridge_protech.settings import ServiceSettings


def field_findings(settings: ServiceSettings, context: PluginContext) -> Iterator[Finding]:
    """Yield the fields that no parameter takes, and the parameters that nothing gives a value."""
    mapped = context.target.map if context.target else {}
    parameters = {parameter.name: parameter for parameter in settings.parameters}
    for name in mapped:
        path = (*context.path, "map", name)
        if name not in parameters:
            message = f"the operation {settings.operation} has no parameter {name!r}"
            remedy = did_you_mean(name, parameters) or "list it under parameters:"
            yield Finding(Level.ERROR, message, remedy=remedy, path=path)
        elif parameters[name].is_fixed:
            message = f"the parameter {name} has a constant, so its map says nothing"
            yield Finding(Level.ERROR, message, remedy="leave one of them out", path=path)
    for number, parameter in enumerate(settings.parameters):
        # Without any map, a plugin makes the records, and nobody knows their fields.
        given = parameter.is_fixed or parameter.name in mapped or not mapped
        may_be_empty = parameter.nillable or parameter.type is XsdType.STRING
        if parameter.required and not given and not may_be_empty:
            path = (*context.path, "settings", "parameters", number)
            message = f"the parameter {parameter.name} is required, and nothing gives it a value"
            yield Finding(Level.ERROR, message, remedy="add it to the map", path=path)
