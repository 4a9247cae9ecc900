"""`regbridge schema`: the JSON Schema by which an editor checks the configuration files."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from regbridge.cli.options import CONFIGS, Configs
from regbridge.cli.printing import complain, findings_of, say
from regbridge.config.json_schema import client_schema
from regbridge.errors import ConfigError
from regbridge.plugin import Plugin
from regbridge.registry import installed, plugin_class

FILE = "regbridge.schema.json"


def schema(
    configs: Configs = CONFIGS,
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", help=f"Instead of {FILE} beside base.yaml; - prints it."),
    ] = None,
) -> None:
    """Write the JSON Schema of the configuration files, with the settings of all plugins."""
    text = schema_text()
    if output == Path("-"):
        typer.echo(text)
        return
    path = output or configs / FILE
    path.write_text(text, encoding="utf-8", newline="\n")
    say(f"Wrote {path}")


def schema_text() -> str:
    """Return the schema; a plugin that cannot be loaded is named on stderr and left out."""
    plugins: dict[str, type[Plugin]] = {}
    for name in installed():
        try:
            plugins[name] = plugin_class(name, Path())
        except ConfigError as error:
            for text in findings_of(error):
                complain(text)
    return json.dumps(client_schema(plugins), indent=2) + "\n"
