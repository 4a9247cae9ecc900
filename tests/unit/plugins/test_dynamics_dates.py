"""Days and times, by the behaviour of the column."""

from __future__ import annotations

from typing import Any
from zoneinfo import ZoneInfo

import pytest

from regbridge_dynamics.dates import write_date
from regbridge_dynamics.schema import Behavior

NEW_YORK = ZoneInfo("America/New_York")
DAY, MOMENT, CLOCK = Behavior.DATE_ONLY, Behavior.USER_LOCAL, Behavior.TIME_ZONE_INDEPENDENT


@pytest.mark.parametrize(
    ("value", "behavior", "zone", "written"),
    [
        ("2027-03-04", DAY, None, "2027-03-04"),
        ("04-Mar-2027", DAY, None, "2027-03-04"),
        ("2027-03-04 18:00:00.0", DAY, None, "2027-03-04"),
        ("2027-03-04T23:00:00-0500", DAY, None, "2027-03-04"),
        ("2027-03-04T02:00:00Z", DAY, NEW_YORK, "2027-03-03"),
        ("2027-03-04T09:30:00-05:00", MOMENT, None, "2027-03-04T14:30:00Z"),
        ("2027-03-04T15:46:06.413Z", MOMENT, None, "2027-03-04T15:46:06Z"),
        ("2027-07-04 09:30:00.0", MOMENT, NEW_YORK, "2027-07-04T13:30:00Z"),
        ("2027-03-04", MOMENT, NEW_YORK, "2027-03-04T05:00:00Z"),
        ("2027-03-04T09:30:00-0500", CLOCK, None, "2027-03-04T09:30:00Z"),
        ("2027-03-04T09:30:00", CLOCK, None, "2027-03-04T09:30:00Z"),
        ("2027-03-04T14:30:00Z", CLOCK, NEW_YORK, "2027-03-04T09:30:00Z"),
        ("2027-03-04", CLOCK, None, "2027-03-04T00:00:00Z"),
        ("1753-01-01", DAY, None, "1753-01-01"),
    ],
)
def test_a_date_is_written_as_the_column_means_it(
    value: str, behavior: Behavior, zone: ZoneInfo | None, written: str
) -> None:
    assert write_date(value, behavior, zone) == written


@pytest.mark.parametrize(
    ("value", "behavior", "remedy"),
    [
        ("2027-03-04 09:30:00.0", MOMENT, "without a time zone.*%z"),
        ("2027-03-04", MOMENT, "without a time zone"),
        ("2027-03-04T02:00:00Z", DAY, "a time in UTC.*format: '%Y-%m-%d' "),
        ("2027-03-04T02:00:00Z", CLOCK, "a time in UTC.*%H:%M:%S'"),
    ],
)
def test_a_date_that_could_mean_two_things_is_refused_with_the_remedy(
    value: str, behavior: Behavior, remedy: str
) -> None:
    with pytest.raises(ValueError, match=remedy):
        write_date(value, behavior, None)


@pytest.mark.parametrize("behavior", Behavior)
@pytest.mark.parametrize(
    "value", ["1752-12-31T00:00:00+00:00", "1752-12-31", "0001-01-01T00:00:00"]
)
def test_a_date_before_dataverse_begins_is_refused(value: str, behavior: Behavior) -> None:
    with pytest.raises(ValueError, match="1753 to 9999"):
        write_date(value, behavior, NEW_YORK)


@pytest.mark.parametrize("behavior", Behavior)
@pytest.mark.parametrize(
    "value", ["03/04/2027", "soon", "2027-02-30", 20270304, True, ["2027-03-04"]]
)
def test_what_is_no_date_is_refused(value: Any, behavior: Behavior) -> None:
    with pytest.raises(ValueError, match="no date or time"):
        write_date(value, behavior, NEW_YORK)


def test_a_time_after_the_last_year_is_refused() -> None:
    with pytest.raises(ValueError, match="to 9999"):
        write_date("9999-12-31 23:00:00", MOMENT, NEW_YORK)
