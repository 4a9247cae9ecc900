"""Plain values as the columns of a table take them."""

from __future__ import annotations

import math
import re
import uuid
from collections.abc import Callable, Mapping
from datetime import tzinfo
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from typing import Any, TypeVar

from regbridge_dynamics.choices import write_boolean, write_choice, write_choices
from regbridge_dynamics.dates import write_date
from regbridge_dynamics.schema import Column, Type

N = TypeVar("N", int, Decimal)

_WHOLE = re.compile(r"[+-]?\d{1,19}(\.0+)?", re.ASCII)
_DECIMAL = re.compile(r"[+-]?\d{1,20}(\.\d{1,20})?", re.ASCII)
_NOT_IN_TEXT = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_NEVER_EMPTY = frozenset({Type.STATE, Type.STATUS})


def write_value(column: Column, value: Any, zone: tzinfo | None = None) -> Any:
    """Return a value as the body of a request has it; None clears the column.

    `zone` is the time zone of times that say none. Raises `ValueError`, whose text says what is
    wrong and never holds the value, for what the column does not take: nothing is cut, and nothing
    is rounded but digits beyond those that the column has.
    """
    if value is None or value == "":
        if column.type in _NEVER_EMPTY:
            raise ValueError("the column cannot be cleared")
        return None
    if column.type is Type.DATE_TIME:
        return write_date(value, column.behavior, zone)
    if not can_be_written(column):
        raise ValueError(f"columns of the type {column.type_name} cannot be written")
    return _WRITERS[column.type](column, value)


def can_be_written(column: Column) -> bool:
    """Say whether columns of this type take a plain value at all; a lookup needs its table."""
    return column.type is Type.DATE_TIME or column.type in _WRITERS


def write_text(column: Column, value: Any) -> str:
    """Return text as it is, numbers and booleans as JSON has them. Raises `ValueError`."""
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
    length = len(text.encode("utf-16-le")) // 2
    if column.max_length is not None and length > column.max_length:
        raise ValueError(
            f"the text has {length} characters, and the column takes {column.max_length}; "
            "shorten it by max_length and too_long in the map"
        )
    return text


def write_whole_number(column: Column, value: Any) -> int:
    """Return a whole number. Raises `ValueError`."""
    match value:
        case bool():
            pass
        case int():
            return _in_range(column, value)
        case float() if value.is_integer():
            return _in_range(column, int(value))
        case str() if _WHOLE.fullmatch(value.strip()):
            return _in_range(column, int(value.partition(".")[0]))
    raise ValueError("the value is not a whole number")


def write_number(column: Column, value: Any) -> Decimal:
    """Return a number with the column's digits after the point. Raises `ValueError`."""
    number = _in_range(column, _decimal(value))
    if column.places is None:
        return number
    try:
        return number.quantize(Decimal(1).scaleb(-column.places), ROUND_HALF_UP)
    except InvalidOperation:
        raise ValueError("the number has too many digits") from None


def write_guid(_: Column, value: Any) -> str:
    """Return a GUID in lower case. Raises `ValueError`."""
    try:
        return str(uuid.UUID(value))
    except (ValueError, AttributeError, TypeError):
        raise ValueError("the value is no GUID") from None


def _decimal(value: Any) -> Decimal:
    match value:
        case bool():
            pass
        case int():
            return Decimal(value)
        case float() if math.isfinite(value):
            return Decimal(repr(value))
        case str() if _DECIMAL.fullmatch(value.strip()):
            return Decimal(value.strip())
    raise ValueError("the value is not a number")


def _in_range(column: Column, number: N) -> N:
    if column.minimum is not None and number < column.minimum:
        raise ValueError(f"the number is less than {column.minimum:,}")
    if column.maximum is not None and number > column.maximum:
        raise ValueError(f"the number is more than {column.maximum:,}")
    return number


_WRITERS: Mapping[Type, Callable[[Column, Any], Any]] = {
    Type.STRING: write_text,
    Type.MEMO: write_text,
    Type.INTEGER: write_whole_number,
    Type.BIG_INTEGER: write_whole_number,
    Type.DECIMAL: write_number,
    Type.DOUBLE: write_number,
    Type.MONEY: write_number,
    Type.BOOLEAN: lambda column, value: write_boolean(value, column.options),
    Type.CHOICE: lambda column, value: write_choice(value, column.options),
    Type.STATE: lambda column, value: write_choice(value, column.options),
    Type.STATUS: lambda column, value: write_choice(value, column.options),
    Type.CHOICES: lambda column, value: write_choices(value, column.options),
    Type.GUID: write_guid,
}
