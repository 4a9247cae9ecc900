"""The plugins of this repository, told from its files: whatever else is installed, these count."""

from __future__ import annotations

import configparser
import sys
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import EntryPoint
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True, slots=True)
class Declared:
    """An entry point that a distribution of this repository declares; `folder` is the latter's."""

    distribution: str
    entry: EntryPoint
    folder: Path

    def load(self) -> Any:
        """Return what the entry point stands for."""
        source = str(self.folder / "src")
        if self.folder != ROOT and source not in sys.path:
            sys.path.append(source)
        return self.entry.load()


def declared(group: str) -> list[Declared]:
    """Return what regbridge and the plugins beside it declare in a group of entry points."""
    return [*_bundled(group), *_beside(group)]


def _bundled(group: str) -> Iterator[Declared]:
    setup = configparser.ConfigParser()
    setup.optionxform = str  # type: ignore[assignment,method-assign]
    setup.read(ROOT / "setup.cfg", encoding="utf-8")
    for line in setup["options.entry_points"].get(group, "").strip().splitlines():
        name, _, value = line.partition("=")
        yield Declared("regbridge", EntryPoint(name.strip(), value.strip(), group), ROOT)


def _beside(group: str) -> Iterator[Declared]:
    for file in sorted((ROOT / "plugins").glob("*/pyproject.toml")):
        project = tomllib.loads(file.read_text(encoding="utf-8"))["project"]
        for name, value in sorted(project.get("entry-points", {}).get(group, {}).items()):
            yield Declared(project["name"], EntryPoint(name, value, group), file.parent)
