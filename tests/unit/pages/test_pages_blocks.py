"""Every block of code on a page is run or checked, or is listed with the reason why not."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.page_blocks import CHECKED_BY, NOT_RUN, blocks

HERE = Path(__file__).parent


def test_every_block_is_of_a_language_that_is_checked() -> None:
    unknown = [
        f"{block.page}, block {block.number}: {block.language or 'no language'}"
        for block in blocks()
        if block.language not in CHECKED_BY and not block.reason
    ]
    assert unknown == [], "name a language that tests/page_blocks.py knows, or teach it this one"


@pytest.mark.parametrize("language", CHECKED_BY)
def test_the_module_that_checks_a_language_takes_all_of_its_blocks(language: str) -> None:
    source = (HERE / f"{CHECKED_BY[language]}.py").read_text(encoding="utf-8")
    assert f'"{language}"' in source


def test_every_block_that_is_not_run_is_on_its_page() -> None:
    listed = {
        (page, start)
        for page, start in NOT_RUN
        for block in blocks()
        if block.page == page and block.text.startswith(start)
    }
    written = {block.page for block in blocks()}
    assert listed == {entry for entry in NOT_RUN if entry[0] in written}


def test_no_more_is_left_out_than_pictures_and_programs_of_others() -> None:
    assert {block.language for block in blocks() if block.reason} <= {"text", "js", "python"}
