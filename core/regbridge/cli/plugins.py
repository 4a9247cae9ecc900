"""`regbridge plugins`: what is installed, bundled or not."""

from __future__ import annotations

import inspect
from dataclasses import asdict, dataclass
from importlib.metadata import EntryPoint
from pathlib import Path

import typer

from regbridge.cli.options import AsJson
from regbridge.cli.printing import complain, findings_of, print_json, print_table
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


def plugins(as_json: AsJson = False) -> None:
    """List the installed plugins."""
    found = [_look_at(entry) for entry in installed().values()]
    if as_json:
        print_json([asdict(plugin) for plugin in found])
    else:
        _print(found)
    raise typer.Exit(1 if any(plugin.error for plugin in found) else 0)


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
        text = "; ".join(findings_of(error))
        return InstalledPlugin(entry.name, (), name, version, entry.value, error=text)
    purpose = (inspect.getdoc(plugin) or "").partition("\n")[0]
    return InstalledPlugin(entry.name, hooks_of(plugin), name, version, entry.value, purpose)


def _print(found: list[InstalledPlugin]) -> None:
    print_table(
        "Installed plugins",
        ("name", "hooks", "from", "class", "what it does"),
        (
            (
                plugin.name,
                ", ".join(plugin.hooks),
                f"{plugin.distribution} {plugin.version}",
                plugin.path,
                plugin.error or plugin.purpose,
            )
            for plugin in found
        ),
    )
    for plugin in found:
        if plugin.error:
            complain(plugin.error)
