"""`regbridge backup`: a copy of the ledger, while hosts run."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from regbridge.backup import FOLDER, Backup, write_backup
from regbridge.cli.ledger import NOTHING_YET
from regbridge.cli.options import CONFIGS, AsJson, Configs
from regbridge.cli.printing import complain, how_many, print_json, say
from regbridge.config.loader import load_host
from regbridge.store.clock import moment
from regbridge.store.contents import Contents
from regbridge.store.engine import Store


def backup(
    file: Annotated[
        Path | None,
        typer.Argument(help="The file to write, or the folder to write a new file into."),
    ] = None,
    keep: Annotated[
        int | None, typer.Option(min=1, help="Keep so many backups in the folder, the newest.")
    ] = None,
    configs: Configs = CONFIGS,
    as_json: AsJson = False,
) -> None:
    """Copy the ledger into a file and verify the copy, while hosts go on.

    The file is there when all of it is, and its owner alone may read it. It has personal data.
    """
    host = load_host(configs)
    store = Store(host.database_url, host.config.postgresql)
    begun = time.monotonic()
    try:
        is_there = store.file is None or store.file.is_file()
        place = file or configs / FOLDER
        done = write_backup(store, place, datetime.now(UTC), keep) if is_there else None
    finally:
        store.close()
    if done is None:
        complain(NOTHING_YET)
        raise typer.Exit(1)
    seconds = time.monotonic() - begun
    if as_json:
        print_json(_figures(done, seconds))
        return
    say(f"{done.file}: {done.size / 1e6:,.1f} MB in {seconds:.1f} s, verified.")
    say(f"It holds {described(done.contents)}.")
    for path in done.removed:
        say(f"Removed: {path.name}")


def described(contents: Contents) -> str:
    """Say what a ledger holds."""
    parts = (
        how_many(contents.messages, "messages"),
        how_many(contents.registrations, "registrations"),
        "1 delivery" if contents.deliveries == 1 else f"{contents.deliveries} deliveries",
    )
    newest = moment(contents.newest)
    return ", ".join(parts) + (f"; the newest message arrived at {newest}" if newest else "")


def _figures(done: Backup, seconds: float) -> dict[str, Any]:
    contents = done.contents
    return {
        "file": str(done.file),
        "bytes": done.size,
        "seconds": round(seconds, 3),
        "revision": contents.revision,
        "messages": contents.messages,
        "registrations": contents.registrations,
        "deliveries": contents.deliveries,
        "newest_message_at": moment(contents.newest),
        "removed": [str(path) for path in done.removed],
    }
