"""What is to be written into a folder, and how it gets there."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from regbridge.models import Finding

_OWNER_ALONE = 0o600
_EVERYBODY_READS = 0o644
_EVERYBODY_RUNS = 0o755


@dataclass(frozen=True, slots=True)
class Document:
    """A file. One that is `private` may hold secrets, one that is `windows` has its line ends."""

    text: str
    windows: bool = False
    private: bool = False
    runs: bool = False

    def content(self, name: str) -> bytes:
        """Return the file's bytes."""
        ends = self.text.replace("\n", "\r\n") if self.windows else self.text
        # NOTE: without this mark Windows PowerShell reads a script in the code page of the machine.
        return ends.encode("utf-8-sig" if name.endswith(".ps1") else "utf-8")

    @property
    def mode(self) -> int:
        """The file's rights, where the system has such."""
        if self.private:
            return _OWNER_ALONE
        return _EVERYBODY_RUNS if self.runs else _EVERYBODY_READS


@dataclass(frozen=True, slots=True)
class Plan:
    """The files by their names in the folder, what was noticed, and what to do next."""

    documents: Mapping[str, Document]
    findings: tuple[Finding, ...] = ()
    steps: tuple[str, ...] = field(default=())

    def write(self, folder: Path) -> list[Path]:
        """Write all files, each at once or not at all, and return their paths."""
        return [write(folder / name, document) for name, document in self.documents.items()]


def write(path: Path, document: Document) -> Path:
    """Write a file at once: nobody ever reads half of it, and no crash leaves half of it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(f"{path.name}.new")
    beside.unlink(missing_ok=True)
    with os.fdopen(os.open(beside, _FRESH, document.mode), "wb") as file:
        file.write(document.content(path.name))
    beside.chmod(document.mode)  # whatever the mask of this process took away
    beside.replace(path)
    return path


_FRESH = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
