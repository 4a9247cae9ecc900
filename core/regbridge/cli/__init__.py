"""The command line: `regbridge COMMAND`."""

from __future__ import annotations

import io
import sys
from collections.abc import Mapping, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Annotated, ClassVar, NoReturn

import typer

from regbridge.cli.extensions import COMMANDS, Extended
from regbridge.cli.printing import complain, findings_of
from regbridge.errors import RegbridgeError


class Regbridge(Extended):
    """`regbridge` itself."""

    own: ClassVar[Mapping[str, str]] = {
        "demo": "regbridge.cli.demo:demo",
        "new-client": "regbridge.cli.new_client:new_client",
        "check": "regbridge.cli.check:check",
        "serve": "regbridge.cli.serve:serve",
        "work": "regbridge.cli.serve:work",
        "send": "regbridge.cli.send:send",
        "status": "regbridge.cli.status:status",
        "show": "regbridge.cli.show:show",
        "preview": "regbridge.cli.preview:preview",
        "retry": "regbridge.cli.retry:retry",
        "ignore": "regbridge.cli.ignore:ignore",
        "correct": "regbridge.cli.correct:correct",
        "replay": "regbridge.cli.replay:replay",
        "reconcile": "regbridge.cli.reconcile:reconcile",
        "pause": "regbridge.cli.pause:pause",
        "resume": "regbridge.cli.pause:resume",
        "drain": "regbridge.cli.drain:drain",
        "purge": "regbridge.cli.purge:purge",
        "forget": "regbridge.cli.forget:forget",
        "rotate-token": "regbridge.cli.rotate_token:rotate_token",
        "doctor": "regbridge.cli.doctor:doctor",
        "backup": "regbridge.cli.backup:backup",
        "restore": "regbridge.cli.restore:restore",
        "show-config": "regbridge.cli.show_config:show_config",
        "plugins": "regbridge.cli.plugins:plugins",
        "new-plugin": "regbridge.cli.new_plugin:new_plugin",
        "schema": "regbridge.cli.schema:schema",
        "secret": "regbridge.cli.secret:secret",
        "encrypt": "regbridge.cli.encrypt:encrypt",
        "upgrade": "regbridge.cli.upgrade:upgrade",
        "deploy": "regbridge.cli.deploy:deploy",
        "simulate": "regbridge.cli.simulate:simulate",
    }
    entries = COMMANDS


app = typer.Typer(
    cls=Regbridge,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


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
    except Exception as error:
        from regbridge.tracebacks import told

        typer.echo(told(error), err=True)
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
    variables: Annotated[
        Path | None,
        typer.Option(
            help="Begin with the environment variables of a file that `regbridge deploy` wrote."
        ),
    ] = None,
) -> None:
    """Receive Cvent registration webhooks, deliver every registration to a CRM."""
    from regbridge.cli.logs import LogLevel, LogSettings, set_up_logging

    # What a command has to say it prints; `serve`, `work` and `demo` log more.
    set_up_logging(LogSettings(LogLevel.ERROR))
    if variables is not None:
        from regbridge.deploy.variables import set_variables

        set_variables(variables)
