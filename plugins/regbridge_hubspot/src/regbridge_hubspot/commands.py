"""`regbridge hubspot`: what helps to set up a HubSpot target."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer
from pydantic import ConfigDict

from regbridge import ConfigError, did_you_mean
from regbridge.commands import CONFIGS, Configs, print_table, say, shared_limiters, uses
from regbridge_hubspot.client import HubspotApi, api_of
from regbridge_hubspot.definitions import read_properties
from regbridge_hubspot.describe import property_rows, target_block
from regbridge_hubspot.settings import ConnectionSettings

PLUGIN = "hubspot"

app = typer.Typer(no_args_is_help=True, help="Set up a HubSpot target.")


class _Connection(ConnectionSettings):
    """The connection alone: the rest of a target may not be written yet."""

    model_config = ConfigDict(extra="ignore", frozen=True)


@app.callback()
def _hubspot() -> None:
    """Set up a HubSpot target."""


@app.command()
def properties(
    object_type: Annotated[str, typer.Argument(help="contacts, or a custom object's name or id.")],
    client: Annotated[str, typer.Option(help="The client whose account is asked.")] = "",
    configs: Configs = CONFIGS,
) -> None:
    """Print what a type of object takes, and a mapping block to begin with."""
    with _api(configs, _chosen(configs, client)) as api:
        found = read_properties(api, object_type)
    columns = ("property", "label", "takes", "notes")
    print_table(f"{object_type}: {len(found)} properties", columns, property_rows(found))
    for line in target_block(found, object_type).splitlines():
        say(line)


@contextmanager
def _api(configs: Path, settings: ConnectionSettings) -> Iterator[HubspotApi]:
    """Yield an account's API, asked under the limits that the host keeps."""
    with shared_limiters(configs) as limiters:
        api = api_of(settings, limiters.limiter)
        try:
            yield api
        finally:
            api.close()


def _chosen(configs: Path, client: str) -> ConnectionSettings:
    """Return the connection of a client; the only one there is, if none is named."""
    found = {
        use.client: use.settings
        for use in uses(configs, PLUGIN, _Connection)
        if isinstance(use.settings, ConnectionSettings)
    }
    if not found:
        remedy = "write a target with access_token or oauth"
        raise ConfigError.of(f"no client uses {PLUGIN}", remedy)
    if client:
        if client not in found:
            message = f"the client {client} has no target with use: {PLUGIN}"
            raise ConfigError.of(message, did_you_mean(client, found))
        return found[client]
    if len(found) > 1:
        names = ", ".join(sorted(found))
        raise ConfigError.of("several clients use HubSpot", f"name one by --client: {names}")
    return next(iter(found.values()))
