"""The numbers of the explanations are those that a benchmark holds."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
LIMITS = (ROOT / "bench/README.md").read_text(encoding="utf-8")
PAGES = ("batches", "once", "store-first", "comparison")
NAMED = re.compile(r"`(bench/(\w+\.py))`")


def text_of(page: str) -> str:
    return (ROOT / f"docs/explanation/{page}.md").read_text(encoding="utf-8")


def limits_of(script: str) -> str:
    """Return the lines of a benchmark in its table, the ones that name no other among them."""
    found = re.search(rf"^\| `python bench/{script}.*?(?=^\| `|^$)", LIMITS, re.M | re.S)
    assert found, f"bench/README.md says nothing of {script}"
    return found[0]


def sentences() -> Iterator[Any]:
    """Yield what says "at most" or "at least" so much, and the benchmark that it names."""
    for page in PAGES:
        for line in text_of(page).splitlines():
            named = NAMED.findall(line)
            for bound, number in re.findall(r"at (most|least) ([\d.]+)", line):
                if named:
                    yield pytest.param(
                        named, f"at {bound} {number}", id=f"{page}: {bound} {number}"
                    )


@pytest.mark.parametrize(("named", "limit"), [*sentences()])
def test_a_limit_that_a_page_names_is_one_of_the_benchmarks_beside_it(
    named: list[tuple[str, str]], limit: str
) -> None:
    assert any(limit in limits_of(script) for _, script in named)


@pytest.mark.parametrize("page", PAGES)
def test_a_benchmark_that_a_page_names_is_there(page: str) -> None:
    named = [path for path, _ in NAMED.findall(text_of(page))]
    assert named or page == "once"
    assert [path for path in named if not (ROOT / path).is_file()] == []


def test_every_cost_of_a_sync_names_who_prints_it() -> None:
    table = text_of("batches").partition("## What a sync of 10,000 costs")[2].partition("\n## ")[0]
    rows = [line for line in table.splitlines() if line.startswith("| ")][1:]
    assert len(rows) >= 4
    assert [row for row in rows if not NAMED.search(row)] == []
