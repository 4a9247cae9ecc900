"""Tells when the `host:` block is not what the host runs with: it is read at the start alone."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from regbridge.config.loader import load_host, read_base
from regbridge.config.sources import digest, named_files
from regbridge.errors import ConfigError


@dataclass(frozen=True, slots=True)
class BlockChange:
    """The block was changed at `since` (ms); `findings` say why it would keep the host from it."""

    since: int
    findings: tuple[str, ...] = ()


class HostBlock:
    """The `host:` block of a folder as it was at first. Raises `ConfigError` if it has none then.

    `files` are those of its secrets.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.files: frozenset[Path] = frozenset()
        self._first = self._digest()
        self._seen = self._first
        self.change: BlockChange | None = None

    def look(self, now: int) -> BlockChange | None:
        """Return how it differs from the first one, if it does; None also while nobody can tell."""
        try:
            found = self._digest()
        except ConfigError:
            return self.change  # every client tells what is wrong with base.yaml
        if found == self._first:
            self.change = None
        elif found != self._seen or self.change is None:
            self.change = BlockChange(now, self._findings())
        self._seen = found
        return self.change

    def _digest(self) -> str:
        values = read_base(self._folder / "base.yaml").value.get("host", {})
        self.files = named_files(values, self._folder, self._folder)
        return digest(json.dumps(values, sort_keys=True), self.files)

    def _findings(self) -> tuple[str, ...]:
        try:
            load_host(self._folder)
        except ConfigError as error:
            return tuple(str(finding) for finding in error.findings)
        return ()
