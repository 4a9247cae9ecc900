"""`regbridge check`: everything that is wrong with the configuration."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from regbridge.checks import ClientCheck, check_folder
from regbridge.cli.logs import LogLevel, LogSettings, set_up_logging
from regbridge.cli.options import CONFIGS, AsJson, Configs
from regbridge.cli.printing import how_many, print_json, say
from regbridge.models import Finding, Level


def check(
    clients: Annotated[list[str] | None, typer.Argument(help="Clients; all if left out.")] = None,
    configs: Configs = CONFIGS,
    online: Annotated[
        bool, typer.Option("--online", help="Try the targets too, without changing anything.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Check every configuration file and run the cases beside it."""
    set_up_logging(LogSettings(LogLevel.ERROR))
    base, checked = check_folder(configs, clients or (), online=online)
    if as_json:
        print_json(
            {
                "findings": [_finding(finding) for finding in base],
                "clients": [_client(client) for client in checked],
            }
        )
    else:
        _print(base, checked)
    findings = [*base, *(finding for client in checked for finding in client.findings)]
    raise typer.Exit(1 if any(finding.level is Level.ERROR for finding in findings) else 0)


def _print(base: list[Finding], checked: list[ClientCheck]) -> None:
    for finding in base:
        say(f"{finding.level}: {finding}")
    for client in checked:
        for finding in client.findings:
            say(f"{finding.level}: {finding}")
        if client.is_ok:
            counts = ", ".join(how_many(n, things) for things, n in client.counts.items())
            say(f"{client.name}: OK ({counts})")
    if not checked and not base:
        say("No client yet; run `regbridge new-client NAME`.")


def _client(client: ClientCheck) -> dict[str, Any]:
    return {
        "client": client.name,
        "file": client.file,
        "ok": client.is_ok,
        "counts": client.counts,
        "findings": [_finding(finding) for finding in client.findings],
    }


def _finding(finding: Finding) -> dict[str, Any]:
    return {
        "level": finding.level.value,
        "where": finding.where,
        "message": finding.message,
        "remedy": finding.remedy,
    }
