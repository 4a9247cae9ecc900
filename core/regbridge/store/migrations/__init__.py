"""The migrations of this version, as their files' names tell them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

MIGRATIONS = Path(__file__).parent


@dataclass(frozen=True, slots=True)
class Revision:
    """One migration, as its file's name tells it: `0004_pre_what_it_does.py`."""

    number: str
    is_pre: bool


def revisions(migrations: Path = MIGRATIONS) -> list[Revision]:
    """Return the migrations of this version, in their order."""
    names = sorted(path.stem for path in (migrations / "versions").glob("[0-9]*.py"))
    return [Revision(name.split("_")[0], name.split("_")[1] == "pre") for name in names]


def needed_revision(migrations: Path = MIGRATIONS) -> str:
    """Return the revision that this version cannot do without."""
    known = revisions(migrations)
    return next((one.number for one in reversed(known) if one.is_pre), known[-1].number)
