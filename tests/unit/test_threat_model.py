"""The tests that the threat model names are there, and every row has one."""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs/explanation/threat-model.md").read_text(encoding="utf-8")
NAMED = sorted(set(re.findall(r"`(tests/[^`]+)`", PAGE)))
ROWS = [
    line.strip("| ").split(" | ")
    for line in PAGE.splitlines()
    if line.startswith("| ") and not line.startswith("| an attacker could")
]
BOUNDARIES = [part.partition("\n\n")[::2] for part in PAGE.split("\n## ")[1:]]


@cache
def names_in(path: str) -> set[str]:
    """Return what a test file defines at its top: functions, classes, other names."""
    file = ROOT / path
    tree = ast.parse(file.read_text(encoding="utf-8")) if file.is_file() else ast.Module([], [])
    found: set[str] = set()
    for node in tree.body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            found.add(node.name)
        elif isinstance(node, ast.Assign):
            found |= {each.id for each in node.targets if isinstance(each, ast.Name)}
    return found


@pytest.mark.parametrize("place", NAMED)
def test_a_test_that_holds_a_threat_is_there(place: str) -> None:
    path, _, name = place.partition("::")

    assert name in names_in(path)
    assert name.lower().startswith("test")


def test_every_threat_names_what_holds_it_and_a_test() -> None:
    assert len(ROWS) > 40
    assert [row for row in ROWS if len(row) != 3] == []
    assert [row[0] for row in ROWS if not row[2].startswith("`tests/")] == []


@pytest.mark.parametrize("boundary", BOUNDARIES, ids=lambda boundary: boundary[0])
def test_every_boundary_says_what_it_trusts_and_what_is_left_over(
    boundary: tuple[str, str],
) -> None:
    _, text = boundary

    assert text.startswith("**Trusts** ")
    assert "\n**Left over.** " in text
    assert text.count("\n| ") >= 4


def test_all_boundaries_are_there() -> None:
    assert len(BOUNDARIES) == 10
