"""`regbridge retry`: put back what is parked, or what waits."""

from __future__ import annotations

from functools import partial
from typing import Annotated

import typer

from regbridge.cli import choosing
from regbridge.cli.ledger import NOTHING_YET, open_ledger
from regbridge.cli.options import CONFIGS, AsJson, Configs
from regbridge.cli.printing import print_json, say
from regbridge.store.choice import Choice
from regbridge.store.engine import Store
from regbridge.store.limits import unblock
from regbridge.store.operate import AGAIN, retry_receipts, retry_registrations
from regbridge.store.pauses import resume
from regbridge.store.report import all_pauses
from regbridge.store.shared_clock import SharedClock
from regbridge.store.tables import State


def retry(
    configs: Configs = CONFIGS,
    client: choosing.Client = "",
    target: choosing.Target = "",
    event: choosing.Event = None,
    registrant: choosing.Registrant = "",
    registration: choosing.Registration = None,
    receipt: choosing.Receipt = None,
    reason: choosing.Reason = "",
    state: Annotated[
        list[State] | None,
        typer.Option(help="parked (the default), filtered, or pending: now instead of later."),
    ] = None,
    everything: Annotated[bool, typer.Option("--all", help="Everything that is parked.")] = False,
    resumes: Annotated[
        bool, typer.Option("--resume", help="Also end the pauses of what is chosen.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Prepare parked registrations and read parked receipts again, with today's configuration."""
    states = _states(state)
    chosen = (client, target, event, registrant, registration, receipt, reason, everything)
    if not any(chosen):
        raise typer.BadParameter(
            "choose by --client, --target, --event, --registrant, --registration, --receipt, "
            "--reason or --all"
        )
    events = choosing.event_stubs(configs, event)
    done = {"registrations": 0, "receipts": 0, "resumed": 0}
    with open_ledger(configs) as store:
        if store:
            ids = choosing.registrations_of(store, registrant, registration, client)
            if ids is not None:
                numbers = tuple(receipt or ())
                choice = Choice(client, target, tuple(ids), numbers, states, reason, tuple(events))
                done |= _put_back(store, choice)
            if resumes:
                done["resumed"] = _resume(store, client, target)
    if as_json:
        print_json(done)
    elif store is None:
        say(NOTHING_YET)
    else:
        _print(done, " or ".join(each.value for each in states))
    raise typer.Exit(0 if everything or any(done.values()) else 1)


def _states(given: list[State] | None) -> tuple[State, ...]:
    """Return the states that are meant; refuse what cannot be retried."""
    for state in given or ():
        if state not in AGAIN:
            raise typer.BadParameter(
                f"what is {state.value} is not retried; `regbridge replay` maps delivered ones "
                "again"
            )
    return tuple(given or [State.PARKED])


def _put_back(store: Store, choice: Choice) -> dict[str, int]:
    """Retry what is meant: numbers mean their own kind, a target has registrations only."""
    now = SharedClock(store)()
    about_registrations = bool(choice.ids or choice.target or choice.events)
    done = {"registrations": 0, "receipts": 0}
    if about_registrations or not choice.receipts:
        done["registrations"] = store.write(lambda c: retry_registrations(c, choice, now))
    if choice.receipts or not about_registrations:
        done["receipts"] = store.write(lambda c: retry_receipts(c, choice, now))
    return done


def _resume(store: Store, client: str, target: str) -> int:
    now = SharedClock(store)()
    paused = [
        (row.client, row.upstream)
        for row in store.read(all_pauses)
        if client in ("", row.client) and target in ("", row.upstream)
    ]
    ended = [
        each
        for each in paused
        if store.write(partial(resume, client=each[0], upstream=each[1], now=now))
    ]
    if ended:
        store.write(unblock)
    return len(ended)


def _print(done: dict[str, int], states: str) -> None:
    if not any(done.values()):
        say(f"Nothing of what is chosen is {states}.")
        return
    say(f"Put back: registrations {done['registrations']}, receipts {done['receipts']}.")
    if done["resumed"]:
        say(f"Pauses ended: {done['resumed']}.")
