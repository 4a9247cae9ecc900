"""Every line of output on a page has words that the code says, or columns of what it counts."""

from __future__ import annotations

import ast
import json
import re
from functools import cache

import pytest
from tests.page_blocks import ROOT, Block, each_block

SHORTEST = 6
"""Characters of a piece of a text that tell where it is from; shorter ones are in every line."""

STRANGE = 2
"""So many words of a line may be somebody's name, or one that is only known when it runs."""


@cache
def said_by_the_code() -> tuple[str, ...]:
    """Return the pieces of all texts in the code, between what is only known when it runs."""
    pieces: set[str] = set()
    for path in [*(ROOT / "core").rglob("*.py"), *(ROOT / "plugins").rglob("*.py")]:
        if "tests" not in path.parts:
            tree = ast.parse(path.read_text(encoding="utf-8"))
            explains = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
            for node in ast.walk(tree):
                if isinstance(node, ast.Constant) and isinstance(node.value, str):
                    pieces.update(node.value.splitlines() if id(node) not in explains else ())
    return tuple(sorted(pieces))


def is_columns(line: str) -> bool:
    """Say whether a line is one of a table, or a value under its name."""
    return bool(re.search(r"\S {2,}\S", line) or re.match(r" *[\w.]+: ", line))


def is_place(line: str) -> bool:
    """Say whether a line is a file, a time or a heading alone."""
    return bool(re.fullmatch(r" *(\S+:?|\d[\dTZ:. -]+)", line))


def problem_of(line: str) -> str:
    """Return the line if nobody knows who would print it, "" if it is known."""
    if not line.strip() or is_columns(line) or is_place(line):
        return ""
    if line.startswith("{"):
        return "" if isinstance(json.loads(line), dict) else line
    known: set[int] = set()
    alone = {piece.strip(" ,;:.") for piece in said_by_the_code()}
    for piece in said_by_the_code():
        if len(piece) >= SHORTEST and " " in piece and (at := line.find(piece)) >= 0:
            known.update(range(at, at + len(piece)))
    words = re.finditer(r"(?<![\w'\"./-])[a-z]+(?![\w'\"./])", line)
    strange = [word for word in words if word.start() not in known and word[0] not in alone]
    return line if len(strange) > STRANGE else ""


@each_block("text")
def test_output_on_a_page_is_what_the_code_prints(block: Block) -> None:
    assert [line for line in block.text.splitlines() if problem_of(line)] == []


@pytest.mark.parametrize(
    "line",
    [
        "whoever knew the password swapped some tokens",
        "every person was brought over nicely, without trouble or delay",
        "the error stands somewhere near the end of your document",
    ],
)
def test_what_nobody_prints_would_be_found(line: str) -> None:
    assert problem_of(line)


def test_a_text_of_another_version_would_be_found() -> None:
    assert problem_of("the certificate was found wanting by somebody")
    assert not problem_of("x.yaml:3: there is no such file; write it in quotes")
