"""`regbridge simulate http`: a receiver on a port of this machine."""

from __future__ import annotations

import json
import os
from enum import StrEnum
from typing import Annotated

import typer

from regbridge.commands import say, wait_for_stop
from regbridge.testing.server import LocalServer
from regbridge_http.signing import key_of, new_secret
from regbridge_http.simulator.flavours import FLAVOURS
from regbridge_http.simulator.receiver import Receiver
from regbridge_http.simulator.reply import Reply


class _Kind(StrEnum):
    STANDARD = "standard"
    POWER_AUTOMATE = "power-automate"
    ZAPIER = "zapier"
    N8N = "n8n"


def simulate(
    port: Annotated[
        int, typer.Option(min=0, max=65535, help="Listen at this port; 0 is any free one.")
    ] = 8097,
    kind: Annotated[
        _Kind, typer.Option("--as", help="Whose receiver it is; standard verifies signatures.")
    ] = _Kind.STANDARD,
    secret_env: Annotated[
        str, typer.Option(help="The variable with its secret; it makes one up if left out.")
    ] = "",
    status: Annotated[
        int, typer.Option(min=0, max=599, help="Answer every message so, and take none.")
    ] = 0,
    inactive: Annotated[bool, typer.Option(help="Answer as a flow that is switched off.")] = False,
) -> None:
    """Receive signed webhooks on this machine until Ctrl+C, and show what came."""
    flavour = FLAVOURS[kind.value]
    secret = _secret(secret_env) if flavour.verifies else ""
    receiver = Receiver(flavour, [secret] if secret else [])
    receiver.is_active = not inactive
    receiver.treat_all(Reply(status) if status else None)
    with LocalServer(receiver, port) as server:
        typer.echo(f"url:    {server.url}{receiver.address}")
        if secret:
            typer.echo(f"secret: {'of ' + secret_env if secret_env else secret}")
        typer.echo("Ctrl+C stops it.", err=True)
        wait_for_stop()
    for message in receiver.messages:
        say(f"{message.id} {json.dumps(message.content, ensure_ascii=False)}")
    say(
        f"{len(receiver.messages)} messages taken, {len(receiver.repeated)} that came again, "
        f"{len(receiver.refused)} refused"
    )


def _secret(variable: str) -> str:
    secret = os.environ.get(variable, "") if variable else new_secret()
    try:
        key_of(secret)
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint="--secret-env") from None
    return secret
