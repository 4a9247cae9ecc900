"""Cells that a spreadsheet opens."""

from __future__ import annotations

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from regbridge.spreadsheet import csv_row, safe_cell


@pytest.mark.parametrize("sign", "=+-@\t\uff1d\uff0b\uff0d\uff20")
def test_a_text_that_would_be_a_formula_gets_an_apostrophe(sign: str) -> None:
    assert safe_cell(f"{sign}1") == f"'{sign}1"
    assert safe_cell(f"  {sign}1") == f"'  {sign}1"


@pytest.mark.parametrize("text", ["", "Ada", "1+1", "a=b", "'=1"])
def test_any_other_text_stays_as_it_is(text: str) -> None:
    assert safe_cell(text) == text


def test_a_cell_is_one_line() -> None:
    assert safe_cell("a\r\nb\rc\n=d") == "a b c =d"


def test_a_cell_is_cut_where_a_spreadsheet_would_spread_it_over_others() -> None:
    assert len(safe_cell("=" * 40_000)) == 32_000


@given(st.lists(st.text(), min_size=1))
def test_a_line_is_read_back_as_the_same_number_of_harmless_cells(cells: list[str]) -> None:
    text = csv_row(cells).decode()

    [row] = csv.reader(io.StringIO(text, newline=""), strict=True)

    assert len(row) == len(cells)
    assert text.endswith("\r\n")
    assert not any(cell.startswith(tuple("=+-@\t\r")) for cell in row)
