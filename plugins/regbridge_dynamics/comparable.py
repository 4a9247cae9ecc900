"""The form in which values are compared: the same for what was sent and for what is listed."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from regbridge_dynamics.schema import LOOKUPS, NUMBERS, TEXTS, WHOLE_NUMBERS, Behavior, Column, Type

# An amount may have the places of its currency, and those are nowhere told of the column.
_MONEY_PLACES = 2


def can_be_compared(column: Column) -> bool:
    """Say whether a column's value, once sent, comes back: it is read, and written at any time.

    State and status are left out, because the environment moves them by its own rules.
    """
    is_kept = column.can_read and column.can_create and column.can_update
    return is_kept and column.type in _FORMS


def comparable(column: Column, value: Any) -> Any:
    """Return a value, as it is sent or as it is answered, in the form in which two are compared.

    It is one of JSON. What has no known form stays as it is, and so is told from all that have.
    """
    if value is None:
        return None
    try:
        return _FORMS[column.type](column, value)
    except (ValueError, TypeError, AttributeError, ArithmeticError):
        return str(value)


def _text(_: Column, value: Any) -> str | None:
    """Return a text without what forms change by themselves: spaces around it, line ends."""
    return str(value).replace("\r\n", "\n").replace("\r", "\n").strip() or None


def _number(column: Column, value: Any) -> float:
    """Return a number with the digits that the column keeps, as the nearest float."""
    number = Decimal(str(value))
    places = column.places
    if column.type is Type.MONEY:
        places = _MONEY_PLACES if places is None else min(places, _MONEY_PLACES)
    if places is not None:
        number = number.quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP)
    return float(number)


def _boolean(_: Column, value: Any) -> bool:
    if not isinstance(value, bool):
        raise TypeError
    return value


def _choices(_: Column, value: Any) -> list[int] | None:
    """Return the chosen numbers in their own order: Dataverse keeps a set."""
    return sorted({int(number) for number in str(value).split(",") if number.strip()}) or None


def _date(column: Column, value: Any) -> str:
    moment = datetime.fromisoformat(value)
    if column.behavior is Behavior.DATE_ONLY:
        return moment.date().isoformat()
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _guid(_: Column, value: Any) -> str:
    return str(uuid.UUID(value))


_FORMS: Mapping[Type, Callable[[Column, Any], Any]] = {
    **dict.fromkeys(TEXTS, _text),
    **dict.fromkeys(WHOLE_NUMBERS | {Type.CHOICE}, lambda _, value: int(value)),
    **dict.fromkeys(NUMBERS, _number),
    **dict.fromkeys(LOOKUPS | {Type.GUID}, _guid),
    Type.BOOLEAN: _boolean,
    Type.CHOICES: _choices,
    Type.DATE_TIME: _date,
}
