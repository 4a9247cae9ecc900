"""Strict conversions of a mapping's plain values to the written forms of XML Schema's types."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from datetime import date
from decimal import Decimal
from functools import partial
from typing import Any

from regbridge_protech.operation import XsdType

_WHOLE = re.compile(r"[+-]?[0-9]{1,19}")
_DECIMAL = re.compile(r"[+-]?([0-9]{1,40}(\.[0-9]{0,40})?|\.[0-9]{1,40})")
_FLOAT = re.compile(rf"{_DECIMAL.pattern}([eE][+-]?[0-9]{{1,4}})?")
_ZONE = r"(Z|[+-](0[0-9]|1[0-3]):[0-5][0-9]|[+-]14:00)?"
_DAY = r"(?P<year>[0-9]{4})-(?P<month>[0-9]{2})-(?P<day>[0-9]{2})"
# The service's own type, .NET's DateTime, has neither 24:00:00 nor more than seven decimals.
_CLOCK = r"([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](\.[0-9]{1,7})?"
_MOST_DIGITS = 28  # .NET's Decimal holds any number of so many
_LARGEST_FLOAT = float.fromhex("0x1.fffffep+127")


def to_lexical(kind: XsdType, value: Any) -> str | None:
    """Return how a value is written, None for no value.

    Null is no value, and for every type but string so is text with nothing but spaces in it.
    Raises `ValueError`, whose text never holds the value.
    """
    if kind != XsdType.STRING and isinstance(value, str):
        value = value.strip() or None
    return None if value is None else _CONVERSIONS[kind](value)


def _string(value: Any) -> str:
    match value:
        case str():
            return value
        case bool():
            raise ValueError(
                "the value is true or false, and the service takes text; let the mapping say "
                "which, such as then: 'yes' with else: 'no'"
            )
        case int():
            return str(value)
        case float() if math.isfinite(value):
            return _plain(Decimal(repr(value)))
    raise ValueError("the value is neither text nor a number")


def _whole(bits: int, value: Any) -> str:
    match value:
        case bool():
            pass
        case int():
            return _in_range(bits, value)
        case float() if value.is_integer():
            return _in_range(bits, int(value))
        case str() if _WHOLE.fullmatch(value):
            return _in_range(bits, int(value))
    raise ValueError("the value is not a whole number")


def _in_range(bits: int, value: int) -> str:
    half = 2 ** (bits - 1)
    if not -half <= value < half:
        raise ValueError(f"the number does not fit into {bits} bits")
    return str(value)


def _decimal(value: Any) -> str:
    match value:
        case bool():
            pass
        case int():
            return _few_digits(str(value))
        case float() if math.isfinite(value):
            return _few_digits(_plain(Decimal(repr(value))))
        case str() if _DECIMAL.fullmatch(value):
            return _few_digits(_plain(Decimal(value)))
    raise ValueError("the value is not a decimal number, such as 12.50")


def _few_digits(text: str) -> str:
    if sum(map(str.isdigit, text)) > _MOST_DIGITS:
        raise ValueError(f"the number has more than {_MOST_DIGITS} digits")
    return text


def _plain(number: Decimal) -> str:
    """Return a number without exponent, and without decimals if it is whole."""
    whole = number.to_integral_value()
    return f"{whole if whole == number else number:f}"


def _floating(largest: float, value: Any) -> str:
    match value:
        case bool():
            pass
        case int() | float():
            return _finite(largest, value)
        case str() if _FLOAT.fullmatch(value):
            return _finite(largest, value)
    raise ValueError("the value is not a number")


def _finite(largest: float, value: int | float | str) -> str:
    try:
        number = float(value)
    except OverflowError:
        number = math.inf
    if not abs(number) <= largest:
        raise ValueError("the number is too large, or is none")
    return repr(number)


def _boolean(value: Any) -> str:
    match value:
        case bool():
            return "true" if value else "false"
        case "true" | "1" | 1:
            return "true"
        case "false" | "0" | 0:
            return "false"
    raise ValueError("the value is none of true, false, 1, 0")


def _moment(pattern: re.Pattern[str], example: str, hint: str, value: Any) -> str:
    match = pattern.fullmatch(value) if isinstance(value, str) else None
    if not match or not _is_day(match.groupdict()):
        raise ValueError(f"the value is not of the form {example}; {hint}")
    return match[0]


def _is_day(parts: Mapping[str, str]) -> bool:
    try:
        return not parts or bool(date(*(int(parts[name]) for name in ("year", "month", "day"))))
    except ValueError:
        return False


def _moments(pattern: str, example: str, form: str) -> Callable[[Any], str]:
    hint = f"the mapping writes it so with format: '{form}'"
    return partial(_moment, re.compile(pattern + _ZONE), example, hint)


_CONVERSIONS: Mapping[XsdType, Callable[[Any], str]] = {
    XsdType.STRING: _string,
    XsdType.INT: partial(_whole, 32),
    XsdType.LONG: partial(_whole, 64),
    XsdType.SHORT: partial(_whole, 16),
    XsdType.DECIMAL: _decimal,
    XsdType.DOUBLE: partial(_floating, float.fromhex("0x1.fffffffffffffp+1023")),
    XsdType.FLOAT: partial(_floating, _LARGEST_FLOAT),
    XsdType.BOOLEAN: _boolean,
    XsdType.DATE: _moments(_DAY, "2027-01-10", "%Y-%m-%d"),
    XsdType.DATE_TIME: _moments(f"{_DAY}T{_CLOCK}", "2027-01-10T09:30:00", "%Y-%m-%dT%H:%M:%S"),
    XsdType.TIME: _moments(_CLOCK, "09:30:00", "%H:%M:%S"),
}
