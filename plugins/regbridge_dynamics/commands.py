"""`regbridge dynamics`: what helps to set up a Dynamics target."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer
from pydantic import ConfigDict

from regbridge import ConfigError, did_you_mean
from regbridge.commands import CONFIGS, Configs, print_table, say, shared_limiters, uses
from regbridge_dynamics.client import WebApi, limiter_key
from regbridge_dynamics.connection import ConnectionSettings
from regbridge_dynamics.describe import column_rows, key_rows, target_block
from regbridge_dynamics.metadata import Metadata

PLUGIN = "dynamics"

app = typer.Typer(no_args_is_help=True, help="Set up a Dynamics target.")


class _Environment(ConnectionSettings):
    """The connection alone: the rest of a target may not be written yet."""

    model_config = ConfigDict(extra="ignore", frozen=True)


@app.callback()
def _dynamics() -> None:
    """Set up a Dynamics target."""


@app.command()
def describe(
    table: Annotated[str, typer.Argument(help="The logical name of a table.")],
    client: Annotated[str, typer.Option(help="The client whose environment is asked.")] = "",
    environment: Annotated[str, typer.Option(help="Its URL, if the client has several.")] = "",
    configs: Configs = CONFIGS,
) -> None:
    """Print a table's columns and keys, and a mapping block to begin with."""
    with _metadata(configs, _chosen(configs, client, environment)) as metadata:
        found = metadata.find(table)
        if found is None:
            raise ConfigError.of(f"no table {table!r}", metadata.suggestion(table))
    print_table(
        f"{found.name} ({found.entity_set})",
        ("column", "label", "takes", "notes"),
        column_rows(found),
    )
    print_table("alternate keys", ("key", "columns", "state"), key_rows(found))
    for line in target_block(found).splitlines():
        say(line)


@contextmanager
def _metadata(configs: Path, settings: ConnectionSettings) -> Iterator[Metadata]:
    """Yield what the environment says, asked for under the limits that the host keeps."""
    with shared_limiters(configs) as limiters:
        web = WebApi(settings, limiters.limiter(limiter_key(settings)))
        try:
            yield Metadata(web, is_fresh=True)
        finally:
            web.close()


def _chosen(configs: Path, client: str, environment: str) -> ConnectionSettings:
    """Return the one connection that the client files name for a client and a URL."""
    found = {
        use.settings.url: use.settings
        for use in uses(configs, PLUGIN, _Environment, client)
        if isinstance(use.settings, ConnectionSettings)
    }
    if environment:
        wanted = environment.rstrip("/").lower()
        if wanted not in found:
            raise ConfigError.of(f"no target has the url {wanted}", did_you_mean(wanted, found))
        return found[wanted]
    if len(found) > 1:
        raise ConfigError.of("there are several environments", f"name one of {', '.join(found)}")
    if not found:
        who = f"the client {client}" if client else "no client"
        message = f"{who} has no target with use: {PLUGIN}" if client else f"{who} uses {PLUGIN}"
        raise ConfigError.of(
            message, "write a target with url, tenant, client_id and client_secret"
        )
    return next(iter(found.values()))
