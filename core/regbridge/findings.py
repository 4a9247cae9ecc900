"""What a check saw, and how grave it is."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Level(StrEnum):
    """How grave a finding is."""

    OK = "ok"
    WARNING = "warning"
    ERROR = "error"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that a check saw. `remedy` says what to do.

    `where` is `file:line: key`. Who does not know file and line gives `path` instead, the keys
    from the top of the client's file (`("targets", "staging", "use")`); the host fills `where`.
    """

    level: Level
    message: str
    where: str = ""
    remedy: str = ""
    path: tuple[str | int, ...] = ()

    def __str__(self) -> str:
        text = f"{self.where}: {self.message}" if self.where else self.message
        return f"{text}; {self.remedy}" if self.remedy else text
