"""The commands at a glance, from their functions' docstrings."""

from __future__ import annotations

from collections.abc import Iterator

from docs.generate.distributions import declared
from docs.generate.markdown import code, first_sentence, table

from regbridge.cli import Regbridge
from regbridge.cli.docstrings import docstring
from regbridge.cli.extensions import COMMANDS, SIMULATORS


def write(_about: str) -> str:
    """Return a table of all commands, those that plugins of this repository bring among them."""
    return table(["command", "does", "brought by"], [*_own(), *_brought()])


def _own() -> Iterator[tuple[str, str, str]]:
    for name, place in Regbridge.own.items():
        module, _, function = place.partition(":")
        yield f"[{name}](#{name})", _does(module, function), ""


def _brought() -> Iterator[tuple[str, str, str]]:
    for group, before in ((COMMANDS, ""), (SIMULATORS, "simulate ")):
        for each in sorted(declared(group), key=lambda found: found.entry.name):
            each.load()
            does = _does(each.entry.module, each.entry.attr)
            yield code(f"{before}{each.entry.name}"), does, each.entry.module.partition(".")[0]


def _does(module: str, function: str) -> str:
    return first_sentence(docstring(module, function) or "")
