"""`regbridge simulate protech`: the simulated service on a port of this machine."""

from __future__ import annotations

from typing import Annotated

import typer

from regbridge.commands import wait_for_stop
from regbridge.testing.server import LocalServer
from regbridge_protech.simulator.app import PATH, Simulator
from regbridge_protech.simulator.behaviour import TRIGGERS, Script


def simulate(
    port: Annotated[
        int, typer.Option(min=0, max=65535, help="Listen at this port; 0 is any free one.")
    ] = 8099,
    delay: Annotated[
        float, typer.Option(min=0, max=600, help="Seconds that every call takes.")
    ] = 0.0,
    error_rate: Annotated[
        float, typer.Option(min=0, max=1, help="The share of calls that end in some error.")
    ] = 0.0,
    seed: Annotated[
        int | None, typer.Option(help="Make the same errors as with this number before.")
    ] = None,
) -> None:
    """Serve a Protech service over SOAP 1.1, SOAP 1.2 and forms, until Ctrl+C."""
    simulator = Simulator(Script(TRIGGERS, error_rate, seed), delay=delay)
    with LocalServer(simulator, port) as server:
        typer.echo(f"{server.url}{PATH}")
        typer.echo(f"Its WSDL is at {server.url}{PATH}?WSDL; Ctrl+C stops it.", err=True)
        wait_for_stop()
    staging = simulator.staging
    typer.echo(f"{len(staging.records)} records staged, {len(staging.doubles())} of them doubles")
