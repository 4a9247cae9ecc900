"""Keeps a second host process away from a ledger in a file."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import IO

from regbridge.errors import ConfigError
from regbridge.system import lock


class HostLock:
    """What one process does with a ledger's file and no other may: `receive`, `work` or both.

    The operating system holds the locks and takes them back when the process ends, however that
    happens. The files `DATABASE.receive.lock` and `DATABASE.work.lock` stay, and mean nothing.
    """

    def __init__(self, database: Path, roles: Sequence[str]) -> None:
        self._database = database
        self._roles = roles
        self._held: list[IO[bytes]] = []

    def take(self) -> None:
        """Take the locks. Raises `ConfigError` when another process has one of them."""
        for role in self._roles:
            file = self._database.with_name(f"{self._database.name}.{role}.lock").open("ab")
            self._held.append(file)
            try:
                lock(file)
            except OSError:
                self.release()
                raise self._refusal(role) from None

    def release(self) -> None:
        """Let another process have them."""
        for file in self._held:
            file.close()
        self._held.clear()

    def _refusal(self, role: str) -> ConfigError:
        does = {"receive": "receives messages into", "work": "delivers from"}[role]
        return ConfigError.of(
            f"another regbridge process {does} the ledger {self._database}",
            "stop it first, or give this one another file in host.database; only a ledger in "
            "PostgreSQL is shared",
        )
