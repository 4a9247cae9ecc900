"""A folder of client files that tests edit."""

from __future__ import annotations

import os
from pathlib import Path

from regbridge.clients import Clients
from regbridge.roster import NOBODY, Roster, read_roster


class Folder:
    """A configuration folder, and who runs by it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._written_at = 1_700_000_000
        self.clients = path / "clients"
        self.clients.mkdir(parents=True)
        self.base("plugins: [cvent-token]\n")
        self.roster = NOBODY
        self.now = 1000

    def base(self, text: str) -> None:
        self.put(self.path / "base.yaml", text)

    def write(
        self, file: str, name: str = "", path: str = "", *, use: str = "files", extra: str = ""
    ) -> None:
        """Write a client file that is right, unless the keywords make it wrong."""
        self.put(
            self.clients / f"{file}.yaml",
            f"client: {name or file}\n"
            "endpoints:\n"
            f"  CventReg: {{path: {path or f'/{file}'}, tokens: [{{env: ROSTER_TOKEN}}]}}\n"
            "targets:\n"
            f"  crm: {{use: {use}, settings: {{path: out.jsonl}}, map: {{Email: email}}}}\n"
            f"{extra}",
        )

    def put(self, file: Path, text: str) -> None:
        """Write a file at a time of its own, however coarse the file system's clock is."""
        file.write_text(text, encoding="utf-8")
        self._written_at += 1
        os.utime(file, (self._written_at, self._written_at))

    def delete(self, file: str) -> None:
        (self.clients / f"{file}.yaml").unlink(missing_ok=True)

    def read(self) -> Roster:
        """Take over what the files say now."""
        self.now += 1000
        self.roster = read_roster(self.path, self.roster, now=self.now)
        return self.roster

    def who_has(self, *paths: str) -> list[str]:
        """Return the clients that take URL paths."""
        clients = Clients({})
        clients.take_over(self.roster)
        found = [clients.find(path) for path in paths]
        return [each[0].client.name if each else "nobody" for each in found]

    def wrong(self) -> dict[str, str]:
        return {refused.name: str(refused.error) for refused in self.roster.refused}

    def close(self) -> None:
        for made in self.roster.made.values():
            made.pipeline.close()
