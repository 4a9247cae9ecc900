"""The blocks of code on the pages that people read, and those that no test can run."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PAGES = sorted(
    [
        *ROOT.glob("*.md"),
        *(ROOT / "docs").rglob("*.md"),
        *(ROOT / "plugins").glob("*/README.md"),
        ROOT / "bench/README.md",
    ]
)
_BLOCK = re.compile(r"^( *)```([^\n`]*)\n(.*?)^ *```$", re.DOTALL | re.MULTILINE)
_GENERATED = re.compile(
    r"^<!-- generated: (.+?) -->\n.*?^<!-- end of \1 -->$", re.DOTALL | re.MULTILINE
)

CHECKED_BY = {
    "yaml": "test_pages_yaml",
    "sh": "test_pages_shell",
    "powershell": "test_pages_powershell",
    "python": "test_pages_code",
    "json": "test_pages_code",
    "toml": "test_pages_code",
    "ini": "test_pages_code",
    "sql": "test_pages_code",
    "nginx": "test_pages_code",
    "text": "test_pages_text",
}
"""The modules of `tests/unit/pages` that run the blocks of a language, or hold them to facts."""

NOT_RUN = {
    # page, how the block begins: why no test can run it
    ("plugins/regbridge_http/README.md", "const crypto = require"): "JavaScript, for n8n to run",
    (
        "plugins/regbridge_http/README.md",
        '"""Receives signed registrations',
    ): "run by the package's own tests",
    ("docs/explanation/threat-model.md", "            internet"): "a picture",
    ("docs/how-to/run-on-windows-iis.md", "Cvent ──https──>"): "a picture",
    ("docs/reference/configuration.md", "configs/  "): "a picture of a folder",
    ("docs/how-to/run-on-several-hosts.md", "REGBRIDGE_DATABASE="): "the value of a variable",
}
"""A page and how a block of it begins; and why nothing is done with that block."""


@dataclass(frozen=True, slots=True)
class Block:
    """A block of code: its page, its number there, its language, and its text unindented."""

    page: str
    number: int
    language: str
    text: str
    generated: bool

    @property
    def reason(self) -> str:
        """Why no test can run it, "" for one that is run."""
        return next(
            (
                why
                for (page, start), why in NOT_RUN.items()
                if page == self.page and self.text.startswith(start)
            ),
            "",
        )


def blocks(*languages: str) -> list[Block]:
    """Return the blocks of all pages in some languages, or in any."""
    found = [block for page in PAGES for block in blocks_of(page)]
    return [block for block in found if not languages or block.language in languages]


def blocks_of(page: Path) -> list[Block]:
    """Return the blocks of one page."""
    text = page.read_text(encoding="utf-8")
    generated = [found.span() for found in _GENERATED.finditer(text)]
    name = page.relative_to(ROOT).as_posix()
    return [
        Block(
            name,
            number,
            found[2],
            re.sub(f"^{found[1]}", "", found[3], flags=re.MULTILINE),
            any(start < found.start() < end for start, end in generated),
        )
        for number, found in enumerate(_BLOCK.finditer(text), start=1)
    ]


def each_block(*languages: str) -> pytest.MarkDecorator:
    """Return the mark of a test that is run for each block of these languages that can be run."""
    found = [block for block in blocks(*languages) if not block.reason and not block.generated]
    return pytest.mark.parametrize(
        "block", found, ids=[f"{block.page} {block.number}" for block in found]
    )
