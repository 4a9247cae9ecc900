"""How every command prints."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Any

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from regbridge.errors import ConfigError, RegbridgeError

_NO_LIMIT = 10_000


def console() -> Console:
    """Return where results are printed; only a terminal has a width that text is folded at."""
    found = Console(highlight=False, emoji=False, markup=False)
    if not found.is_terminal:
        found.width = _NO_LIMIT
    return found


def harmless(value: object) -> str:
    """Return a value as text without control characters: registrants write what they like."""
    return "".join(
        sign if sign.isprintable() else sign.encode("unicode_escape").decode()
        for sign in str(value)
    )


def print_table(
    title: str, columns: Sequence[str], rows: Iterable[Sequence[object]], right: Sequence[str] = ()
) -> None:
    """Print rows, with the columns named in `right` set to the right; nothing for no rows."""
    table = Table(title=title, title_justify="left", title_style="bold")
    for name in columns:
        table.add_column(name, justify="right" if name in right else "left", overflow="fold")
    for row in rows:
        table.add_row(*(Text(harmless("" if value is None else value)) for value in row))
    if table.rows:
        console().print(table)


def print_json(value: Any) -> None:
    """Print a value as JSON, in ASCII because a console's code page may be any."""
    typer.echo(json.dumps(value, indent=2))


def say(text: str) -> None:
    """Print a line of the result."""
    typer.echo(harmless(text))


def complain(text: str) -> None:
    """Print a line about what went wrong."""
    typer.echo(f"error: {harmless(text)}", err=True)


def warn(text: str) -> None:
    """Print a line about what may go wrong."""
    typer.echo(f"warning: {harmless(text)}", err=True)


def findings_of(error: RegbridgeError) -> list[str]:
    """Return what an error says, one text for each finding."""
    if isinstance(error, ConfigError):
        return [str(finding) for finding in error.findings]
    return [str(error)]


def how_many(count: int, things: str) -> str:
    """Return a number of things, named in the plural: `1 case`, `2 cases`."""
    return f"{count} {things.removesuffix('s') if count == 1 else things}"
