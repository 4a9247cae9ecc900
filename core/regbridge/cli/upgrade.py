"""`regbridge upgrade`: bring the ledger's tables to this version."""

from __future__ import annotations

from regbridge.cli.options import CONFIGS, Configs
from regbridge.cli.printing import say
from regbridge.config.loader import load_host
from regbridge.store.engine import Store


def upgrade(configs: Configs = CONFIGS) -> None:
    """Bring the ledger's tables to this version; an embedded ledger does that by itself."""
    store = Store(load_host(configs).database_url)
    try:
        store.upgrade()
    finally:
        store.close()
    say("The ledger has the tables of this version.")
