"""`regbridge plugins`: what is installed, bundled or not."""

from __future__ import annotations

from dataclasses import asdict

import typer

from regbridge.cli.options import AsJson
from regbridge.cli.printing import complain, print_json, print_table
from regbridge.installed import InstalledPlugin, installed_plugins


def plugins(as_json: AsJson = False) -> None:
    """List the installed plugins."""
    found = installed_plugins()
    if as_json:
        print_json([asdict(plugin) for plugin in found])
    else:
        _print(found)
    raise typer.Exit(1 if any(plugin.error for plugin in found) else 0)


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
