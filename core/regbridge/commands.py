"""What a plugin author imports to bring commands of his own: options, printing, settings."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from regbridge.cli.granting import (
    CLIENT_SECRET,
    BearerEnv,
    ClientId,
    ClientSecretEnv,
    Scope,
    TokenUrl,
    access_token,
)
from regbridge.cli.ledger import open_ledger
from regbridge.cli.options import CONFIGS, AsJson, Configs
from regbridge.cli.printing import complain, how_many, print_json, print_table, say
from regbridge.config.peek import Use, uses
from regbridge.limits import Limiters, OwnPlaces
from regbridge.store.limits import ledger_limiters
from regbridge.system import hear_of_stops, wait_for

__all__ = [
    "CLIENT_SECRET",
    "CONFIGS",
    "AsJson",
    "BearerEnv",
    "ClientId",
    "ClientSecretEnv",
    "Configs",
    "Scope",
    "TokenUrl",
    "Use",
    "access_token",
    "complain",
    "how_many",
    "print_json",
    "print_table",
    "say",
    "shared_limiters",
    "uses",
    "wait_for_stop",
]


@contextmanager
def shared_limiters(configs: Path) -> Iterator[Limiters]:
    """Yield the limiters of a configuration's ledger, so that a command and a host share a limit.

    While there is no ledger yet, they are the command's own.
    """
    with open_ledger(configs) as store:
        yield Limiters(OwnPlaces()) if store is None else ledger_limiters(store)


def wait_for_stop() -> None:
    """Return when the process is asked to stop: by Ctrl+C, Ctrl+Break, or as services are."""
    wait_for(hear_of_stops())
