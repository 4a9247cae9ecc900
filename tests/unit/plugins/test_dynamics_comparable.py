"""The form in which values are compared: what was sent and what is answered meet in it."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from regbridge_dynamics.comparable import can_be_compared, comparable
from regbridge_dynamics.schema import Behavior, Column, Option, Type
from regbridge_dynamics.values import write_value

TEXT = Column("text", Type.STRING, max_length=100)
DECIMAL = Column("decimal", Type.DECIMAL, places=2)
EXACT = Column("exact", Type.DECIMAL, places=10)
MONEY = Column("money", Type.MONEY, places=4)
DOUBLE = Column("double", Type.DOUBLE, places=5)
DAY = Column("day", Type.DATE_TIME, behavior=Behavior.DATE_ONLY)
CLOCK = Column("clock", Type.DATE_TIME, behavior=Behavior.TIME_ZONE_INDEPENDENT)
MOMENT = Column("moment", Type.DATE_TIME)
CHOICES = Column("choices", Type.CHOICES, options=(Option(1), Option(2), Option(10)))
PARENT = Column("parent", Type.LOOKUP)


@pytest.mark.parametrize(
    ("column", "sent", "answered"),
    [
        (TEXT, "", None),
        (TEXT, "  ", None),
        (TEXT, " a\r\nb\rc ", "a\nb\nc"),
        (TEXT, 12, "12"),
        (DECIMAL, "1.005", 1.01),
        (DECIMAL, 2, 2.0),
        (EXACT, "12345678901.1234567891", 12345678901.123456789),
        (MONEY, "12.3456", 12.35),
        (MONEY, "12.3456", 12.3456),
        (DOUBLE, 1 / 3, 0.33333),
        (DAY, "2027-03-04", "2027-03-04"),
        (CLOCK, "2027-03-04T08:00:00-05:00", "2027-03-04T08:00:00Z"),
        (MOMENT, "2027-03-04T08:00:00-05:00", "2027-03-04T13:00:00Z"),
        (MOMENT, "2027-03-04T08:00:00Z", "2027-03-04T09:00:00.0000000+01:00"),
        (MOMENT, "2027-03-04T08:00:00Z", "2027-03-04T08:00:00"),
        (Column("number", Type.DOUBLE), "1.50", 1.5),
        (CHOICES, [10, 2, 2], "2,10"),
        (CHOICES, [], None),
        (Column("guid", Type.GUID), "{0F8FAD5B-D9CB-469F-A165-70867728950E}", None),
    ],
)
def test_what_was_sent_equals_what_is_answered(column: Column, sent: Any, answered: Any) -> None:
    if column.type is Type.GUID:
        answered = "0F8FAD5B-D9CB-469F-A165-70867728950E"
    written = comparable(column, write_value(column, sent))
    assert written == comparable(column, answered)
    assert json.loads(json.dumps(written)) == written


@pytest.mark.parametrize(
    ("column", "value", "other"),
    [
        (TEXT, "a", "A"),
        (TEXT, "a  b", "a b"),
        (DECIMAL, 1.01, 1.02),
        (MONEY, 12.34, 12.35),
        (DAY, "2027-03-04", "2027-03-05"),
        (MOMENT, "2027-03-04T08:00:00Z", "2027-03-04T08:00:01Z"),
        (CHOICES, "1,2", "1"),
        (Column("count", Type.INTEGER), 0, None),
        (Column("member", Type.BOOLEAN), False, None),
        (Column("member", Type.BOOLEAN), True, 1),
    ],
)
def test_what_differs_there_differs_here(column: Column, value: Any, other: Any) -> None:
    assert comparable(column, value) != comparable(column, other)


@pytest.mark.parametrize("column", [DECIMAL, DAY, MOMENT, CHOICES, PARENT])
@pytest.mark.parametrize("value", ["x", True, [], {"a": 1}, 1e300, "", "9" * 5000])
def test_a_value_in_no_known_form_is_compared_all_the_same(column: Column, value: Any) -> None:
    found = comparable(column, value)
    assert json.loads(json.dumps(found)) == found


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({}, True),
        ({"can_read": False}, False),
        ({"can_create": False}, False),
        ({"can_update": False}, False),
        ({"type": Type.STATE}, False),
        ({"type": Type.STATUS}, False),
        ({"type": Type.OTHER}, False),
        ({"type": Type.OWNER}, True),
    ],
)
def test_only_what_comes_back_as_it_was_sent_can_be_compared(
    change: dict[str, Any], expected: bool
) -> None:
    assert can_be_compared(Column("x", **{"type": Type.STRING, **change})) is expected


@given(st.decimals(-(10**11), 10**11, places=10), st.integers(0, 10))
def test_a_number_is_the_same_exactly_and_as_the_nearest_float(number: Any, places: int) -> None:
    column = Column("number", Type.DECIMAL, places=places)
    written = write_value(column, f"{number:f}")
    assert comparable(column, written) == comparable(column, float(written))
