"""Conversions of values and of dates, strict and without surprises."""

from __future__ import annotations

import math
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from regbridge_rules.dates import format_problems, to_moment, write
from regbridge_rules.values import (
    CONVERSIONS,
    is_true,
    to_boolean,
    to_integer,
    to_number,
    to_string,
)

NEW_YORK = ZoneInfo("America/New_York")
VIENNA = ZoneInfo("Europe/Vienna")


@pytest.mark.parametrize(
    ("value", "text"),
    [("as it is ", "as it is "), (True, "true"), (False, "false"), (12, "12"), (1.5, "1.5")],
)
def test_text_is_what_json_would_write(value: Any, text: str) -> None:
    assert to_string(value) == text


@pytest.mark.parametrize(
    ("value", "number"), [(12, 12), (12.0, 12), (" 12 ", 12), ("-3", -3), ("12.00", 12), ("+7", 7)]
)
def test_what_is_exactly_a_whole_number_becomes_one(value: Any, number: int) -> None:
    result = to_integer(value)
    assert (result, type(result)) == (number, int)


@pytest.mark.parametrize(
    "value",
    [True, 1.5, "1.5", "1,000", "", "12a", "٣", "1e3", "0x1", "9" * 19, math.inf, math.nan, [], {}],
)
def test_what_is_no_whole_number_is_refused(value: Any) -> None:
    with pytest.raises(ValueError, match="not a whole number"):
        to_integer(value)


@pytest.mark.parametrize(
    ("value", "number"), [(1, 1), (0.25, 0.25), ("0.00", 0.0), (" -12.50 ", -12.5), ("12", 12)]
)
def test_a_number_may_be_text_with_a_point(value: Any, number: float) -> None:
    assert to_number(value) == number


@pytest.mark.parametrize(
    "value", [False, "1,5", "1.", ".5", "$5", "nan", "inf", math.nan, math.inf, [1], "1" * 400]
)
def test_what_is_no_number_is_refused(value: Any) -> None:
    with pytest.raises(ValueError, match="not a number"):
        to_number(value)


@pytest.mark.parametrize("value", [True, "true", "YES", " yes ", "1", 1])
def test_the_words_for_true(value: Any) -> None:
    assert to_boolean(value) is True


@pytest.mark.parametrize("value", [False, "False", "no", "0", 0])
def test_the_words_for_false(value: Any) -> None:
    assert to_boolean(value) is False


@pytest.mark.parametrize("value", [2, 1.0, "y", "on", "maybe", "", [], {}])
def test_any_other_word_is_no_boolean(value: Any) -> None:
    with pytest.raises(ValueError, match="none of true, false"):
        to_boolean(value)


@pytest.mark.parametrize("value", [None, False, "", [], {}])
def test_jmespaths_false_is_false(value: Any) -> None:
    assert not is_true(value)


@pytest.mark.parametrize("value", [True, 0, 0.0, "no", "false", " ", [0], {"a": 0}])
def test_everything_else_is_true(value: Any) -> None:
    assert is_true(value)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=5,
)


@given(value=JSON, name=st.sampled_from(sorted(CONVERSIONS)))
def test_a_conversion_returns_its_type_or_refuses_without_naming_the_value(
    value: Any, name: str
) -> None:
    types: dict[str, tuple[type, ...]] = {
        "string": (str,),
        "integer": (int,),
        "number": (int, float),
        "boolean": (bool,),
    }
    try:
        result = CONVERSIONS[name](value)
    except ValueError as error:
        assert str(error).startswith("the value is ")
    else:
        assert type(result) in types[name]
        assert CONVERSIONS[name](result) == result or math.isnan(value)


CVENTS_FORMS = {
    "2044-04-03T15:46:06.413Z": "2044-04-03 11:46",
    "2044-04-03": "2044-04-03 00:00",
    "2044-04-03 15:46:06.413": "2044-04-03 15:46",
    "2018-05-25 18:00:00.0": "2018-05-25 18:00",
    "2044-05-25T18:00:00.000": "2044-05-25 18:00",
    "2018-01-27T18:00:00.000Z": "2018-01-27 13:00",
    "04-May-2024": "2024-05-04 00:00",
}


@pytest.mark.parametrize(("text", "written"), CVENTS_FORMS.items(), ids=CVENTS_FORMS)
def test_all_of_cvents_forms_are_written_in_the_events_zone(text: str, written: str) -> None:
    assert write(to_moment(text, NEW_YORK, NEW_YORK), "%Y-%m-%d %H:%M") == written


def test_a_time_without_a_zone_is_converted_from_the_events_zone() -> None:
    moment = to_moment("2027-06-01 09:00:00.0", NEW_YORK, VIENNA)
    assert write(moment, "%Y-%m-%dT%H:%M:%S%z") == "2027-06-01T15:00:00+0200"


def test_a_day_stays_the_same_day_in_every_zone() -> None:
    for zone in ("Pacific/Kiritimati", "Pacific/Pago_Pago", "UTC"):
        assert write(to_moment("2027-06-01", NEW_YORK, ZoneInfo(zone)), "%Y-%m-%d") == "2027-06-01"


@pytest.mark.parametrize(
    "value", ["", "soon", "03/04/2027", "2027-02-30", 20270304, None, True, [], {"date": "x"}]
)
def test_what_is_no_date_is_refused(value: Any) -> None:
    with pytest.raises(ValueError, match="none of the forms"):
        to_moment(value, NEW_YORK, UTC)


def test_a_time_that_leaves_the_calendar_is_refused() -> None:
    with pytest.raises(ValueError, match="outside of the years"):
        to_moment("0001-01-01T00:00:00Z", NEW_YORK, NEW_YORK)


def test_every_directive_has_a_fixed_width_and_no_language() -> None:
    moment = datetime(987, 2, 3, 4, 5, 6, 78, tzinfo=UTC)
    assert write(moment, "%Y %y %m %d %j %H %M %S %f %z 100%%") == (
        "0987 87 02 03 034 04 05 06 000078 +0000 100%"
    )


@pytest.mark.parametrize("letter", ["A", "a", "B", "b", "c", "x", "X", "p", "Z", "-", "é", "\n"])
def test_what_depends_on_the_language_of_the_machine_is_refused(letter: str) -> None:
    (problem,) = format_problems(f"%Y %{letter}")
    assert problem.startswith(f"%{letter} cannot be used in a format; what can is %Y %y")


def test_a_format_with_a_lonely_percent_or_without_any_part_is_refused() -> None:
    assert list(format_problems("%Y-%"))
    assert list(format_problems("yyyy-mm-dd"))
    assert not list(format_problems("%d.%m.%Y um %H Uhr"))


@given(moment=st.datetimes(timezones=st.just(UTC)))
def test_a_written_time_reads_back_as_the_same_moment(moment: datetime) -> None:
    text = write(moment, "%Y-%m-%dT%H:%M:%S.%fZ")
    assert to_moment(text, NEW_YORK, UTC) == moment
