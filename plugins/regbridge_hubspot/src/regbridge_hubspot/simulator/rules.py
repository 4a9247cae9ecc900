"""Which values the properties of the simulated account take, and how they are kept."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime

from regbridge_hubspot.simulator.schema import PropertyDefinition

MOST_TEXT = 65_536

_EMAIL = re.compile(r"[^@\s<>,;]+@[^@\s<>,;]+\.[A-Za-z]{2,}")
_NUMBER = re.compile(r"-?\d+(\.\d+)?", re.ASCII)
_MILLISECONDS = re.compile(r"-?\d{1,15}", re.ASCII)
_DAY = 86_400_000


class BadValueError(Exception):
    """A value that a property does not take; `code` is HubSpot's."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


def kept(of: PropertyDefinition, text: str) -> str | None:
    """Return a value as it is kept, None for a property that is cleared. Raises `BadValueError`."""
    if of.read_only:
        raise BadValueError("READ_ONLY_VALUE", f'"{of.name}" is a read only property')
    if text == "":
        return None
    return _KEEPERS.get(of.type, _text)(of, text)


def _text(of: PropertyDefinition, text: str) -> str:
    if of.name == "email":
        if not _EMAIL.fullmatch(text):
            raise BadValueError("INVALID_EMAIL", f"Email address {text} is invalid")
        return text.lower()
    if len(text) > MOST_TEXT:
        raise BadValueError("VALUE_TOO_LONG", f"{of.name} has more than {MOST_TEXT} characters")
    return text


def _number(_: PropertyDefinition, text: str) -> str:
    if not _NUMBER.fullmatch(text):
        raise BadValueError("INVALID_FLOAT", f"{text} was not a valid number.")
    return text


def _flag(_: PropertyDefinition, text: str) -> str:
    if text not in ("true", "false"):
        raise BadValueError("INVALID_OPTION", f"{text} was not one of the allowed options")
    return text


def _choice(of: PropertyDefinition, text: str) -> str:
    chosen = text.strip(";").split(";") if of.field_type == "checkbox" else [text]
    allowed = [one.value for one in of.options]
    if wrong := [one for one in chosen if one not in allowed]:
        message = f"{wrong[0]} was not one of the allowed options: {allowed}"
        raise BadValueError("INVALID_OPTION", message)
    return ";".join(chosen)


def _date(_: PropertyDefinition, text: str) -> str:
    try:
        if not _MILLISECONDS.fullmatch(text):
            return date.fromisoformat(text).isoformat()
    except ValueError:
        raise BadValueError("INVALID_DATE", f"{text} was not a valid date.") from None
    if int(text) % _DAY:
        raise BadValueError("INVALID_DATE", f"{text} is at a time other than midnight UTC.")
    return datetime.fromtimestamp(int(text) / 1000, UTC).date().isoformat()


def _time(_: PropertyDefinition, text: str) -> str:
    if _MILLISECONDS.fullmatch(text):
        moment = datetime.fromtimestamp(int(text) / 1000, UTC)
    else:
        try:
            moment = datetime.fromisoformat(text)
        except ValueError:
            raise BadValueError("INVALID_LONG", f"{text} was not a valid long.") from None
    if moment.tzinfo is None:
        raise BadValueError("INVALID_LONG", f"{text} was not a valid long.")
    form = "milliseconds" if moment.microsecond else "seconds"
    return moment.astimezone(UTC).isoformat(timespec=form).replace("+00:00", "Z")


_KEEPERS: Mapping[str, Callable[[PropertyDefinition, str], str]] = {
    "number": _number,
    "bool": _flag,
    "enumeration": _choice,
    "date": _date,
    "datetime": _time,
}
