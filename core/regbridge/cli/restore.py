"""`regbridge restore`: the ledger of a backup, and what to do about what came after it."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from regbridge.cli.backup import described
from regbridge.cli.options import CONFIGS, Configs
from regbridge.cli.printing import say
from regbridge.config.loader import load_host
from regbridge.restore import Restored, restore_backup
from regbridge.store.clock import moment
from regbridge.store.contents import Contents
from regbridge.store.engine import Store

_AFTERWARDS = (
    "Start the service. Messages that it takes from now on are delivered as usual.",
    "Bring in what arrived since: `regbridge reconcile --full --fix` asks Cvent and sends it. "
    "Without cvent-enrich, send a sync of each open event from Cvent.",
    "What was delivered since is delivered again to targets that take a record twice without harm "
    "(dynamics, files). At others (protech) it is parked, since they may have it: `regbridge "
    'status` counts it; look at the target, then `regbridge ignore --reason "restored from a '
    'backup" --because ...` or `regbridge retry --reason "restored from a backup"`.',
)
_FORGET = (
    "Whom you have forgotten since the backup is here again: run `regbridge forget` for them again."
)


def restore(
    file: Annotated[Path, typer.Argument(help="A file that `regbridge backup` wrote.")],
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Restore without asking.")] = False,
    configs: Configs = CONFIGS,
) -> None:
    """Put a backup in the place of the ledger; the one that is there is kept beside it.

    No host may run meanwhile. What arrived after the backup is not in it.
    """
    host = load_host(configs)
    config = host.config
    store = Store(host.database_url, config.postgresql, encryption=config.encryption)
    try:
        done = restore_backup(store, file, datetime.now(UTC), lambda *held: yes or _ask(*held))
    finally:
        store.close()
    if done is None:
        say("Nothing was changed.")
        raise typer.Exit(1)
    _print(done)


def _ask(held: Contents | None, before: Contents | None) -> bool:
    if held is not None:
        say(f"The backup holds {described(held)}.")
        say(f"The ledger holds {described(before)}." if before else "There is no ledger to read.")
    return typer.confirm("Put the backup in the place of the ledger?")


def _print(done: Restored) -> None:
    say(f"Restored: {described(done.contents)}.")
    if done.replaced:
        say(f"The ledger of before is {done.replaced}; delete it when nobody needs it any more.")
    for pause in done.pauses:
        name = f"{pause.upstream} of {pause.client}" if pause.client else "the worker"
        say(f"Paused in it: {name}, since {moment(pause.since)} ({pause.cause}).")
    say("What to do now:")
    for number, text in enumerate([*_AFTERWARDS, *([] if done.forgets else [_FORGET])], start=1):
        say(f"{number}. {text}")
