"""`regbridge simulate hubspot`: the simulator until Ctrl+C, then what was asked of it."""

from __future__ import annotations

from typing import Annotated

import typer

from regbridge.commands import say, wait_for_stop
from regbridge_hubspot.simulator.hubspot import HubspotSimulator
from regbridge_hubspot.simulator.limits import Limits


def simulate(
    port: Annotated[
        int, typer.Option(min=0, max=65535, help="Listen at this port; 0 is any free one.")
    ] = 0,
    calls: Annotated[int, typer.Option(min=1, help="Calls in ten seconds.")] = 100,
    day: Annotated[int, typer.Option(min=0, help="Calls in a day.")] = 250_000,
    all_or_nothing: Annotated[
        bool, typer.Option(help="Refuse a whole batch when one record is wrong.")
    ] = False,
    seed: Annotated[int, typer.Option(help="The same seed brings the same order of results.")] = 0,
) -> None:
    """Simulate a HubSpot account on this machine until Ctrl+C."""
    simulator = HubspotSimulator(
        limits=Limits(calls, day), multi_status=not all_or_nothing, seed=seed
    )
    simulator.start(port)
    try:
        _announce(simulator)
        wait_for_stop()
    finally:
        simulator.stop()
    _account(simulator)


def _announce(simulator: HubspotSimulator) -> None:
    own = simulator.credentials
    say(f"url:           {simulator.url}")
    say(f"access token:  {own.service_key}")
    say(f"client id:     {own.client_id}")
    say(f"client secret: {own.client_secret}")
    say(f"refresh token: {own.refresh_token}")
    for type_ in simulator.object_types:
        unique = ", ".join(type_.unique_names())
        say(f"object type:   {type_.names[0]} ({type_.type_id}), known by {unique}")
    say("Ctrl+C stops it.")


def _account(simulator: HubspotSimulator) -> None:
    say(f"{simulator.calls.total} calls:")
    for operation, count in sorted(simulator.calls.by_operation.items()):
        say(f"  {operation}: {count}")
    for type_ in simulator.object_types:
        say(f"{len(simulator.records(type_.names[0]))} records of {type_.names[0]}")
