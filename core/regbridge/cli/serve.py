"""`regbridge serve` runs the host, `regbridge work` its worker alone."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from regbridge.cli.logs import LogLevel, set_up_logging
from regbridge.cli.options import CONFIGS, Configs
from regbridge.cli.printing import complain, findings_of, say
from regbridge.host import Address, Host, settle_in
from regbridge.system import hear_of_stops, wait_for

_Level = Annotated[LogLevel, typer.Option("--log-level", help="The least that is logged.")]
_File = Annotated[
    Path | None,
    typer.Option("--log-file", help="Log into this file, which is begun anew when it is large."),
]


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
    log_file: _File = None,
) -> None:
    """Receive messages and deliver their registrations until Ctrl+C or a service stop."""
    set_up_logging(log_level, log_file)
    _run(Host(configs, worker=not no_worker, address=Address(address, port)))


def work(
    configs: Configs = CONFIGS, log_level: _Level = LogLevel.INFO, log_file: _File = None
) -> None:
    """Deliver what others received, beside `serve --no-worker`, until Ctrl+C or a service stop."""
    set_up_logging(log_level, log_file)
    _run(Host(configs, web=False))


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
    """End here if no client can start: then there is nothing to receive."""
    if host.clients.running:
        return
    for refused in host.clients.refused:
        for text in findings_of(refused.error):
            complain(text)
    if host.clients.refused:
        complain("no client can start; `regbridge check` tells more")
    else:
        complain(f"no client in {host.file.folder / 'clients'}; run `regbridge new-client NAME`")
    host.store.close()
    raise typer.Exit(1)


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
