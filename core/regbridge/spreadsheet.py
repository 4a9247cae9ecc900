"""Cells of CSV files that people open with a spreadsheet."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable
from types import SimpleNamespace

# The last four are the full-width forms, which spreadsheets take as formulas as well.
_FORMULA = tuple("=+-@\t\uff1d\uff0b\uff0d\uff20")
_NEWLINE = re.compile(r"\r\n|\r|\n")
_LONGEST = 32_000
"""Excel takes 32,767 characters in a cell, and spreads what is longer over others."""

_writer = csv.writer(SimpleNamespace(write=str), lineterminator="\r\n", quoting=csv.QUOTE_ALL)


def safe_cell(text: str) -> str:
    """Return a text that no spreadsheet runs as a formula, on one line."""
    text = _NEWLINE.sub(" ", text)
    safe = f"'{text}" if text.lstrip(" ").startswith(_FORMULA) else text
    return safe if len(safe) <= _LONGEST else f"{safe[: _LONGEST - 1]}\u2026"


def csv_row(cells: Iterable[str]) -> bytes:
    """Return one line of a CSV file, each cell made safe."""
    row: str = _writer.writerow([safe_cell(cell) for cell in cells])
    return row.encode("utf-8", "replace")
