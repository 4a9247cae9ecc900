"""`regbridge simulate dynamics`: the simulator until Ctrl+C, then what was asked of it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from regbridge.commands import say, wait_for_stop
from regbridge_dynamics.simulator.dataverse import TENANT, DataverseSimulator
from regbridge_dynamics.simulator.faults import Faults
from regbridge_dynamics.simulator.tokens import Application
from regbridge_dynamics.simulator.web_api import Latency

_Share = Annotated[float, typer.Option(min=0.0, max=1.0, help="Share of calls, from 0 to 1.")]
_Milliseconds = Annotated[float, typer.Option(min=0.0, help="Milliseconds that it takes.")]


def simulate(
    port: Annotated[
        int, typer.Option(min=0, max=65535, help="Listen at this port; 0 is any free one.")
    ] = 0,
    call_ms: _Milliseconds = 10.0,
    record_ms: _Milliseconds = 8.0,
    unavailable: _Share = 0.0,
    dropped_before: _Share = 0.0,
    dropped_after: _Share = 0.0,
    seed: Annotated[int, typer.Option(help="The same seed brings the same faults.")] = 0,
    certificate: Annotated[
        Path | None,
        typer.Option(exists=True, dir_okay=False, help="The application's certificate in PEM."),
    ] = None,
) -> None:
    """Simulate a Dataverse environment on this machine until Ctrl+C."""
    pem = certificate.read_text(encoding="ascii") if certificate else ""
    application = Application(certificate=pem)
    simulator = DataverseSimulator(
        applications=(application,),
        latency=Latency(call=call_ms / 1000, record=record_ms / 1000),
        faults=Faults(
            unavailable=unavailable,
            dropped_before=dropped_before,
            dropped_after=dropped_after,
            seed=seed,
        ),
    )
    simulator.start(port)
    try:
        _announce(simulator, application)
        wait_for_stop()
    finally:
        simulator.stop()
    _account(simulator)


def _announce(simulator: DataverseSimulator, application: Application) -> None:
    say(f"environment:   {simulator.url}")
    say(f"authority:     {simulator.authority} (answers over plain http)")
    say(f"tenant:        {TENANT}")
    say(f"client id:     {application.client_id}")
    say(f"client secret: {application.secret}")
    for table in simulator.schema:
        keys = ", ".join("+".join(key.columns) for key in table.keys)
        say(f"table:         {table.name} ({table.entity_set}), key {keys}")
    say("Ctrl+C stops it.")


def _account(simulator: DataverseSimulator) -> None:
    calls = simulator.calls
    say(f"{calls.total} calls, at most {calls.most_at_once} at once:")
    for operation, count in sorted(calls.by_operation.items()):
        say(f"  {operation}: {count}")
    for name, records in simulator.tables.items():
        say(f"{len(records)} records in {name}")
