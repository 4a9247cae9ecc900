"""The form in which values are compared: the same for what was sent and for what is listed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from regbridge_salesforce.schema import NUMBERS, WHOLE_NUMBERS, Field


def can_be_compared(field: Field) -> bool:
    """Say whether a field's value, once sent, comes back. An encrypted text comes back masked."""
    return field.can_create and field.can_update and field.type in _FORMS


def comparable(field: Field, value: Any) -> Any:
    """Return a value, as it is sent or as it is answered, in the form in which two are compared.

    It is one of JSON. What has no known form stays as it is, and so is told from all that have.
    """
    if value is None:
        return None
    try:
        return _FORMS[field.type](field, value)
    except (ValueError, TypeError, AttributeError, ArithmeticError):
        return str(value)


def _text(_: Field, value: Any) -> str | None:
    """Return a text without what Salesforce changes by itself: spaces around it, line ends."""
    return str(value).replace("\r\n", "\n").replace("\r", "\n").strip() or None


def _email(field: Field, value: Any) -> str | None:
    text = _text(field, value)
    return text and text.casefold()


def _number(field: Field, value: Any) -> float:
    places = Decimal(1).scaleb(-field.scale)
    return float(Decimal(str(value)).quantize(places, ROUND_HALF_UP))


def _boolean(_: Field, value: Any) -> bool:
    if not isinstance(value, bool):
        raise TypeError
    return value


def _choices(_: Field, value: Any) -> list[str] | None:
    """Return the values in an order of their own: Salesforce keeps a set."""
    return sorted({one.strip() for one in str(value).split(";") if one.strip()}) or None


def _day(_: Field, value: Any) -> str:
    return date.fromisoformat(value).isoformat()


def _moment(_: Field, value: Any) -> str:
    moment = datetime.fromisoformat(value)
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _id(_: Field, value: Any) -> str:
    """Return an id's 15 characters that count; three more only tell capitals apart."""
    return str(value)[:15]


_FORMS: Mapping[str, Callable[[Field, Any], Any]] = {
    **dict.fromkeys(("string", "textarea", "phone", "url", "combobox", "picklist"), _text),
    **dict.fromkeys(WHOLE_NUMBERS, lambda _, value: int(value)),
    **dict.fromkeys(NUMBERS, _number),
    "email": _email,
    "boolean": _boolean,
    "multipicklist": _choices,
    "date": _day,
    "datetime": _moment,
    "reference": _id,
}
