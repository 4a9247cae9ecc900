"""How a place in a configuration file is written: `clients/apap.yaml:14: targets.staging.use`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path

from regbridge.models import Finding

Keys = tuple[str | int, ...]
"""The way to a value, from the top of its file."""

Origins = Mapping[Keys, tuple[Path, int]]
"""The file and the line (from 1) of every value; `()` is always among the keys."""


def where(origins: Origins, keys: Keys) -> str:
    """Return where a value stands; for one that does not exist, where it would be added."""
    known = next(keys[:length] for length in range(len(keys), -1, -1) if keys[:length] in origins)
    return place(*origins[known], keys)


def located(findings: Iterable[Finding], origins: Origins) -> list[Finding]:
    """Return findings with `where` filled in from their `path`, unless they have it."""
    return [
        finding if finding.where else replace(finding, where=where(origins, finding.path))
        for finding in findings
    ]


def place(path: Path, line: int, keys: Keys = ()) -> str:
    """Return a place in words; the file relative to the working folder if it is below it."""
    text = f"{shown(path)}:{line}"
    return f"{text}: {key_text(keys)}" if keys else text


def shown(path: Path) -> str:
    """Return a path as short as a reader can still follow it."""
    whole = path.absolute()
    return (
        whole.relative_to(here) if whole.is_relative_to(here := Path.cwd()) else path
    ).as_posix()


def key_text(keys: Keys) -> str:
    """Return a way to a value as a reader writes it: `targets.staging.map`."""
    text = "".join(f"[{key}]" if isinstance(key, int) else f".{key}" for key in keys)
    return text.removeprefix(".")
