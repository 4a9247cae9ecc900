"""Cvent's ways to write a date or a time."""

from __future__ import annotations

import calendar
from datetime import UTC, date, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from regbridge.times import parse_time


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2044-04-03T15:46:06.413Z", datetime(2044, 4, 3, 15, 46, 6, 413000, UTC)),
        ("2044-04-03", date(2044, 4, 3)),
        ("2044-04-03 15:46:06.413", datetime(2044, 4, 3, 15, 46, 6, 413000)),  # noqa: DTZ001
        ("2018-05-25 18:00:00.0", datetime(2018, 5, 25, 18)),  # noqa: DTZ001
        ("2044-05-25T18:00:00.000", datetime(2044, 5, 25, 18)),  # noqa: DTZ001
        ("2018-07-27T18:00:00.000Z", datetime(2018, 7, 27, 18, tzinfo=UTC)),
        ("04-May-2024", date(2024, 5, 4)),
    ],
)
def test_each_form_of_the_documentation_is_read(text: str, expected: date) -> None:
    found = parse_time(text)
    assert found == expected
    assert type(found) is type(expected)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2044-04-03T15:46:06-04:00", datetime(2044, 4, 3, 19, 46, 6, tzinfo=UTC)),
        ("2044-04-03T15:46:06+0530", datetime(2044, 4, 3, 10, 16, 6, tzinfo=UTC)),
        ("2044-04-03T15:46Z", datetime(2044, 4, 3, 15, 46, tzinfo=UTC)),
        (" 2044-04-03T15:46:06.123456789Z ", datetime(2044, 4, 3, 15, 46, 6, 123456, UTC)),
    ],
)
def test_a_time_with_an_offset_comes_back_in_utc(text: str, expected: datetime) -> None:
    found = parse_time(text)
    assert found == expected
    assert isinstance(found, datetime)
    assert found.utcoffset() == timedelta(0)


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "soon",
        "2044",
        "2044-04",
        "20440403",
        "2044-4-3",
        "2044-13-01",
        "2043-02-29",
        "0000-01-01",
        "2044-04-03T",
        "2044-04-03T24:01:00Z",
        "2044-04-03T15",
        "2044-04-03T15:46:06,413Z",
        "2044-04-03T15:46:06.413z",
        "2044-04-03  15:46:06",
        "2044-W14-7",
        "04-Mai-2024",
        "31-Jun-2024",
        "04-May-24",
        "04 May 2024",
        "03/04/2044",
        "٢٠٤٤-٠٤-٠٣",
        "2044-04-03T15:46:06+99:99",
        "0001-01-01T00:00:00+14:00",
        "9999-12-31T23:59:59-01:00",
        "1733000000",
    ],
)
def test_what_is_none_of_the_forms_is_none(text: str) -> None:
    assert parse_time(text) is None


@given(
    st.text()
    | st.from_regex(
        r"[0-9]{1,4}-[0-9A-Za-z]{1,3}-[0-9]{1,4}([T ][0-9:.]{1,12}(Z|[+-][0-9:]{1,5})?)?",
        fullmatch=True,
    )
)
def test_no_text_makes_it_fail(text: str) -> None:
    found = parse_time(text)
    assert found is None or isinstance(found, date)


@given(st.datetimes(datetime(1, 1, 3), datetime(9999, 12, 29)), st.integers(-14 * 60, 14 * 60))  # noqa: DTZ001
def test_an_instant_is_the_same_in_every_offset(time: datetime, minutes: int) -> None:
    aware = time.replace(tzinfo=timezone(timedelta(minutes=minutes)))
    assert parse_time(aware.isoformat()) == aware


@given(st.dates())
def test_every_day_is_read_in_both_forms(day: date) -> None:
    month = "JanFebMarAprMayJunJulAugSepOctNovDec"[3 * day.month - 3 : 3 * day.month]
    assert parse_time(day.isoformat()) == day
    assert parse_time(f"{day.day:02}-{month}-{day.year:04}") == day
    assert parse_time(f"{day.day:02}-{month.upper()}-{day.year:04}") == day


def test_the_language_of_the_machine_changes_no_month(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(calendar, "month_abbr", [""] + ["Mai"] * 12)
    assert parse_time("04-May-2024") == date(2024, 5, 4)
