"""The JSON Schema by which an editor completes and checks the configuration files."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from regbridge.config.schema import ClientConfig, HostConfig
from regbridge.plugin import Plugin

Schema = dict[str, Any]

_REFERENCE = "#/$defs/{model}"
_OTHER_PLUGIN = {
    "type": "string",
    "pattern": r":|\.py$",
    "description": "module:Class, or a .py file beside the client file.",
}


def client_schema(plugins: Mapping[str, type[Plugin]]) -> Schema:
    """Return the schema of a client file and of `base.yaml`; `plugins` are the installed ones.

    A key that `base.yaml` may have given is nowhere required, because an editor sees one file at a
    time: what is missing is found by `regbridge check`.
    """
    client, host = (
        model.model_json_schema(ref_template=_REFERENCE) for model in (ClientConfig, HostConfig)
    )
    definitions = client.pop("$defs") | host.pop("$defs")
    for merging in (client, host, *(definitions[name] for name in _MERGING)):
        merging.pop("required", None)
    definitions["HostConfig"] = host
    client["properties"]["host"] = {"$ref": "#/$defs/HostConfig"}
    _describe_plugins(client, definitions, plugins)
    _describe_map(definitions, plugins)
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **client,
        "title": "regbridge configuration",
        "$defs": definitions,
    }


_MERGING = ("EndpointConfig", "EventConfig", "TargetConfig")
_NAMED_PLUGIN = {"anyOf": [{"$ref": "#/$defs/PluginName"}, {"$ref": "#/$defs/PluginUse"}]}


def _describe_plugins(
    client: Schema, definitions: Schema, plugins: Mapping[str, type[Plugin]]
) -> None:
    """Offer the installed plugins wherever one is used, and let `settings` depend on `use`."""
    definitions["PluginName"] = {"anyOf": [{"enum": sorted(plugins)}, _OTHER_PLUGIN]}
    client["properties"]["plugins"]["items"] = _NAMED_PLUGIN
    for key in ("dedupe", "mapping"):
        client["properties"][key] |= _NAMED_PLUGIN
    settings = {
        name: _hoisted(name, plugin, definitions) for name, plugin in sorted(plugins.items())
    }
    for name in ("PluginUse", "TargetConfig"):
        definition = definitions[name]
        definition["properties"]["use"]["$ref"] = "#/$defs/PluginName"
        definition["allOf"] = [_choice(*item, name in _MERGING) for item in settings.items()]


def _choice(use: str, settings: Schema, merging: bool) -> Schema:
    if merging:
        settings = {key: value for key, value in settings.items() if key != "required"}
    return {
        "if": {"properties": {"use": {"const": use}}, "required": ["use"]},
        "then": {"properties": {"settings": settings}},
    }


def _hoisted(name: str, plugin: type[Plugin], definitions: Schema) -> Schema:
    """Return the schema of a plugin's settings, after moving what it refers to to the top."""
    template = f"#/$defs/{name}.{{model}}"
    settings = plugin.settings_model.model_json_schema(ref_template=template)
    for model, definition in settings.pop("$defs", {}).items():
        definitions[f"{name}.{model}"] = definition
    return settings


def _describe_map(definitions: Schema, plugins: Mapping[str, type[Plugin]]) -> None:
    """Let the entries of `map` be those of any installed plugin that maps."""
    entries = [dict(plugin.map_schema) for plugin in plugins.values() if plugin.map_schema]
    if entries:
        map_schema = definitions["TargetConfig"]["properties"]["map"]
        map_schema["additionalProperties"] = entries[0] if len(entries) == 1 else {"anyOf": entries}
