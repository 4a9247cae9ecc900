"""`regbridge replay`: map again what was delivered, and send what comes out differently."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Annotated, Any

import typer

from regbridge.cli import choosing
from regbridge.cli.ledger import NOTHING_YET, open_ledger
from regbridge.cli.options import CONFIGS, AsJson, Configs
from regbridge.cli.printing import print_json, print_table, say
from regbridge.clients import find_pipeline, start_clients
from regbridge.nearest import did_you_mean
from regbridge.pipeline import Pipeline
from regbridge.replay import Change, Replay
from regbridge.store.choice import Choice
from regbridge.store.engine import Store
from regbridge.store.limits import ledger_limiters
from regbridge.store.shared_clock import SharedClock


def replay(
    client: Annotated[str, typer.Argument(help="The client.")],
    configs: Configs = CONFIGS,
    target: choosing.Target = "",
    event: choosing.Event = None,
    registrant: choosing.Registrant = "",
    registration: choosing.Registration = None,
    previews: Annotated[
        bool, typer.Option("--preview", help="Show what would change; send nothing.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Map again what targets have, with today's configuration, and send the records that changed.

    Only the newest registration of each person is replayed, and only what is different is sent.
    """
    events = tuple(choosing.event_stubs(configs, event))
    with open_ledger(configs) as store:
        if store is None:
            say(NOTHING_YET)
            raise typer.Exit(1)
        ids = choosing.registrations_of(store, registrant, registration, client)
        clients = start_clients(configs, ledger_limiters(store))
        try:
            pipeline = find_pipeline(clients, client)
            _require_target(target, pipeline)
            choice = Choice(client, target, tuple(ids or ()), events=events)
            figures = _replay(store, pipeline, choice, previews) if ids is not None else _figures()
        finally:
            clients.close()
    if as_json:
        print_json(figures)
    else:
        _print(figures, previews)
    raise typer.Exit(0 if figures["registrations"] else 1)


def _require_target(target: str, pipeline: Pipeline) -> None:
    known = pipeline.client.targets
    if target and target not in known:
        raise typer.BadParameter(f"no target {target!r}; {did_you_mean(target, known)}")


def _figures() -> dict[str, Any]:
    return {"registrations": 0, "sent": 0, "changes": []}


def _replay(store: Store, pipeline: Pipeline, choice: Choice, previews: bool) -> dict[str, Any]:
    figures = _figures()
    clock = SharedClock(store)
    running = Replay(store, pipeline, choice)
    for count, changes in running.batches():
        figures["registrations"] += count
        figures["changes"] += map(_plain, changes)
        if not previews:
            figures["sent"] += running.send(changes, clock())
    return figures


def _plain(change: Change) -> dict[str, Any]:
    return {
        "registration": change.registration,
        "name": change.name,
        "target": change.target,
        "reason": change.reason,
        "fields": [
            {"field": name, "has": before, "gets": after}
            for name, (before, after) in change.fields.items()
        ],
    }


def _print(figures: dict[str, Any], previews: bool) -> None:
    changes = figures["changes"]
    for change in changes if previews else ():
        title = f"{change['registration']} {change['name']} at {change['target']}"
        if change["reason"]:
            say(f"{title}: nothing is sent: {change['reason']}")
        rows = ((each["field"], each["has"], each["gets"]) for each in change["fields"])
        print_table(title, ("field", "it has", "it would get"), rows)
    say(f"Mapped again: registrations {figures['registrations']}.")
    _say_counts("Would be sent" if previews else "Changed", (c for c in changes if c["fields"]))
    _say_counts(
        "Kept as they are, see above" if previews else "Kept as they are",
        (c for c in changes if c["reason"]),
    )
    if not previews:
        say(f"On their way: records {figures['sent']}.")


def _say_counts(title: str, changes: Iterable[dict[str, Any]]) -> None:
    counts = Counter(change["target"] for change in changes)
    if counts:
        found = ", ".join(f"{count} at {target}" for target, count in counts.items())
        say(f"{title}: {found}.")
