"""`regbridge salesforce`: what helps to set up a Salesforce target."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer
from pydantic import ConfigDict

from regbridge import ConfigError, did_you_mean
from regbridge.commands import CONFIGS, Configs, print_table, say, shared_limiters, uses
from regbridge_salesforce.client import RestApi, limiter_key
from regbridge_salesforce.connection import ConnectionSettings
from regbridge_salesforce.describe import field_rows, target_block
from regbridge_salesforce.metadata import Metadata

PLUGIN = "salesforce"

app = typer.Typer(no_args_is_help=True, help="Set up a Salesforce target.")


class _Org(ConnectionSettings):
    """The connection alone: the rest of a target may not be written yet."""

    model_config = ConfigDict(extra="ignore", frozen=True)


@app.callback()
def _salesforce() -> None:
    """Set up a Salesforce target."""


@app.command()
def fields(
    object_name: Annotated[
        str, typer.Argument(metavar="OBJECT", help="The API name of an object, such as Contact.")
    ],
    client: Annotated[str, typer.Option(help="The client whose org is asked.")] = "",
    org: Annotated[str, typer.Option(help="Its URL, if the client has several.")] = "",
    configs: Configs = CONFIGS,
) -> None:
    """Print an object's fields, and a settings and map block to begin with."""
    with _metadata(configs, _chosen(configs, client, org)) as metadata:
        found = metadata.find(object_name)
        if found is None:
            remedy = metadata.suggestion(object_name)
            raise ConfigError.of(f"the integration user sees no object {object_name!r}", remedy)
    print_table(found.name, ("field", "label", "takes", "notes"), field_rows(found))
    for line in target_block(found).splitlines():
        say(line)


@contextmanager
def _metadata(configs: Path, settings: ConnectionSettings) -> Iterator[Metadata]:
    """Yield what the org says, asked for under the limits that the host keeps."""
    with shared_limiters(configs) as limiters:
        api = RestApi(settings, limiters.limiter(limiter_key(settings)))
        try:
            yield Metadata(api)
        finally:
            api.close()


def _chosen(configs: Path, client: str, org: str) -> ConnectionSettings:
    """Return the one connection that the client files name for a client and a URL."""
    found = {
        use.settings.url: use.settings
        for use in uses(configs, PLUGIN, _Org, client)
        if isinstance(use.settings, ConnectionSettings)
    }
    if org:
        wanted = org.rstrip("/").lower()
        if wanted not in found:
            raise ConfigError.of(f"no target has the url {wanted}", did_you_mean(wanted, found))
        return found[wanted]
    if len(found) > 1:
        raise ConfigError.of("there are several orgs", f"name one of {', '.join(found)}")
    if not found:
        who = f"the client {client}" if client else "no client"
        message = f"{who} has no target with use: {PLUGIN}" if client else f"{who} uses {PLUGIN}"
        raise ConfigError.of(message, "write a target with url, client_id and client_secret")
    return next(iter(found.values()))
