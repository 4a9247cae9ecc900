"""What client files say about one plugin, whatever else is still wrong in them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from regbridge.config.explain import explain
from regbridge.config.loader import client_paths, read_draft
from regbridge.config.place import Keys, located
from regbridge.errors import ConfigError
from regbridge.plugin import Settings


@dataclass(frozen=True, slots=True)
class Use:
    """One use of a plugin: `settings` are checked, `events` the client's event ids by name."""

    client: str
    settings: Settings
    events: Mapping[str, str]


def uses(folder: Path, plugin: str, model: type[Settings], client: str = "") -> Iterator[Use]:
    """Yield each use of a plugin in a configuration folder, or in one client's file.

    A plugin's own commands help to write a client file, so they cannot wait until all of it is
    right. Raises `ConfigError` when a file cannot be read at all, or the plugin's settings are
    wrong.
    """
    for path in client_paths(folder):
        draft = read_draft(folder, path)
        values = draft.values
        name = str(values.get("client", path.stem))
        for at, settings in _named(values, plugin):
            if client in ("", name):
                try:
                    checked = model.model_validate(settings, context={"folder": folder})
                except ValidationError as error:
                    findings = explain(error, model, (*at, "settings"))
                    raise ConfigError(located(findings, draft.origins)) from None
                yield Use(name, checked, dict(_event_ids(values)))


def _named(values: Mapping[str, Any], plugin: str) -> Iterator[tuple[Keys, Any]]:
    plugins = values.get("plugins")
    rules = enumerate(plugins) if isinstance(plugins, list) else ()
    entries: list[tuple[Keys, Any]] = [(("plugins", number), use) for number, use in rules]
    entries += [(("targets", name), use) for name, use in _map(values.get("targets")).items()]
    for at, use in entries:
        if use == plugin:
            yield at, {}
        elif _map(use).get("use") == plugin:
            yield at, use.get("settings", {})


def _event_ids(values: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for name, event in _map(values.get("events")).items():
        if isinstance(id_ := _map(event).get("id"), str):
            yield name, id_


def _map(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}
