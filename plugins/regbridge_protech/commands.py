"""`regbridge protech`: what helps to set up a Protech target."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit

import typer

from regbridge import ConfigError
from regbridge.commands import say
from regbridge.http import Outbound
from regbridge_protech.describe import describe as describe_wsdl
from regbridge_protech.operation import Binding
from regbridge_protech.wsdl import WSDL_LIMIT

app = typer.Typer(no_args_is_help=True, help="Set up a Protech target.")


@app.callback()
def _protech() -> None:
    """Set up a Protech target."""


@app.command()
def describe(
    wsdl: Annotated[str, typer.Argument(help="The service's address, or a file with its WSDL.")],
    operation: Annotated[str, typer.Option(help="The operation, if there are several.")] = "",
    binding: Annotated[
        Binding | None, typer.Option(help="How it is called; SOAP 1.1 if it is offered.")
    ] = None,
    service: Annotated[str, typer.Option(help="The service, if there are several.")] = "",
) -> None:
    """Print the settings of a target that calls one operation, ready to paste."""
    document = _fetched(wsdl) if "://" in wsdl else _read(Path(wsdl))
    for line in describe_wsdl(document, operation, binding, service).splitlines():
        say(line)


def _fetched(url: str) -> bytes:
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise typer.BadParameter("the address begins with https:// or http://, then a host")
    outbound = Outbound("the Protech service", url, largest=WSDL_LIMIT)
    try:
        answer = outbound.send("GET", url if parts.query else f"{url}?WSDL")
    finally:
        outbound.close()
    if answer.status != 200:
        message = f"the service answers {answer.status} and shows no WSDL"
        remedy = "ask its administrator for the WSDL as a file"
        raise ConfigError.of(message, remedy)
    return answer.body


def _read(path: Path) -> bytes:
    if path.stat().st_size > WSDL_LIMIT:
        message = f"the file has more than {WSDL_LIMIT:,} bytes, so it is no WSDL"
        raise ConfigError.of(message, where=str(path))
    return path.read_bytes()
