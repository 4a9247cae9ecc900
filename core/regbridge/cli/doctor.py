"""`regbridge doctor`: what is wrong here, and a bundle for who is asked to help."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from regbridge.cli.logs import LogLevel, LogSettings, set_up_logging
from regbridge.cli.options import CONFIGS, AsJson, Configs
from regbridge.cli.printing import print_json, say
from regbridge.doctor.bundle import write_bundle
from regbridge.doctor.checkup import Checkup, examine


def doctor(
    online: Annotated[
        bool, typer.Option("--online", help="Ask the targets and the vendors' services too.")
    ] = False,
    bundle: Annotated[
        Path | None,
        typer.Option(
            help="Also write a ZIP file for who is asked to help; nobody's data is in it."
        ),
    ] = None,
    log: Annotated[
        Path | None, typer.Option(help="With --bundle: take the end of this log file along.")
    ] = None,
    configs: Configs = CONFIGS,
    as_json: AsJson = False,
) -> None:
    """Examine configuration, machine, service, ledger and clock; say what to do about each fault.

    Nothing is changed. Exits with 1 when something is wrong that keeps regbridge from working.
    """
    if log is not None and bundle is None:
        raise typer.BadParameter("--log goes with --bundle")
    set_up_logging(LogSettings(LogLevel.ERROR))
    now = datetime.now(UTC)
    checkup = examine(configs, now, online=online)
    if bundle is not None:
        write_bundle(bundle, configs, checkup, now, log)
    if as_json:
        print_json(_findings(checkup))
    else:
        _print(checkup)
        if bundle is not None:
            say(f"Written: {bundle}. Look through it before you send it.")
    raise typer.Exit(0 if checkup.is_well else 1)


def _findings(checkup: Checkup) -> list[dict[str, str]]:
    return [
        {
            "topic": topic.name,
            "level": finding.level.value,
            "where": finding.where,
            "message": finding.message,
            "remedy": finding.remedy,
        }
        for topic in checkup.topics
        for finding in topic.findings
    ]


def _print(checkup: Checkup) -> None:
    for topic in checkup.topics:
        say(f"{topic.name}:")
        for finding in topic.findings:
            at = f"{finding.where}: " if finding.where else ""
            say(f"  {finding.level.value:8}{at}{finding.message}")
            if finding.remedy:
                say(f"          {finding.remedy}")
