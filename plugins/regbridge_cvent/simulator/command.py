"""`regbridge simulate cvent`: the simulator on the command line."""

from __future__ import annotations

from typing import Annotated

import typer

from regbridge.commands import wait_for_stop
from regbridge.testing.payloads import EVENT
from regbridge_cvent.simulator.account.population import Population
from regbridge_cvent.simulator.behaviour import Behaviour
from regbridge_cvent.simulator.service import CventSimulator
from regbridge_cvent.simulator.tiers import read_tier

PORT = 8480
"""The port unless another is given."""


def simulate(
    port: Annotated[
        int, typer.Option(min=0, max=65535, help="Listen at this port; 0 is any free one.")
    ] = PORT,
    tier: Annotated[
        str, typer.Option(help="free, standard, premium, or numbers: a day/a second/burst.")
    ] = "standard",
    registrants: Annotated[
        int, typer.Option(min=0, max=1_000_000, help="How many registrants each event has.")
    ] = 100,
    event: Annotated[
        list[str] | None, typer.Option(help="An eventStub, as webhooks write it; repeatable.")
    ] = None,
    guests_every: Annotated[
        int, typer.Option(min=0, help="Every so many registrants bring a guest; 0: nobody.")
    ] = 10,
    items: Annotated[int, typer.Option(min=0, max=20, help="The items in each order.")] = 2,
    fault_rate: Annotated[
        float, typer.Option(min=0, max=1, help="The share of calls that fail, 0 to 1.")
    ] = 0.0,
    visibility_delay: Annotated[
        float, typer.Option(min=0, help="For so many seconds nothing shows an attendee.")
    ] = 0.0,
    latency: Annotated[float, typer.Option(min=0, help="Seconds that each call takes.")] = 0.0,
) -> None:
    """Stand in for Cvent's REST API, with made-up registrants, until Ctrl+C.

    The registrants are those of `regbridge send --sync`.
    """
    try:
        chosen = read_tier(tier)
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint="--tier") from None
    simulator = CventSimulator(
        Population(registrants, tuple(event or (EVENT,)), guests_every, items),
        Behaviour(
            chosen,
            visibility_delay=visibility_delay,
            fault_rate=fault_rate,
            latency=latency,
        ),
    )
    serve(simulator, port)


def serve(simulator: CventSimulator, port: int) -> None:
    """Serve until Ctrl+C, saying where and how to get in."""
    try:
        url = simulator.start(port)
    except OSError as error:
        reason = error.strerror or str(error)
        raise typer.BadParameter(
            f"cannot listen at port {port} ({reason}); give another one", param_hint="--port"
        ) from None
    try:
        _announce(simulator, url)
        wait_for_stop()
    finally:
        simulator.stop()
    typer.echo(f"Stopped after {len(simulator.calls)} calls.")


def _announce(simulator: CventSimulator, url: str) -> None:
    credentials = simulator.credentials
    typer.echo(f"base URL:      {url}")
    typer.echo(f"client id:     {credentials.client_id}")
    typer.echo(f"client secret: {credentials.client_secret}")
    typer.echo(f"tier:          {simulator.behaviour.tier.name}")
    typer.echo("Ctrl+C stops it.")
