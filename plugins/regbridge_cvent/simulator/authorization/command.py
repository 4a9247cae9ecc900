"""`regbridge simulate cvent-oauth`: the authorization server on the command line."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated

import typer

from regbridge.commands import wait_for_stop
from regbridge_cvent.simulator.authorization.service import AuthorizationServer
from regbridge_cvent.simulator.authorization.signing import (
    ALGORITHMS,
    SigningKey,
    SigningKeys,
)
from regbridge_cvent.simulator.authorization.vendors import VENDORS

PORT = 8490
"""The port unless another is given."""


def simulate(
    port: Annotated[
        int, typer.Option(min=0, max=65535, help="Listen at this port; 0 is any free one.")
    ] = PORT,
    vendor: Annotated[
        str, typer.Option(help=f"Whose ways it has: {', '.join(VENDORS)}.")
    ] = "entra",
    algorithm: Annotated[
        str, typer.Option(help=f"How tokens are signed: {', '.join(ALGORITHMS)}.")
    ] = "RS256",
    seconds: Annotated[
        int, typer.Option(min=1, max=86_400, help="How long a token is good for.")
    ] = 3600,
) -> None:
    """Stand in for an authorization server that gives Cvent tokens, until Ctrl+C."""
    _require(vendor, VENDORS, "--vendor")
    _require(algorithm, ALGORITHMS, "--algorithm")
    keys = SigningKeys(SigningKey.make(algorithm))
    server = AuthorizationServer(VENDORS[vendor](), keys=keys, seconds=seconds)
    try:
        server.start(port)
    except OSError as error:
        reason = error.strerror or str(error)
        raise typer.BadParameter(
            f"cannot listen at port {port} ({reason}); give another one", param_hint="--port"
        ) from None
    try:
        _announce(server)
        wait_for_stop()
    finally:
        server.stop()
    typer.echo(f"Stopped after {server.site.calls.total()} calls.")


def _require(value: str, known: Iterable[str], option: str) -> None:
    if value not in known:
        text = f"there is no {value!r}; {', '.join(known)} are known"
        raise typer.BadParameter(text, param_hint=option)


def _announce(server: AuthorizationServer) -> None:
    typer.echo(f"issuer:        {server.issuer}")
    typer.echo(f"audience:      {server.vendor.audience}")
    typer.echo(f"token URL:     {server.token_url}")
    typer.echo(f"client id:     {server.client.id}")
    typer.echo(f"client secret: {server.client.secret}")
    typer.echo(f"scope:         {server.vendor.scope}")
    typer.echo("Ctrl+C stops it.")
