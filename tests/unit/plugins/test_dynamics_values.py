"""Plain values, as columns of each type take them."""

from __future__ import annotations

from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from regbridge_dynamics.schema import Behavior, Column, Option, Type
from regbridge_dynamics.values import can_be_written, write_value

TEXT = Column("new_name", Type.STRING, max_length=10)
COLUMNS = [
    TEXT,
    Column("new_memo", Type.MEMO, max_length=2000),
    Column("new_count", Type.INTEGER, minimum=0, maximum=100),
    Column("new_version", Type.BIG_INTEGER),
    Column("new_discount", Type.DECIMAL, places=2, minimum=-1e11, maximum=1e11),
    Column("new_score", Type.DOUBLE, places=5),
    Column("new_amount", Type.MONEY, places=2, minimum=0),
    Column("new_member", Type.BOOLEAN),
    Column("new_at", Type.DATE_TIME),
    Column("new_day", Type.DATE_TIME, behavior=Behavior.DATE_ONLY),
    Column("new_status", Type.CHOICE, options=(Option(1, ("One",)),)),
    Column("new_interests", Type.CHOICES, options=(Option(1, ("One",)),)),
    Column("statuscode", Type.STATUS, options=(Option(1, ("One",)),)),
    Column("new_id", Type.GUID),
]
BY_NAME = {column.name: column for column in COLUMNS}
GUID = "0f8fad5b-d9cb-469f-a165-70867728950e"

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=4,
)


@pytest.mark.parametrize(
    ("name", "value", "written"),
    [
        ("new_name", "Zoë", "Zoë"),
        ("new_name", 12.5, "12.5"),
        ("new_name", True, "true"),
        ("new_memo", "two\r\nlines\t", "two\r\nlines\t"),
        ("new_count", 12, 12),
        ("new_count", "12.00", 12),
        ("new_count", 12.0, 12),
        ("new_version", 2**60, 2**60),
        ("new_discount", 0.1 + 0.2, Decimal("0.30")),
        ("new_discount", "12.345", Decimal("12.35")),
        ("new_discount", -3, Decimal("-3.00")),
        ("new_score", 1.234567, Decimal("1.23457")),
        ("new_amount", "1250", Decimal("1250.00")),
        ("new_member", "yes", True),
        ("new_status", "one", 1),
        ("new_interests", ["One"], "1"),
        ("statuscode", 1, 1),
        ("new_id", GUID.upper(), GUID),
        ("new_id", f"{{{GUID}}}", GUID),
        ("new_day", "2027-03-04", "2027-03-04"),
    ],
)
def test_a_value_takes_the_columns_form(name: str, value: Any, written: Any) -> None:
    found = write_value(BY_NAME[name], value)
    assert (found, type(found)) == (written, type(written))


def test_a_time_without_a_zone_is_one_of_the_targets_zone() -> None:
    written = write_value(BY_NAME["new_at"], "2027-03-04T09:30:00", ZoneInfo("America/New_York"))
    assert written == "2027-03-04T14:30:00Z"


@pytest.mark.parametrize("name", [name for name in BY_NAME if name != "statuscode"])
@pytest.mark.parametrize("value", [None, ""])
def test_nothing_clears_a_column(name: str, value: Any) -> None:
    assert write_value(BY_NAME[name], value) is None


def test_a_status_cannot_be_cleared() -> None:
    with pytest.raises(ValueError, match="cannot be cleared"):
        write_value(BY_NAME["statuscode"], None)


@pytest.mark.parametrize(
    ("name", "value", "reason"),
    [
        ("new_name", "eleven char", "11 characters, and the column takes 10"),
        ("new_name", "\U0001f600" * 6, "12 characters"),  # as Dataverse counts
        ("new_name", "a\x00b", "control character"),
        ("new_name", "\ud800", "control character"),
        ("new_name", ["a"], "a list or an object"),
        ("new_count", 101, "more than 100"),
        ("new_count", -1, "less than 0"),
        ("new_count", 1.5, "not a whole number"),
        ("new_count", "many", "not a whole number"),
        ("new_count", True, "not a whole number"),
        ("new_discount", "1,250", "not a number"),
        ("new_discount", float("nan"), "not a number"),
        ("new_discount", True, "not a number"),
        ("new_discount", 2e11, "more than 100,000,000,000"),
        ("new_score", 10**40, "too many digits"),
        ("new_amount", -0.01, "less than 0"),
        ("new_id", "R-17", "no GUID"),
        ("new_id", 17, "no GUID"),
    ],
)
def test_a_value_that_does_not_fit_is_refused_with_the_reason(
    name: str, value: Any, reason: str
) -> None:
    with pytest.raises(ValueError, match=reason):
        write_value(BY_NAME[name], value)


def test_a_type_that_cannot_be_written_is_refused() -> None:
    image = Column("new_photo", Type.OTHER, type_name="Image")
    assert not can_be_written(image)
    with pytest.raises(ValueError, match="type Image cannot be written"):
        write_value(image, "x")


@pytest.mark.parametrize("column", COLUMNS, ids=lambda column: str(column.type))
@given(value=json_values)
def test_any_value_is_written_or_refused_without_being_quoted(column: Column, value: Any) -> None:
    marked = f"SECRET{value}" if isinstance(value, str) else value
    try:
        write_value(column, marked)
    except ValueError as error:
        assert "SECRET" not in str(error)
