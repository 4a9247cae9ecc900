"""`regbridge retry`: put back what is parked."""

from __future__ import annotations

from functools import partial
from typing import Annotated

import typer

from regbridge.cli.ledger import NOTHING_YET, open_ledger
from regbridge.cli.options import CONFIGS, AsJson, Configs
from regbridge.cli.printing import print_json, say
from regbridge.store.choice import Choice
from regbridge.store.engine import Store
from regbridge.store.limits import unblock
from regbridge.store.operate import retry_receipts, retry_registrations
from regbridge.store.pauses import resume
from regbridge.store.report import all_pauses
from regbridge.store.shared_clock import SharedClock


def retry(
    configs: Configs = CONFIGS,
    client: Annotated[str, typer.Option(help="Of this client.")] = "",
    target: Annotated[str, typer.Option(help="What is parked at this target.")] = "",
    registration: Annotated[
        list[int] | None, typer.Option(help="A registration's number; may be repeated.")
    ] = None,
    receipt: Annotated[
        list[int] | None, typer.Option(help="A receipt's number; may be repeated.")
    ] = None,
    everything: Annotated[bool, typer.Option("--all", help="Everything that is parked.")] = False,
    resumes: Annotated[
        bool, typer.Option("--resume", help="Also end the pauses of what is chosen.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Prepare parked registrations and read parked receipts again, with today's configuration."""
    choice = Choice(client, target, tuple(registration or ()), tuple(receipt or ()))
    if not everything and choice == Choice():
        raise typer.BadParameter("choose by --client, --target, --registration, --receipt or --all")
    with open_ledger(configs) as store:
        done = _put_back(store, choice) if store else {"registrations": 0, "receipts": 0}
        done["resumed"] = _resume(store, choice) if store and resumes else 0
    if as_json:
        print_json(done)
    elif store is None:
        say(NOTHING_YET)
    else:
        _print(done)
    raise typer.Exit(0 if everything or any(done.values()) else 1)


def _put_back(store: Store, choice: Choice) -> dict[str, int]:
    """Retry what is meant: numbers mean their own kind, a target has registrations only."""
    now = SharedClock(store)()
    about_registrations = bool(choice.ids or choice.target)
    done = {"registrations": 0, "receipts": 0}
    if about_registrations or not choice.receipts:
        done["registrations"] = store.write(lambda c: retry_registrations(c, choice, now))
    if choice.receipts or not about_registrations:
        done["receipts"] = store.write(lambda c: retry_receipts(c, choice, now))
    return done


def _resume(store: Store, choice: Choice) -> int:
    now = SharedClock(store)()
    chosen = [
        (row.client, row.upstream)
        for row in store.read(all_pauses)
        if choice.client in ("", row.client) and choice.target in ("", row.upstream)
    ]
    for client, upstream in chosen:
        store.write(partial(resume, client=client, upstream=upstream, now=now))
    if chosen:
        store.write(unblock)
    return len(chosen)


def _print(done: dict[str, int]) -> None:
    if not any(done.values()):
        say("Nothing of what is chosen is parked.")
        return
    say(f"Put back: registrations {done['registrations']}, receipts {done['receipts']}.")
    if done["resumed"]:
        say(f"Pauses ended: {done['resumed']}.")
