"""`regbridge simulate salesforce`: the simulated org until Ctrl+C, then what was asked of it."""

from __future__ import annotations

from typing import Annotated

import typer

from regbridge.commands import say, wait_for_stop
from regbridge_salesforce.simulator.org import SalesforceSimulator
from regbridge_salesforce.simulator.schema import registration_schema


def simulate(
    port: Annotated[
        int, typer.Option(min=0, max=65535, help="Listen at this port; 0 is any free one.")
    ] = 0,
    call_ms: Annotated[
        float, typer.Option(min=0, help="Milliseconds that every call takes.")
    ] = 10.0,
    per_day: Annotated[
        int, typer.Option(min=1, help="Calls that the org has in 24 hours.")
    ] = 100_000,
) -> None:
    """Simulate a Salesforce org on this machine until Ctrl+C."""
    simulator = SalesforceSimulator()
    simulator.limits.per_day = per_day
    simulator.take_longer(call_ms / 1000)
    simulator.start(port)
    try:
        _announce(simulator)
        wait_for_stop()
    finally:
        simulator.stop()
    _account(simulator)


def _announce(simulator: SalesforceSimulator) -> None:
    say(f"org:           {simulator.url}")
    say(f"client id:     {simulator.app.client_id}")
    say(f"client secret: {simulator.app.secret}")
    for sobject in registration_schema():
        keys = ", ".join(one.name for one in sobject.fields if one.external_id)
        say(f"object:        {sobject.name}, external id {keys}")
    say("Ctrl+C stops it.")


def _account(simulator: SalesforceSimulator) -> None:
    for operation, count in sorted(simulator.calls.items()):
        say(f"{operation}: {count} calls")
    for sobject in registration_schema():
        say(f"{len(simulator.records(sobject.name))} records of {sobject.name}")
