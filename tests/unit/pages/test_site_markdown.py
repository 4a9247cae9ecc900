"""Pages come out in the site as they do on the repository's own page."""

from __future__ import annotations

import pytest
from docs.generate.github import adapted, slug


@pytest.mark.parametrize(
    ("heading", "anchor"),
    [
        ("What timings mean", "what-timings-mean"),
        ("`map_registration`", "map_registration"),
        ("What it's for", "what-its-for"),
        ("1. Times are whole", "1-times-are-whole"),
        ("Under `plugins:`", "under-plugins"),
    ],
)
def test_a_heading_has_the_anchor_of_the_repositorys_page(heading: str, anchor: str) -> None:
    assert slug(heading, "-") == anchor


def test_what_belongs_to_an_item_is_indented_by_four_spaces() -> None:
    page = "1. Make a key.\n\n   ```sh\n   regbridge secret random\n   ```\n\n2. Then.\n"
    assert adapted(page) == (
        "1. Make a key.\n\n    ```sh\n    regbridge secret random\n    ```\n\n2. Then.\n"
    )


def test_a_list_behind_a_line_gets_a_blank_line_before_it() -> None:
    assert adapted("Bring\n* one\n* two\n\nand go\n") == "Bring\n\n* one\n* two\n\nand go\n"


def test_a_bar_in_the_code_of_a_table_has_no_backslash() -> None:
    assert adapted("| `a \\| b` | c |\n") == "| `a | b` | c |\n"


def test_code_stays_as_it_is() -> None:
    page = "```text\n1. one\n   two\n| `a \\| b` |\n```\n"
    assert adapted(page).count("    two") == 0
