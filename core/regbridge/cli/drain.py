"""`regbridge drain`: let the workers come to rest, before maintenance."""

from __future__ import annotations

import time
from typing import Annotated

import typer

from regbridge.cli import choosing
from regbridge.cli.ledger import NOTHING_YET, open_ledger
from regbridge.cli.options import CONFIGS, Configs
from regbridge.cli.printing import complain, how_many, say
from regbridge.store.engine import Store
from regbridge.store.pauses import count_under_way, pause_worker
from regbridge.store.shared_clock import SharedClock

SEEN_SECONDS = 1.5
"""Within that time every worker has looked whether it is to rest."""


def drain(
    because: choosing.Because = "maintenance",
    by: choosing.By = "",
    timeout: Annotated[
        float, typer.Option(min=0, help="Seconds to wait for what is under way.")
    ] = 120,
    configs: Configs = CONFIGS,
) -> None:
    """Let the workers of every host end what they have begun and begin nothing; then say so.

    Messages are still taken from Cvent and kept. `regbridge resume` goes on.
    """
    with open_ledger(configs) as store:
        if store is None:
            complain(NOTHING_YET)
            raise typer.Exit(1)
        now = SharedClock(store)()
        reason = f"by {choosing.decider(by)}: {because.strip()}"
        store.write(lambda c: pause_worker(c, reason, now))
        left = _wait(store, timeout)
    if left:
        complain(f"{how_many(left, 'things')} still under way after {timeout:g} seconds")
        raise typer.Exit(1)
    say("Nothing is under way. Messages are taken and kept; `regbridge resume` goes on.")


def _wait(store: Store, timeout: float) -> int:
    """Return what is still under way when nothing has been for a while, or the time is up."""
    clock = SharedClock(store)
    deadline = time.monotonic() + timeout
    quiet_since = time.monotonic()
    while True:
        left = store.read(lambda c: count_under_way(c, clock()))
        now = time.monotonic()
        if left:
            quiet_since = now
        if now - quiet_since >= SEEN_SECONDS or now >= deadline:
            return left
        time.sleep(0.1)
