"""`regbridge show-config`: a client's configuration as it holds, after merging."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import typer
import yaml

from regbridge.cli.options import CONFIGS, AsJson, Configs
from regbridge.cli.printing import print_json, say
from regbridge.config.loader import ClientFile, claimed, client_paths, load_client
from regbridge.config.resolved import leaves
from regbridge.errors import ConfigError
from regbridge.models import Finding, Level
from regbridge.nearest import did_you_mean
from regbridge.registry import build


def show_config(
    client: Annotated[str, typer.Argument(help="The client's name.")],
    configs: Configs = CONFIGS,
    origins: Annotated[
        bool, typer.Option("--origins", help="Say where each value comes from.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Show a client's configuration merged over base.yaml, with secrets as references."""
    client_file = load_client(configs, _find(configs, client))
    build(client_file).close()  # refuses a literal under a plugin's secret, which must not be shown
    if as_json:
        print_json(_figures(client_file, origins))
        return
    say(f"# {client_file.config.client}, fingerprint {client_file.fingerprint}")
    if origins:
        for leaf in leaves(client_file):
            say(f"{leaf.origin}: {leaf.key}: {json.dumps(leaf.value, ensure_ascii=False)}")
    else:
        typer.echo(yaml.safe_dump(dict(client_file.values), sort_keys=False, allow_unicode=True))


def _find(configs: Path, name: str) -> Path:
    files = {claimed(configs, path)[0]: path for path in client_paths(configs)}
    if name not in files:
        finding = Finding(Level.ERROR, f"no client {name!r}", remedy=did_you_mean(name, files))
        raise ConfigError([finding])
    return files[name]


def _figures(client_file: ClientFile, origins: bool) -> dict[str, Any]:
    figures: dict[str, Any] = {
        "client": client_file.config.client,
        "fingerprint": client_file.fingerprint,
        "values": client_file.values,
    }
    if origins:
        figures["origins"] = {leaf.key: leaf.origin for leaf in leaves(client_file)}
    return figures
