"""Plain values as the fields of an object take them."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from datetime import tzinfo
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from typing import Any

from regbridge.dates import read_day, read_moment
from regbridge_salesforce.schema import NUMBERS, TEXTS, WHOLE_NUMBERS, Field

_EARLIEST = 1700
_WHOLE = re.compile(r"[+-]?\d{1,18}(\.0+)?", re.ASCII)
_DECIMAL = re.compile(r"[+-]?\d{1,18}(\.\d{1,18})?", re.ASCII)
_ID = re.compile("[A-Za-z0-9]{15}([A-Za-z0-9]{3})?", re.ASCII)
_NOT_IN_TEXT = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_BOOLEANS = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}
_MOST_SHOWN = 8


def write_value(field: Field, value: Any, zone: tzinfo | None = None) -> Any:
    """Return a value as the body of a request has it; None clears the field.

    `zone` is the time zone of times that say none. Raises `ValueError`, whose text says what is
    wrong and never holds the value, for what the field does not take: nothing is cut, and nothing
    is rounded but digits beyond those that the field has.
    """
    if not can_be_written(field):
        raise ValueError(f"fields of the type {field.type} cannot be written")
    if value is None or (isinstance(value, str) and not value.strip()) or value in ([], ()):
        if not field.can_be_empty:
            raise ValueError("the field cannot be empty; give it a default in the map")
        return None
    return _WRITERS[field.type](field, value, zone)


def can_be_written(field: Field) -> bool:
    """Say whether fields of this type take a plain value."""
    return field.type in _WRITERS


def _text(field: Field, value: Any, _: tzinfo | None) -> str:
    match value:
        case str():
            text = value
        case bool():
            text = "true" if value else "false"
        case int() | float():
            text = repr(value)
        case Decimal():
            text = str(value)
        case _:
            raise ValueError("the value is a list or an object, not text")
    if _NOT_IN_TEXT.search(text):
        raise ValueError("the text has a control character")
    if field.length and len(text) > field.length:
        raise ValueError(
            f"the text has {len(text)} characters, and the field takes {field.length}; shorten it "
            "by max_length and too_long in the map"
        )
    return text


def _choice(field: Field, value: Any, _: tzinfo | None) -> str:
    """Return a picklist's value, for the value or its label."""
    text = _text(field, value, None).strip()
    wanted = text.casefold()
    for one in field.choices:
        if one.value == text:
            return text
    found = {
        one.value for one in field.choices if wanted in (one.value.casefold(), one.label.casefold())
    }
    if len(found) == 1:
        return found.pop()
    if field.is_restricted:
        shown = ", ".join(one.value for one in field.choices[:_MOST_SHOWN])
        more = ", ..." if len(field.choices) > _MOST_SHOWN else ""
        raise ValueError(f"the value is none of the picklist's: {shown}{more}")
    return text


def _choices(field: Field, value: Any, _: tzinfo | None) -> str | None:
    """Return several values with semicolons between them, from a list or from such a text."""
    given = value.split(";") if isinstance(value, str) else value
    if not isinstance(given, list | tuple):
        given = [given]
    found = [_choice(field, one, None) for one in given if one is not None and str(one).strip()]
    if any(";" in one for one in found):
        raise ValueError("a value of the list has a semicolon, which stands between values")
    return ";".join(dict.fromkeys(found)) or None


def _boolean(_field: Field, value: Any, _: tzinfo | None) -> bool:
    match value:
        case bool():
            return value
        case int() if value in (0, 1):
            return bool(value)
        case str() if value.strip().casefold() in _BOOLEANS:
            return _BOOLEANS[value.strip().casefold()]
    raise ValueError("the value is neither yes nor no")


def _whole(_field: Field, value: Any, _: tzinfo | None) -> int:
    match value:
        case bool():
            pass
        case int():
            return value
        case float() if value.is_integer():
            return int(value)
        case str() if _WHOLE.fullmatch(value.strip()):
            return int(value.strip().partition(".")[0])
    raise ValueError("the value is not a whole number")


def _number(field: Field, value: Any, _: tzinfo | None) -> Decimal:
    number = _decimal(value)
    try:
        rounded = number.quantize(Decimal(1).scaleb(-field.scale), ROUND_HALF_UP)
    except InvalidOperation:
        raise ValueError("the number has too many digits") from None
    whole = field.precision - field.scale
    if field.precision and abs(rounded) >= Decimal(10) ** whole:
        raise ValueError(f"the number has more than {whole} digits before the point")
    return rounded


def _decimal(value: Any) -> Decimal:
    match value:
        case bool():
            pass
        case int() | Decimal():
            return Decimal(value)
        case float() if math.isfinite(value):
            return Decimal(repr(value))
        case str() if _DECIMAL.fullmatch(value.strip()):
            return Decimal(value.strip())
    raise ValueError("the value is not a number")


def _day(_field: Field, value: Any, zone: tzinfo | None) -> str:
    day = read_day(value, zone)
    if day.year < _EARLIEST:
        raise ValueError("the day is before the year 1700")
    return day.isoformat()


def _moment(_field: Field, value: Any, zone: tzinfo | None) -> str:
    moment = read_moment(value, zone)
    if moment.year < _EARLIEST:
        raise ValueError("the time is before the year 1700")
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def _id(_field: Field, value: Any, _: tzinfo | None) -> str:
    if not isinstance(value, str) or not _ID.fullmatch(value.strip()):
        raise ValueError(
            "the value is no id of Salesforce; to refer to a record by an external id, say under "
            "lookups: what the relationship refers to"
        )
    return value.strip()


Writer = Callable[[Field, Any, tzinfo | None], Any]

_WRITERS: Mapping[str, Writer] = {
    **dict.fromkeys(TEXTS, _text),
    **dict.fromkeys(WHOLE_NUMBERS, _whole),
    **dict.fromkeys(NUMBERS, _number),
    "boolean": _boolean,
    "picklist": _choice,
    "multipicklist": _choices,
    "date": _day,
    "datetime": _moment,
    "reference": _id,
}
