"""What the comparison says of another product has a source, or says that there is none."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

PAGE = (Path(__file__).parents[2] / "docs/explanation/comparison.md").read_text(encoding="utf-8")
SOURCE = re.compile(r"\[([A-Z]\d+)\](?!:)")
NO_CLAIM = ("not found", "not looked up", "own code", "yours to build", "own HTTP calls")
"""Words that say nothing about what a product can do."""
OTHERS = slice(1, 6)


def cells(text: str) -> list[list[str]]:
    """Return the cells of the tables in a text, headings and dashes too."""
    return [line.strip("| ").split(" | ") for line in text.splitlines() if line.startswith("| ")]


def part(title: str) -> str:
    return PAGE.partition(f"\n## {title}\n")[2].partition("\n## ")[0]


def claims() -> Iterator[Any]:
    """Yield each cell about another product."""
    for _heading, *rows in (cells(table) for table in part("Row by row").split("\n### ")[1:]):
        for row in rows:
            for number, cell in enumerate(row[OTHERS]):
                yield pytest.param(cell, id=f"{row[0]} {number}")


DEFINED = dict(re.findall(r"^\[([A-Z]\d+)\]: (https://\S+)$", PAGE, re.MULTILINE))
LISTED = [SOURCE.findall(row[0])[0] for row in cells(part("Sources"))[1:]]


@pytest.mark.parametrize("cell", [*claims()])
def test_a_claim_about_another_product_has_a_source_that_is_listed(cell: str) -> None:
    named = SOURCE.findall(cell)
    assert named or any(words in cell for words in NO_CLAIM)
    assert [name for name in named if name not in LISTED] == []


def test_what_is_said_in_short_has_sources_too() -> None:
    rows = [row for row in cells(part("In short"))[1:] if "**regbridge**" not in row[1]]
    assert len(rows) == 5
    assert [row[0] for row in rows if not set(SOURCE.findall(row[1])) & set(LISTED)] == []


def test_every_row_says_something_of_every_product() -> None:
    rows = [row for table in part("Row by row").split("\n### ")[1:] for row in cells(table)[1:]]
    assert len(rows) > 25
    assert [row[0] for row in rows if len(row) != 7 or not all(row[1:])] == []


def test_every_source_is_listed_once_has_an_address_and_is_used() -> None:
    used = set(SOURCE.findall(part("In short") + part("Row by row")))
    assert sorted(LISTED) == sorted(DEFINED) == sorted(used)
    assert len(set(DEFINED.values())) == len(DEFINED)


def test_the_sources_say_when_they_were_read() -> None:
    assert re.search(r"^All read on \d{4}-\d\d-\d\d\.", part("Sources"), re.MULTILINE)


def test_there_is_a_case_in_which_each_other_product_is_the_better_choice() -> None:
    taken = "".join(row[1] for row in cells(part("In short")))
    for product in (
        "Salesforce App",
        "Power Automate",
        "Zapier",
        "n8n",
        "Hookdeck, Svix or Convoy",
    ):
        assert f"**{product}" in taken or f"own {product}**" in taken
