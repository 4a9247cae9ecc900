"""`regbridge serve` runs the host, `regbridge work` its worker alone."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from regbridge.cli.logs import LogFormat, LogLevel, LogSettings, logged
from regbridge.cli.options import CONFIGS, Configs
from regbridge.cli.printing import say
from regbridge.errors import ConfigError
from regbridge.host import Address, Host, settle_in
from regbridge.models import Finding, Level
from regbridge.system import hear_of_stops, wait_for

_Level = Annotated[LogLevel, typer.Option("--log-level", help="The least that is logged.")]
_Format = Annotated[
    LogFormat, typer.Option("--log-format", help="Text for people, JSON, or as fits.")
]
_File = Annotated[
    Path | None,
    typer.Option("--log-file", help="Log into this file, which is begun anew when it is large."),
]
_Keep = Annotated[
    int, typer.Option("--log-keep", min=1, max=1000, help="Older log files that stay, of 10 MB.")
]
_EventLog = Annotated[
    bool, typer.Option("--event-log", help="Warnings and errors into the Event Log of Windows too.")
]
_KEEP = LogSettings().keep


def serve(
    configs: Configs = CONFIGS,
    address: Annotated[str | None, typer.Option(help="Listen at this address.")] = None,
    port: Annotated[
        int | None, typer.Option(min=0, max=65535, help="Listen at this port; 0 is any free one.")
    ] = None,
    no_worker: Annotated[
        bool, typer.Option("--no-worker", help="Only receive; `regbridge work` delivers.")
    ] = False,
    log_level: _Level = LogLevel.INFO,
    log_format: _Format = LogFormat.AUTO,
    log_file: _File = None,
    log_keep: _Keep = _KEEP,
    event_log: _EventLog = False,
) -> None:
    """Receive messages and deliver their registrations until Ctrl+C or a service stop."""
    with logged(LogSettings(log_level, log_format, log_file, log_keep, event_log)):
        _run(Host(configs, worker=not no_worker, address=Address(address, port), tidy=settle_in))


def work(
    configs: Configs = CONFIGS,
    log_level: _Level = LogLevel.INFO,
    log_format: _Format = LogFormat.AUTO,
    log_file: _File = None,
    log_keep: _Keep = _KEEP,
    event_log: _EventLog = False,
) -> None:
    """Deliver what others received, beside `serve --no-worker`, until Ctrl+C or a service stop."""
    with logged(LogSettings(log_level, log_format, log_file, log_keep, event_log)):
        _run(Host(configs, web=False, tidy=settle_in))


def _run(host: Host) -> None:
    _require_a_client(host)
    stop = hear_of_stops()
    try:
        host.start()
        settle_in()
        _announce(host)
        wait_for(stop)
    finally:
        settled = host.stop()
    say("Stopped." if settled else "Stopped; what did not end in time is taken up again later.")
    raise typer.Exit(0 if settled else 1)


def _require_a_client(host: Host) -> None:
    """Raise `ConfigError` if no client can start: then there is nothing to receive."""
    if host.clients.running:
        return
    host.store.close()
    findings = [each for refused in host.clients.refused for each in refused.error.findings]
    if findings:
        text, remedy = "no client can start", "`regbridge check` tells more"
    else:
        text, remedy = (
            f"no client in {host.file.folder / 'clients'}",
            "run `regbridge new-client NAME`",
        )
    raise ConfigError([*findings, Finding(Level.ERROR, text, remedy=remedy)])


def _announce(host: Host) -> None:
    for name, pipeline in sorted(host.clients.running.items()):
        if host.url:
            for endpoint in pipeline.client.endpoints.values():
                say(f"{name} {endpoint.name}: {host.url}{endpoint.path}")
        else:
            say(f"{name}: working")
    for refused in host.clients.refused:
        say(f"{refused.name}: does not start, the log says why")
    say("Ctrl+C stops it.")
