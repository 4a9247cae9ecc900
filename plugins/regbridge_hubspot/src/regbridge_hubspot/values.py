"""Values as HubSpot's properties take them: always text."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, tzinfo
from decimal import Decimal
from typing import Any

from regbridge.dates import read_day, read_moment
from regbridge_hubspot.choices import write_boolean, write_choices
from regbridge_hubspot.definitions import Property

MOST_TEXT = 65_536
"""Characters that a text can have (knowledge.hubspot.com, "Property field types")."""

_NUMBER = re.compile(r"[+-]?\d{1,20}(\.\d{1,20})?", re.ASCII)
_MILLISECONDS = re.compile(r"-?\d{11,14}", re.ASCII)
_NOT_IN_TEXT = re.compile("[\x00\ud800-\udfff]")
_DAY = 86_400_000


def write_value(of: Property | None, value: Any, zone: tzinfo | None = None) -> str:
    """Return a value as text; "" clears the property.

    `of` is None for a property that the account does not list: HubSpot itself judges it. `zone` is
    the time zone of times that say none. Raises `ValueError`, whose text says what is wrong and
    never holds the value.
    """
    if value is None or value == "":
        return ""
    if of is None:
        return _write_text(value)
    match of.type:
        case "date":
            return _write_date(value, zone)
        case "datetime":
            return _write_time(value, zone)
        case "enumeration" | "bool":
            return _write_choice(of, value)
    return _WRITERS.get(of.type, _write_text)(value)


def _write_text(value: Any) -> str:
    """Return text as it is, numbers and booleans as JSON has them."""
    match value:
        case str():
            text = value
        case bool():
            text = "true" if value else "false"
        case int() | Decimal():
            text = str(value)
        case float() if math.isfinite(value):
            text = repr(value)
        case _:
            raise ValueError("the value is a list or an object, not text")
    if _NOT_IN_TEXT.search(text):
        raise ValueError("the text has a NUL or half a character")
    if len(text) > MOST_TEXT:
        raise ValueError(
            f"the text has {len(text):,} characters, and HubSpot takes {MOST_TEXT:,}; "
            "shorten it by max_length and too_long in the map"
        )
    return text


def _write_number(value: Any) -> str:
    match value:
        case bool():
            pass
        case int():
            return str(value)
        case float() if math.isfinite(value):
            return format(Decimal(repr(value)), "f")
        case str() if _NUMBER.fullmatch(value.strip()):
            return value.strip().removeprefix("+")
    raise ValueError("the value is not a number")


def _write_choice(of: Property, value: Any) -> str:
    is_flag = of.type == "bool" or {one.value for one in of.options} == {"true", "false"}
    if is_flag and not of.takes_several:
        return write_boolean(of.options, value)
    if of.is_open or not of.options:
        return _write_text(";".join(map(str, value)) if isinstance(value, list) else value)
    return write_choices(of.options, value, several=of.takes_several)


def _write_date(value: Any, zone: tzinfo | None) -> str:
    """Return a day as YYYY-MM-DD; one that is written in milliseconds begins at midnight UTC."""
    text = str(value).strip()
    if _MILLISECONDS.fullmatch(text):
        if int(text) % _DAY:
            raise ValueError("the milliseconds are not those of a midnight in UTC")
        return _moment(text).date().isoformat()
    return read_day(value, zone).isoformat()


def _write_time(value: Any, zone: tzinfo | None) -> str:
    """Return a time in UTC, to the millisecond."""
    text = str(value).strip()
    moment = _moment(text) if _MILLISECONDS.fullmatch(text) else read_moment(value, zone)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _moment(milliseconds: str) -> datetime:
    return datetime.fromtimestamp(int(milliseconds) / 1000, UTC)


_WRITERS: Mapping[str, Callable[[Any], str]] = {"number": _write_number}
