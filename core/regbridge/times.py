"""Cvent's seven ways to write a date or a time (source: its webhook documentation's examples)."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime

_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_DAY = re.compile(r"(\d{4})-(\d{2})-(\d{2})", re.ASCII)
_TIME = re.compile(
    r"\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}(:\d{2}(\.\d{1,9})?)?(Z|[+-]\d{2}:?\d{2})?", re.ASCII
)
_BIRTHDAY = re.compile(r"(\d{1,2})-([A-Za-z]{3})-(\d{4})", re.ASCII)


def parse_time(text: str) -> datetime | date | None:
    """Return what Cvent wrote, or None when it is none of the known forms.

    A time with `Z` or an offset comes back aware and in UTC; a time without one comes back naive,
    because only the event's time zone can say what it means; a day comes back as a `date`. No
    month name depends on the machine's language.
    """
    text = text.strip()
    try:
        if match := _DAY.fullmatch(text):
            return date(*map(int, match.groups()))
        if match := _BIRTHDAY.fullmatch(text):
            day, month, year = match.groups()
            return date(int(year), _MONTHS.index(month.lower()) + 1, int(day))
        if _TIME.fullmatch(text):
            time = datetime.fromisoformat(text)
            return time.astimezone(UTC) if time.tzinfo else time
    except (ValueError, OverflowError):
        return None
    return None
