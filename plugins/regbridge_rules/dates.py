"""Cvent's dates and times, written as a CRM wants them."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime, time, tzinfo
from typing import Any

from regbridge import parse_time

# strftime itself would depend on the machine's language and on its C library.
_DIRECTIVES: Mapping[str, Callable[[datetime], str]] = {
    "Y": lambda moment: f"{moment.year:04}",
    "y": lambda moment: f"{moment.year % 100:02}",
    "m": lambda moment: f"{moment.month:02}",
    "d": lambda moment: f"{moment.day:02}",
    "j": lambda moment: f"{moment.timetuple().tm_yday:03}",
    "H": lambda moment: f"{moment.hour:02}",
    "M": lambda moment: f"{moment.minute:02}",
    "S": lambda moment: f"{moment.second:02}",
    "f": lambda moment: f"{moment.microsecond:06}",
    "z": lambda moment: moment.strftime("%z"),
    "%": lambda _: "%",
}
_DIRECTIVE = re.compile(r"%(.?)", re.DOTALL)


def format_problems(pattern: str) -> Iterator[str]:
    """Yield what is wrong with a pattern."""
    allowed = " ".join(f"%{letter}" for letter in _DIRECTIVES)
    for letter in _DIRECTIVE.findall(pattern):
        if letter not in _DIRECTIVES:
            yield f"%{letter} cannot be used in a format; what can is {allowed}"
    if not _DIRECTIVE.search(pattern):
        yield f"the format {pattern!r} holds no part of a date; what can be used is {allowed}"


def to_moment(value: Any, event_zone: tzinfo, zone: tzinfo) -> datetime:
    """Return the moment that Cvent wrote, in `zone`.

    A time without a zone is one of the event's zone. A day alone is its midnight in `zone`, so
    that it stays the same day. Raises `ValueError` for anything else.
    """
    moment = parse_time(value) if isinstance(value, str) else None
    if moment is None:
        raise ValueError("the value is none of the forms in which Cvent writes a date or a time")
    if not isinstance(moment, datetime):
        return datetime.combine(moment, time.min, tzinfo=zone)
    aware = moment if moment.tzinfo else moment.replace(tzinfo=event_zone)
    try:
        return aware.astimezone(zone)
    except OverflowError:
        raise ValueError("the value is a time outside of the years 1 to 9999") from None


def write(moment: datetime, pattern: str) -> str:
    """Return a moment in a pattern without problems."""
    return _DIRECTIVE.sub(lambda match: _DIRECTIVES[match[1]](moment), pattern)
