"""`regbridge upgrade`: bring the ledger's tables to this version."""

from __future__ import annotations

from regbridge.cli.options import CONFIGS, Configs
from regbridge.cli.printing import say
from regbridge.config.loader import load_host
from regbridge.store.engine import Store
from regbridge.store.upgrades import upgrade as bring_up_to_date


def upgrade(configs: Configs = CONFIGS) -> None:
    """Bring the ledger's tables to this version; an embedded ledger does that by itself."""
    file = load_host(configs)
    store = Store(file.database_url, file.config.postgresql)
    try:
        done = bring_up_to_date(store)
    finally:
        store.close()
    if not done.waits_for:
        say("The ledger has the tables of this version.")
        return
    say("Hosts of this version can start: the ledger has all that they need.")
    say("These hosts are of an older version, and the last step waits until they are replaced:")
    for name in done.waits_for:
        say(f"  {name}")
    say("Run `regbridge upgrade` again after that.")
