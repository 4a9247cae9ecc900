"""`regbridge http`: what helps to set up a receiver."""

from __future__ import annotations

import typer

from regbridge_http.signing import new_secret

app = typer.Typer(no_args_is_help=True, help="Set up a receiver of signed messages.")


@app.callback()
def _http() -> None:
    """Set up a receiver of signed messages."""


@app.command()
def secret() -> None:
    """Print a new secret, as Standard Webhooks writes it."""
    typer.echo(new_secret())
