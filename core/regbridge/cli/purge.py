"""`regbridge purge`: remove the personal data of what is old."""

from __future__ import annotations

from typing import Annotated

import typer

from regbridge.cli import choosing
from regbridge.cli.ledger import NOTHING_YET, open_ledger
from regbridge.cli.options import CONFIGS, AsJson, Configs
from regbridge.cli.printing import print_json, say
from regbridge.store.engine import Store
from regbridge.store.purge import (
    ENDED,
    Old,
    count_old,
    purge_differences,
    purge_receipts,
    purge_registrations,
)
from regbridge.store.shared_clock import SharedClock
from regbridge.store.tables import State

_DAY = 86_400_000


def purge(
    older_than: Annotated[
        int, typer.Option(min=1, help="Of what arrived more than so many days ago.")
    ],
    client: choosing.Client = "",
    state: Annotated[
        list[State] | None,
        typer.Option(help="In this state; may be repeated. All but parked when left out."),
    ] = None,
    previews: Annotated[bool, typer.Option("--preview", help="Count; remove nothing.")] = False,
    configs: Configs = CONFIGS,
    as_json: AsJson = False,
) -> None:
    """Remove names, addresses, answers, messages and records; keep states, reasons and counts.

    What is pending is never purged, what is parked only if it is named.
    """
    states = tuple(state or ENDED)
    if refused := {State.PENDING, State.SPLIT} & set(states):
        raise typer.BadParameter(f"what is {min(refused)} is not purged: it is still needed")
    figures: dict[str, object] = {"registrations": {}, "messages": 0}
    with open_ledger(configs) as store:
        if store:
            now = SharedClock(store)()
            old = Old(now - older_than * _DAY, states, client)
            figures["registrations"] = store.read(lambda c: count_old(c, old))
            if not previews:
                figures["messages"] = _purge(store, old, now)
    if as_json:
        print_json(figures)
    elif store is None:
        say(NOTHING_YET)
    else:
        _print(figures, previews)


def _purge(store: Store, old: Old, now: int) -> int:
    """Purge in batches, and return how many messages were deleted."""
    store.overwrite_deleted()
    last = 0
    while last := store.write(lambda c, above=last: purge_registrations(c, old, above, now)):  # type: ignore[misc]
        pass
    messages = last = 0
    while True:
        count, last = store.write(lambda c, above=last: purge_receipts(c, old, above))  # type: ignore[misc]
        messages += count
        if not count:
            break
    store.write(lambda c: purge_differences(c, old))
    store.truncate_log()
    return messages


def _print(figures: dict[str, object], previews: bool) -> None:
    counts = figures["registrations"]
    assert isinstance(counts, dict)
    done = "Would be purged" if previews else "Purged"
    found = ", ".join(f"{state} {count}" for state, count in sorted(counts.items()))
    say(f"{done}: registrations {found or 0}.")
    if not previews:
        say(f"Deleted: messages {figures['messages']}.")
