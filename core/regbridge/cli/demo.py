"""`regbridge demo`: watch sample messages become delivered records."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
from rich.table import Table

from regbridge.cli.logs import LogLevel, LogSettings, set_up_logging
from regbridge.cli.printing import how_many
from regbridge.demo import Account, Stage, demo_stage, run_demo
from regbridge.system import hear_of_stops, wait_for


def demo(
    sync: Annotated[int, typer.Option(min=1, max=100_000, help="Registrants of the sync.")] = 1000,
    keep: Annotated[bool, typer.Option("--keep", help="Leave the host running.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the figures as JSON.")] = False,
) -> None:
    """Start a host of its own, send it sample messages and a sync, account for every record."""
    set_up_logging(LogSettings(LogLevel.ERROR))
    folder = Path(tempfile.mkdtemp(prefix="regbridge-demo-"))
    with demo_stage(folder) as stage:
        account = _run(stage, sync, quiet=as_json)
        if as_json:
            typer.echo(json.dumps(_figures(account), indent=2))
        else:
            _print_account(account, folder)
        if keep:
            typer.echo(f"The host goes on at {stage.host.url}; Ctrl+C stops it.", err=as_json)
            if stage.host.console:
                link = f"{stage.host.url}/console/enter?link={stage.host.console.one_time_link()}"
                typer.echo(f"The console, by a link that works once: {link}", err=as_json)
            wait_for(hear_of_stops())
            typer.echo("Stopping.", err=as_json)
    raise typer.Exit(1 if account.mistakes else 0)


def _run(stage: Stage, sync: int, *, quiet: bool) -> Account:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    console = Console(stderr=True)
    with Progress(*columns, console=console, disable=quiet or not console.is_terminal) as bars:
        tasks = {
            name: bars.add_task(name, total=None)
            for name in ("sample payloads", "sync", "registrations")
        }

        def progress(name: str, done: int, total: int) -> None:
            bars.update(tasks[name], completed=done, total=total)

        return run_demo(stage, sync, progress)


def _figures(account: Account) -> dict[str, object]:
    return {
        "messages": account.messages,
        "malformed": account.malformed,
        "registrations_sent": account.sent,
        "registrations_accounted_for": account.ended.total(),
        "ended": [
            {"client": client, "state": state, "reason": reason, "registrations": count}
            for (client, state, reason), count in sorted(account.ended.items())
        ],
        "files": account.delivered,
        "figures": account.figures,
        "seconds": round(account.seconds, 2),
        "mistakes": account.mistakes,
    }


def _print_account(account: Account, folder: Path) -> None:
    console = Console()
    table = Table("client", "state", "reason", title="What became of every registration sent")
    table.add_column("registrations", justify="right")
    for (client, state, reason), count in sorted(account.ended.items()):
        table.add_row(client, state, escape(reason), str(count))
    table.add_section()
    table.add_row("", "accounted for", "", str(account.ended.total()))
    table.add_row("", "sent", f"in {account.messages} messages", str(account.sent))
    if account.figures:
        table.add_section()
    for name, figure in account.figures.items():
        table.add_row("", "", name, str(figure))
    console.print(table)
    typer.echo(f"Malformed messages, kept and answered 400: {account.malformed}")
    for path, lines in account.delivered.items():
        typer.echo(f"{how_many(lines, 'delivered records')} in {path}")
    typer.echo(f"The ledger and the configuration are in {folder}")
    for mistake in account.mistakes:
        typer.echo(f"WRONG: {mistake}", err=True)
    if not account.mistakes:
        typer.echo(f"The sum is right. It took {account.seconds:.1f} seconds.")
