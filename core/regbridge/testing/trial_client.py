"""The client of a trial: what its author wrote of it, and what every client needs beside that."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

from regbridge.config.loader import ClientFile, Draft, read_base
from regbridge.config.merge import merge
from regbridge.config.place import shown
from regbridge.config.yaml_file import YamlFile, read_yaml
from regbridge.errors import ConfigError
from regbridge.models import Finding
from regbridge.plugin import Plugin
from regbridge.registry import plugin_class

TOKEN = "REGBRIDGE_TRIAL_TOKEN"  # noqa: S105 - the name of a variable
"""The variable with the token of the endpoint that a client gets when it has none."""

_ENDPOINTS = {"trial": {"path": "/trial", "tokens": [{"env": TOKEN}]}}
_LETS_IN = "cvent-token"
_NAME = "trial.yaml"


def client_file(
    client: str | Mapping[str, Any] | Path,
    given: Mapping[str, type[Plugin]],
    folder: Path,
    scratch: Path,
) -> ClientFile:
    """Return the configuration of a trial; `scratch` is a folder for a file with its text.

    Raises `ConfigError` with all that is wrong at once.
    """
    own = _own(client, scratch)
    path = client if isinstance(client, Path) else folder / "clients" / _NAME
    base = YamlFile(folder / "base.yaml", {}, {(): 1})
    if base.path.exists():
        base = read_base(base.path)
    values = merge(base.value, own.value)
    values.pop("host", None)
    values = {"client": "trial", "endpoints": _ENDPOINTS, **values}
    if not any(_authenticates(use, given, path.parent) for use in _used(values)):
        values["plugins"] = [*(values.get("plugins") or []), _LETS_IN]
    origins = {**base.origins, **own.origins}
    return Draft(path, folder, values, origins, own).checked()


def _own(client: str | Mapping[str, Any] | Path, scratch: Path) -> YamlFile:
    if isinstance(client, Path):
        return read_yaml(client)
    if isinstance(client, Mapping):
        return YamlFile(Path(_NAME), dict(client), {(): 1})
    file = scratch / _NAME
    file.write_text(client, encoding="utf-8", newline="\n")
    try:
        written = read_yaml(file)
    except ConfigError as error:
        raise ConfigError([_without_folder(finding, file) for finding in error.findings]) from None
    return YamlFile(Path(_NAME), written.value, written.lines)


def _without_folder(finding: Finding, file: Path) -> Finding:
    return replace(finding, where=finding.where.replace(shown(file), _NAME))


def _used(values: Mapping[str, Any]) -> Iterator[str]:
    plugins = values.get("plugins")
    for plugin in plugins if isinstance(plugins, list) else []:
        use = plugin.get("use") if isinstance(plugin, Mapping) else plugin
        if isinstance(use, str):
            yield use


def _authenticates(use: str, given: Mapping[str, type[Plugin]], beside: Path) -> bool:
    with suppress(ConfigError):  # which is found again, with its place, when plugins are made
        return hasattr(given.get(use) or plugin_class(use, beside), "authenticate_request")
    return False
