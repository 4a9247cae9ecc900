"""What the simulated org takes as the value of a field, and how it keeps and shows it."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from regbridge_salesforce.simulator.errors import RecordError, unreadable
from regbridge_salesforce.simulator.schema import FieldType

_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[A-Za-z]{2,}")
_MOMENT = re.compile(
    r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d{1,3})?(Z|[+-]\d{2}:?\d{2})", re.ASCII
)


def require_readable(field: FieldType, value: Any) -> None:
    """Raise `ApiError` for a value that is none of the field's type: no record of the call is
    looked at then.
    """
    if value is None:
        return
    is_readable: Callable[[Any], bool] = _READABLE.get(field.type, _is_text)
    if not is_readable(value):
        raise unreadable(
            f"Cannot deserialize instance of {field.type} from VALUE_STRING value {value} or "
            "request may be missing a required field"
        )


def kept(field: FieldType, value: Any) -> Any:
    """Return a value as it is kept, None for an empty one. Raises `RecordError`."""
    if isinstance(value, str):
        value = value.strip()  # no text is kept with spaces around it, or empty
    if value is None or value == "":
        if field.type == "boolean":
            raise RecordError(
                "INVALID_TYPE_ON_FIELD_IN_RECORD",
                f"{field.label or field.name}: value not of required type: ",
                field.name,
            )
        return None
    keep: Callable[[FieldType, Any], Any] = _KEEPERS.get(field.type, _text)
    return keep(field, value)


def shown(value: Any) -> Any:
    """Return a kept value as a query shows it."""
    if isinstance(value, datetime):
        return value.strftime("%Y-%m-%dT%H:%M:%S.000+0000")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Decimal):
        return float(value)
    return value


def _is_text(value: Any) -> bool:
    return isinstance(value, str)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _is_day(value: Any) -> bool:
    try:
        return isinstance(value, str) and bool(date.fromisoformat(value)) and len(value) == 10
    except ValueError:
        return False


def _is_moment(value: Any) -> bool:
    return isinstance(value, str) and bool(_MOMENT.fullmatch(value))


_READABLE: Mapping[str, Callable[[Any], bool]] = {
    "boolean": lambda value: isinstance(value, bool),
    "double": _is_number,
    "currency": _is_number,
    "percent": _is_number,
    "int": lambda value: isinstance(value, int) and not isinstance(value, bool),
    "date": _is_day,
    "datetime": _is_moment,
}


def _text(field: FieldType, value: Any) -> str:
    if field.length and len(value) > field.length:
        raise RecordError(
            "STRING_TOO_LONG",
            f"{field.label or field.name}: data value too large: {value} "
            f"(max length={field.length})",
            field.name,
        )
    return str(value)


def _email(field: FieldType, value: Any) -> str:
    if not _EMAIL.fullmatch(value):
        raise RecordError(
            "INVALID_EMAIL_ADDRESS",
            f"{field.label or field.name}: invalid email address: {value}",
            field.name,
        )
    return _text(field, value)


def _choices(field: FieldType, value: Any) -> str:
    given = value.split(";") if field.type == "multipicklist" else [value]
    if field.restricted and any(one not in field.choices for one in given):
        raise RecordError(
            "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST",
            f"{field.label or field.name}: bad value for restricted picklist field: {value}",
            field.name,
        )
    return ";".join(sorted(given, key=lambda one: (*field.choices, one).index(one)))


def _number(field: FieldType, value: Any) -> Decimal:
    number = Decimal(str(value))
    if field.precision and abs(number) >= Decimal(10) ** (field.precision - field.scale):
        raise RecordError(
            "NUMBER_OUTSIDE_VALID_RANGE",
            f"{field.label or field.name}: value outside of valid range on numeric field: {value}",
            field.name,
        )
    return round(number, field.scale)


def _moment(_: FieldType, value: Any) -> datetime:
    return datetime.fromisoformat(value).astimezone(UTC)


_KEEPERS: Mapping[str, Callable[[FieldType, Any], Any]] = {
    "boolean": lambda _, value: value,
    "email": _email,
    "picklist": _choices,
    "multipicklist": _choices,
    "double": _number,
    "currency": _number,
    "percent": _number,
    "int": lambda _, value: value,
    "date": lambda _, value: date.fromisoformat(value),
    "datetime": _moment,
}
