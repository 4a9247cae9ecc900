"""`regbridge encrypt`: bring everything that is kept under the first key, and count what is."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

import typer
from rich.console import Console

from regbridge.cli.ledger import NOTHING_YET, open_ledger
from regbridge.cli.options import CONFIGS, AsJson, Configs
from regbridge.cli.printing import complain, print_json, print_table, say
from regbridge.status import encryption_keys
from regbridge.store.engine import Store
from regbridge.store.reseal import Progress, Resealed, count, reseal
from regbridge.store.shared_clock import SharedClock


def encrypt(
    only_count: Annotated[
        bool, typer.Option("--count", help="Count the values by their keys; change nothing.")
    ] = False,
    configs: Configs = CONFIGS,
    as_json: AsJson = False,
) -> None:
    """Encrypt all that is kept by the first of host.encryption.keys, while hosts run.

    With `writes: false` everything is decrypted instead. It may be ended and run again at any time,
    and says at its end which keys nothing needs any more.
    """
    with open_ledger(configs) as store:
        if store is None:
            say(NOTHING_YET)
            return
        if store.sealing is None:
            complain("host.encryption has no keys, so there is nothing to encrypt by")
            raise typer.Exit(1)
        done = _run(store, only_count)
        figures = _figures(store, done)
    if as_json:
        print_json(figures)
    else:
        _print(figures, only_count)
    raise typer.Exit(1 if figures["damaged"] else 0)


def _run(store: Store, only_count: bool) -> Resealed:
    now = SharedClock(store)()
    console = Console(stderr=True)
    with console.status("") as shown:

        def progress(table: str, rows: int) -> None:
            shown.update(f"{table}: {rows} rows looked at")

        told: Progress = progress if console.is_terminal else lambda _table, _rows: None
        if only_count:
            return Resealed(counts=count(store, now, told))
        return reseal(store, now, told)


def _figures(store: Store, done: Resealed) -> dict[str, Any]:
    keys = store.read(lambda c: encryption_keys(c, store.sealing))
    return {
        "rows": done.rows,
        "damaged": done.damaged.total(),
        "behind": list(done.behind),
        "keys": keys,
    }


def _print(figures: Mapping[str, Any], only_count: bool) -> None:
    if not only_count:
        say(f"Written anew: rows {figures['rows']}.")
    keys = figures["keys"]
    print_table(
        "Values by the key that encrypts them",
        tuple(keys[0]) if keys else (),
        [tuple(key.values()) for key in keys],
    )
    if figures["damaged"]:
        complain(
            f"{figures['damaged']} values cannot be decrypted; the log above names them. They stay "
            "as they are: a copy of the ledger from before may still have them"
        )
    if figures["behind"]:
        say(
            f"No key can go yet: {', '.join(figures['behind'])} came meanwhile, with other keys. "
            "Restart it with the keys of now, then run this again."
        )
    for key in keys:
        if key["state"] == "can go":
            say(
                f"Nothing is encrypted by the key {key['key']} any more: once every host was "
                "restarted with the keys of now, take it out of host.encryption.keys. Keep it as "
                "long as you keep backups of before."
            )
