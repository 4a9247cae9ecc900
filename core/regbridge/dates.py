"""Reads what Cvent or a mapping wrote as the moment, the day or the clock time that it means."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, tzinfo
from typing import Any

from regbridge.times import parse_time

_OUTSIDE = "the value is outside of the years 1 to 9999"
_NO_ZONE = (
    "the value is a time without a time zone, and the target stores a moment; add "
    "format: '%Y-%m-%dT%H:%M:%S%z' to the map, or give the target a time_zone"
)
_NO_PLACE = (
    "the value is a time in UTC, and the target stores what a clock on the wall shows; add "
    "format: '{pattern}' to the map, or give the target a time_zone"
)


def read_moment(value: Any, zone: tzinfo | None) -> datetime:
    """Return a moment in UTC; a time without an offset is one of `zone`, the target's time zone.

    Raises `ValueError`, whose text never holds the value.
    """
    found = _read(value)
    moment = found if isinstance(found, datetime) else datetime.combine(found, time.min)
    if moment.tzinfo is None:
        if zone is None:
            raise ValueError(_NO_ZONE)
        moment = moment.replace(tzinfo=zone)
    return _shifted(moment, UTC)


def read_day(value: Any, zone: tzinfo | None) -> date:
    """Return the day that a calendar on the wall shows. Raises `ValueError`.

    An offset is dropped, but a time that ends with Z says nothing about any place: it is turned
    into one of `zone`.
    """
    found = _read(value)
    if not isinstance(found, datetime):
        return found
    return _local(found, zone, "%Y-%m-%d", value).date()


def read_clock_time(value: Any, zone: tzinfo | None) -> datetime:
    """Return what a clock on the wall shows, without an offset; `zone` and errors as of a day."""
    found = _read(value)
    if not isinstance(found, datetime):
        return datetime.combine(found, time.min)
    return _local(found, zone, "%Y-%m-%dT%H:%M:%S", value).replace(tzinfo=None)


def _read(value: Any) -> date:
    found = parse_time(value) if isinstance(value, str) else None
    if found is None:
        raise ValueError("the value is no date or time")
    # `parse_time` turns an offset into UTC, and here it counts as it was written.
    return datetime.fromisoformat(value.strip()) if isinstance(found, datetime) else found


def _local(found: datetime, zone: tzinfo | None, pattern: str, value: str) -> datetime:
    if found.tzinfo is None:
        return found
    if zone is not None:
        return _shifted(found, zone)
    if value.strip().endswith("Z"):
        raise ValueError(_NO_PLACE.format(pattern=pattern))
    return found


def _shifted(found: datetime, zone: tzinfo) -> datetime:
    try:
        return found.astimezone(zone)
    except OverflowError:
        raise ValueError(_OUTSIDE) from None
