"""How values are written as the types of XML Schema, and what is refused."""

from __future__ import annotations

import math
from datetime import datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from regbridge_protech.lexical import to_lexical
from regbridge_protech.operation import XsdType

WHOLE = {XsdType.SHORT: 16, XsdType.INT: 32, XsdType.LONG: 64}
NOT_STRING = [kind for kind in XsdType if kind != XsdType.STRING]


@pytest.mark.parametrize("kind", XsdType)
def test_null_is_no_value(kind: XsdType) -> None:
    assert to_lexical(kind, None) is None


@pytest.mark.parametrize("kind", NOT_STRING)
@pytest.mark.parametrize("blank", ["", "  \t"])
def test_blank_text_is_no_value_of_any_type_but_string(kind: XsdType, blank: str) -> None:
    assert to_lexical(kind, blank) is None
    assert to_lexical(XsdType.STRING, blank) == blank


@pytest.mark.parametrize("kind", XsdType)
@pytest.mark.parametrize("value", [[], {}, ["x"], {"a": 1}, b"x", object()], ids=repr)
def test_lists_and_objects_are_refused_whatever_the_type(kind: XsdType, value: Any) -> None:
    with pytest.raises(ValueError, match="the value is"):
        to_lexical(kind, value)


@pytest.mark.parametrize(
    ("kind", "value", "written"),
    [
        ("string", " Müller <&> ", " Müller <&> "),
        ("string", 3, "3"),
        ("string", 3.0, "3"),
        ("string", 12.5, "12.5"),
        ("string", 1e21, "1000000000000000000000"),
        ("int", 12, "12"),
        ("int", 12.0, "12"),
        ("int", " +012 ", "12"),
        ("int", -(2**31), "-2147483648"),
        ("decimal", 12, "12"),
        ("decimal", 0.1, "0.1"),
        ("decimal", 1e-7, "0.0000001"),
        ("decimal", "12.50", "12.50"),
        ("decimal", ".5", "0.5"),
        ("decimal", "7.", "7"),
        ("double", 1, "1.0"),
        ("double", "1e3", "1000.0"),
        ("float", 3.4e38, "3.4e+38"),
        ("boolean", True, "true"),
        ("boolean", "0", "false"),
        ("boolean", 1, "true"),
        ("date", "2027-01-10", "2027-01-10"),
        ("date", "2028-02-29Z", "2028-02-29Z"),
        ("dateTime", " 2027-01-10T09:30:00 ", "2027-01-10T09:30:00"),
        ("dateTime", "2027-01-10T09:30:00.1234567-05:00", "2027-01-10T09:30:00.1234567-05:00"),
        ("dateTime", "2027-01-10T23:59:59+14:00", "2027-01-10T23:59:59+14:00"),
        ("time", "09:30:00Z", "09:30:00Z"),
    ],
)
def test_a_value_is_written(kind: str, value: Any, written: str) -> None:
    assert to_lexical(XsdType(kind), value) == written


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("string", True),
        ("string", math.nan),
        ("int", True),
        ("int", 12.5),
        ("int", "12.0"),
        ("int", "1 2"),
        ("int", "١٢"),
        ("int", math.inf),
        ("int", 2**31),
        ("short", 2**15),
        ("long", 2**63),
        ("long", "9" * 5000),
        ("decimal", "1e3"),
        ("decimal", "1,5"),
        ("decimal", "."),
        ("decimal", "1" * 29),
        ("decimal", 1e300),
        ("decimal", math.nan),
        ("decimal", False),
        ("double", "NaN"),
        ("double", "INF"),
        ("double", math.inf),
        ("double", "1e999"),
        ("double", 10**400),
        ("double", True),
        ("float", 3.5e38),
        ("boolean", "yes"),
        ("boolean", "True"),
        ("boolean", 2),
        ("date", "2027-1-10"),
        ("date", "2027-02-29"),
        ("date", "10.01.2027"),
        ("date", "2027-01-10T00:00:00"),
        ("date", 20270110),
        ("dateTime", "2027-01-10"),
        ("dateTime", "2027-01-10 09:30:00"),
        ("dateTime", "2027-01-10T24:00:00"),
        ("dateTime", "2027-01-10T09:30"),
        ("dateTime", "2027-01-10T09:30:60"),
        ("dateTime", "2027-13-10T09:30:00"),
        ("dateTime", "0000-01-10T09:30:00"),
        ("dateTime", "2027-01-10T09:30:00+1400"),
        ("dateTime", "2027-01-10T09:30:00+14:30"),
        ("dateTime", "2027-01-10T09:30:00.12345678"),
        ("dateTime", "2027-01-10T09:30:00\n2027"),
        ("time", "9:30:00"),
    ],
)
def test_a_value_of_another_form_is_refused_and_not_quoted(kind: str, value: Any) -> None:
    with pytest.raises(ValueError, match=r"the (value|number)") as caught:
        to_lexical(XsdType(kind), value)
    assert repr(value) not in str(caught.value)


def test_a_boolean_for_text_is_refused_with_a_remedy() -> None:
    with pytest.raises(ValueError, match="then: 'yes'"):
        to_lexical(XsdType.STRING, True)


def test_a_date_of_another_form_is_refused_with_the_format_that_helps() -> None:
    with pytest.raises(ValueError, match="format: '%Y-%m-%dT%H:%M:%S'"):
        to_lexical(XsdType.DATE_TIME, "10-Jan-2027")


@given(kind=st.sampled_from(sorted(WHOLE)), number=st.integers())
def test_a_whole_number_comes_back_or_is_out_of_range(kind: XsdType, number: int) -> None:
    half = 2 ** (WHOLE[kind] - 1)
    if -half <= number < half:
        assert to_lexical(kind, number) == to_lexical(kind, str(number)) == str(number)
    else:
        with pytest.raises(ValueError, match=r"the (value|number) (is|does)"):
            to_lexical(kind, number)


@given(number=st.floats(allow_nan=False, allow_infinity=False))
def test_a_double_loses_nothing(number: float) -> None:
    written = to_lexical(XsdType.DOUBLE, number)
    assert written is not None
    assert float(written) == number


@given(number=st.floats(-1e9, 1e9))
def test_a_number_as_text_has_no_exponent_and_loses_nothing(number: float) -> None:
    written = to_lexical(XsdType.STRING, number)
    assert written is not None
    assert "e" not in written.lower()
    assert Decimal(written) == Decimal(repr(number))


@given(moment=st.datetimes(), hours=st.integers(-13, 13), zoned=st.booleans())
def test_what_python_writes_as_iso_8601_is_an_xs_datetime(
    moment: datetime, hours: int, zoned: bool
) -> None:
    text = f"{moment.isoformat()}{hours:+03}:30" if zoned else moment.isoformat()
    assert to_lexical(XsdType.DATE_TIME, text) == text


@given(kind=st.sampled_from(XsdType), value=st.text() | st.integers() | st.floats() | st.booleans())
def test_whatever_the_value_it_is_text_or_nothing_or_an_error_with_words(
    kind: XsdType, value: Any
) -> None:
    try:
        assert isinstance(to_lexical(kind, value), str | None)
    except ValueError as error:
        assert str(error).startswith("the ")
