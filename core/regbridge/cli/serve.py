"""`regbridge serve` runs the host, `regbridge work` its worker alone."""

from __future__ import annotations

import os
import signal
import threading
from types import FrameType
from typing import Annotated

import typer

from regbridge.cli.logs import LogLevel, set_up_logging
from regbridge.cli.options import CONFIGS, Configs
from regbridge.cli.printing import complain, findings_of, say
from regbridge.host import Address, Host, settle_in

_Level = Annotated[LogLevel, typer.Option("--log-level", help="The least that is logged.")]
# A service stop arrives as SIGTERM, on Windows as Ctrl+C or Ctrl+Break.
_STOPPING = ("SIGINT", "SIGTERM", "SIGBREAK")


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
) -> None:
    """Receive messages and deliver their registrations until Ctrl+C or a service stop."""
    set_up_logging(log_level)
    _run(Host(configs, worker=not no_worker, address=Address(address, port)))


def work(configs: Configs = CONFIGS, log_level: _Level = LogLevel.INFO) -> None:
    """Deliver what others received, beside `serve --no-worker`, until Ctrl+C or a service stop."""
    set_up_logging(log_level)
    _run(Host(configs, web=False))


def _run(host: Host) -> None:
    _require_a_client(host)
    stop = _hear_of_stops()
    try:
        host.start()
        settle_in()
        _announce(host)
        while not stop.wait(0.5):  # Windows runs signal handlers only between short waits
            pass
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


def _hear_of_stops() -> threading.Event:
    """Return what is set by the first signal to stop; the second one ends the process at once.

    What is under way then keeps its lease until it runs out, nothing is lost.
    """
    stop = threading.Event()

    def hear(_number: int, _frame: FrameType | None) -> None:
        if stop.is_set():
            os._exit(1)
        stop.set()

    for name in _STOPPING:
        if number := getattr(signal, name, None):
            signal.signal(number, hear)
    return stop


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
