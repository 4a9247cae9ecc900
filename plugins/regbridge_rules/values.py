"""Strict conversions of one value to a type."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from typing import Any

_WHOLE = re.compile(r"[+-]?\d{1,18}(\.0+)?", re.ASCII)
_DECIMAL = re.compile(r"[+-]?\d{1,18}(\.\d{1,18})?", re.ASCII)
_BOOLEANS = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}


def is_missing(value: Any) -> bool:
    """Say whether a value is Cvent's "no value": null, or text with nothing but spaces in it."""
    return value is None or (isinstance(value, str) and not value.strip())


def is_true(value: Any) -> bool:
    """Say whether JMESPath takes a value as true: all but false, null, "", [] and {}."""
    return not (value is None or value is False or value in ("", [], {}))


def to_string(value: Any) -> str:
    """Return text as it is, numbers and booleans as JSON writes them."""
    match value:
        case str():
            return value
        case bool():
            return "true" if value else "false"
        case int() | float():
            return repr(value)
    raise ValueError("the value is a list or an object, not text")


def to_integer(value: Any) -> int:
    """Return a whole number; "12", "12.00" and 12.0 are whole, 12.5 and true are not."""
    match value:
        case bool():
            pass
        case int():
            return value
        case float() if value.is_integer():
            return int(value)
        case str() if _WHOLE.fullmatch(text := value.strip()):
            return int(text.partition(".")[0])
    raise ValueError("the value is not a whole number")


def to_number(value: Any) -> int | float:
    """Return a number; text may have a sign and a decimal point, but no other separator."""
    match value:
        case bool():
            pass
        case int():
            return value
        case float() if math.isfinite(value):
            return value
        case str() if _DECIMAL.fullmatch(text := value.strip()):
            return float(text) if "." in text else int(text)
    raise ValueError("the value is not a number")


def to_boolean(value: Any) -> bool:
    """Return a boolean for true/false, yes/no in any case, and 1/0."""
    match value:
        case bool():
            return value
        case int() if value in (0, 1):
            return bool(value)
        case str() if (text := value.strip().lower()) in _BOOLEANS:
            return _BOOLEANS[text]
    raise ValueError("the value is none of true, false, yes, no, 1, 0")


CONVERSIONS: Mapping[str, Callable[[Any], Any]] = {
    "string": to_string,
    "integer": to_integer,
    "number": to_number,
    "boolean": to_boolean,
}
"""The types that an entry of a mapping may ask for."""
