"""Days and times as a column of Dataverse takes them, by the column's behaviour."""

from __future__ import annotations

from datetime import date, tzinfo
from typing import Any

from regbridge.dates import read_clock_time, read_day, read_moment
from regbridge_dynamics.schema import Behavior

_EARLIEST = 1753
_OUTSIDE = "the value is outside of the years 1753 to 9999"


def write_date(value: Any, behavior: Behavior, zone: tzinfo | None) -> str:
    """Return a day (`2027-03-04`) or a time in UTC's form (`2027-03-04T09:30:00Z`).

    `zone` is the target's time zone, if it has one. A column that is `UserLocal` stores a moment,
    the others store what a clock shows (reference/dataverse-web-api.md, section 6). Raises
    `ValueError`.
    """
    if behavior is Behavior.DATE_ONLY:
        return _checked(read_day(value, zone)).isoformat()
    read = read_moment if behavior is Behavior.USER_LOCAL else read_clock_time
    found = read(value, zone)
    _checked(found)
    return found.strftime("%Y-%m-%dT%H:%M:%SZ")


def _checked(found: date) -> date:
    if found.year < _EARLIEST:
        raise ValueError(_OUTSIDE)
    return found
