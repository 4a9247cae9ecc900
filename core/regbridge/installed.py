"""The installed plugins with their versions, bundled or not."""

from __future__ import annotations

import inspect
from dataclasses import dataclass
from importlib.metadata import EntryPoint
from pathlib import Path

from regbridge.errors import ConfigError
from regbridge.pipeline import hook_names
from regbridge.plugin import Plugin
from regbridge.registry import installed, plugin_class


@dataclass(frozen=True, slots=True)
class InstalledPlugin:
    """One entry point; `error` says why it cannot be used."""

    name: str
    hooks: tuple[str, ...]
    distribution: str
    version: str
    path: str
    purpose: str = ""
    error: str = ""


def installed_plugins() -> list[InstalledPlugin]:
    """Return the installed plugins by name; loads each."""
    return [_look_at(entry) for entry in installed().values()]


def hooks_of(plugin: type[Plugin]) -> tuple[str, ...]:
    """Return the hooks that a plugin implements, in the order of the stages."""
    options = [
        (name, getattr(method, "regbridge_impl", None))
        for name, method in inspect.getmembers(plugin, callable)
    ]
    own = {option.get("specname") or name for name, option in options if option is not None}
    return tuple(hook for hook in hook_names() if hook in own)


def _look_at(entry: EntryPoint) -> InstalledPlugin:
    name = entry.dist.name if entry.dist else ""
    version = entry.dist.version if entry.dist else ""
    try:
        plugin = plugin_class(entry.name, Path())
    except ConfigError as error:
        text = "; ".join(str(finding) for finding in error.findings)
        return InstalledPlugin(entry.name, (), name, version, entry.value, error=text)
    purpose = (inspect.getdoc(plugin) or "").partition("\n")[0]
    return InstalledPlugin(entry.name, hooks_of(plugin), name, version, entry.value, purpose)
