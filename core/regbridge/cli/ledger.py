"""Opens the ledger for a command that looks into it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from regbridge.config.loader import load_host
from regbridge.store.engine import Store
from regbridge.store.keys import require_keys
from regbridge.store.upgrades import require_current

NOTHING_YET = "nothing received yet: there is no ledger, `regbridge serve` makes one"


@contextmanager
def open_ledger(configs: Path) -> Iterator[Store | None]:
    """Yield the ledger of a configuration, or None while there is none; never make one.

    Raises `ConfigError` when its tables are of another version, or a key of it is missing.
    """
    file = load_host(configs)
    config = file.config
    store = Store(file.database_url, config.postgresql, encryption=config.encryption)
    try:
        if store.embedded and not Path(store.engine.url.database or "").is_file():
            yield None
        else:
            require_current(store)
            require_keys(store)
            yield store
    finally:
        store.close()
