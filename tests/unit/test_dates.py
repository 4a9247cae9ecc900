"""What a written date or time means: a moment, a day, or what a clock shows."""

from __future__ import annotations

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest

from regbridge.dates import read_clock_time, read_day, read_moment

NEW_YORK = ZoneInfo("America/New_York")


@pytest.mark.parametrize(
    ("value", "moment", "day", "clock"),
    [
        ("2027-03-04T23:30:00-0800", (5, 7, 30), 5, (5, 2, 30)),
        ("2027-03-05T02:00:00Z", (5, 2, 0), 4, (4, 21, 0)),
        ("2027-03-04 09:30:00.0", (4, 14, 30), 4, (4, 9, 30)),
        ("04-Mar-2027", (4, 5, 0), 4, (4, 0, 0)),
    ],
)
def test_a_value_is_read_in_the_targets_time_zone(
    value: str, moment: tuple[int, int, int], day: int, clock: tuple[int, int, int]
) -> None:
    assert read_moment(value, NEW_YORK) == datetime(2027, 3, *moment, tzinfo=UTC)
    assert read_day(value, NEW_YORK) == date(2027, 3, day)
    assert read_clock_time(value, NEW_YORK) == datetime(2027, 3, *clock)  # noqa: DTZ001


def test_an_offset_counts_as_it_was_written_where_no_time_zone_is_given() -> None:
    assert read_day("2027-03-04T23:30:00-0800", None) == date(2027, 3, 4)
    assert read_clock_time("2027-03-04T23:30:00-08:00", None).hour == 23


@pytest.mark.parametrize("value", ["0001-01-01T00:00:00+00:00", "9999-12-31 23:00:00"])
def test_a_day_that_a_time_zone_puts_outside_of_all_years_is_refused(value: str) -> None:
    read = read_day if value.startswith("0001") else read_moment
    with pytest.raises(ValueError, match="outside of the years"):
        read(value, NEW_YORK)
