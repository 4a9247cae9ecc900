"""The command line: `regbridge COMMAND`."""

from __future__ import annotations

import io
import sys
from collections.abc import Sequence
from importlib.metadata import version
from typing import Annotated, NoReturn

import typer

from regbridge.cli import (
    check,
    demo,
    new_client,
    plugins,
    preview,
    retry,
    schema,
    send,
    serve,
    show,
    show_config,
    status,
    upgrade,
)
from regbridge.cli.extensions import Extended, simulate
from regbridge.cli.printing import complain, findings_of
from regbridge.errors import RegbridgeError

app = typer.Typer(
    cls=Extended,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)

for _command in (
    demo.demo,
    new_client.new_client,
    check.check,
    serve.serve,
    serve.work,
    send.send,
    status.status,
    show.show,
    preview.preview,
    retry.retry,
    show_config.show_config,
    plugins.plugins,
    schema.schema,
    upgrade.upgrade,
):
    app.command()(_command)


app.add_typer(simulate, name="simulate")


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Run a command and exit: 0, 1 when there are findings, 2 for a wrong command line."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # a name may not fit a code page
    try:
        app(arguments, prog_name="regbridge")
    except RegbridgeError as error:
        for text in findings_of(error):
            complain(text)
    except OSError as error:
        about = f"{error.filename}: " if error.filename else ""
        complain(f"{about}{error.strerror or error}")
    sys.exit(1)


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"regbridge {version('regbridge')}")
        raise typer.Exit


@app.callback()
def _options(
    _version: Annotated[
        bool,
        typer.Option(
            "--version", is_eager=True, callback=_print_version, help="Print the version."
        ),
    ] = False,
) -> None:
    """Receive Cvent registration webhooks, deliver every registration to a CRM."""
