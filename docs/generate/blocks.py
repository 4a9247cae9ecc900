"""Blocks of a page that are generated: between two marks, what the code says now.

A mark is a comment, which no reader sees: `<!-- generated: NAME -->` before, and
`<!-- end of NAME -->` after. What stands around the blocks is written by hand.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from pathlib import Path

from docs.generate import (
    answers,
    commands,
    deprecations,
    hooks,
    ledger,
    public,
    settings,
    texts,
)

ROOT = Path(__file__).parents[2]
PAGES = sorted(page for page in (ROOT / "docs").rglob("*.md"))

Writer = Callable[[str], str]

WRITERS: Mapping[str, Writer] = {
    "answers": answers.write,
    "commands": commands.write,
    "deprecations": deprecations.write,
    "error classes": texts.write_classes,
    "hook": hooks.write,
    "ledger": ledger.write,
    "parked": texts.write_parked,
    "public": public.write,
    "settings": settings.write,
    "texts": texts.write_texts,
}
"""What writes a block, by the name before its colon; it is given what is behind the colon."""

_BLOCK = re.compile(
    r"^<!-- generated: (?P<name>[^\n]+) -->\n.*?^<!-- end of (?P=name) -->$",
    re.DOTALL | re.MULTILINE,
)


def renewed(text: str) -> str:
    """Return a page with every generated block as the code has it now."""
    return _BLOCK.sub(_renew, text)


def names(text: str) -> list[str]:
    """Return the names of a page's generated blocks."""
    return [found["name"] for found in _BLOCK.finditer(text)]


def _renew(found: re.Match[str]) -> str:
    name = found["name"]
    kind, _, about = name.partition(": ")
    body = WRITERS[kind](about).strip("\n")
    return f"<!-- generated: {name} -->\n\n{body}\n\n<!-- end of {name} -->"
