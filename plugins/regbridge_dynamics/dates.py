"""Days and times as a column of Dataverse takes them, by the column's behaviour."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, tzinfo
from typing import Any, TypeVar

from regbridge import parse_time
from regbridge_dynamics.schema import Behavior

D = TypeVar("D", bound=date)

_EARLIEST = date(1753, 1, 1)
_OUTSIDE = "the value is outside of the years 1753 to 9999"
_NO_ZONE = (
    "the value is a time without a time zone, and the column stores a moment; add "
    "format: '%Y-%m-%dT%H:%M:%S%z' to the map, or give the target a time_zone"
)
_NO_PLACE = (
    "the value is a time in UTC, and the column stores what a clock on the wall shows; add "
    "format: '{pattern}' to the map, or give the target a time_zone"
)


def write_date(value: Any, behavior: Behavior, zone: tzinfo | None) -> str:
    """Return a day (`2027-03-04`) or a time in UTC's form (`2027-03-04T09:30:00Z`).

    `zone` is the target's time zone, if it has one. A column that is `UserLocal` stores a moment,
    so a time without an offset is one of `zone`. The others store what a clock shows: an offset is
    dropped, but a time that ends with Z says nothing about any place and is turned into one of
    `zone` (reference/dataverse-web-api.md, section 6). Raises `ValueError`.
    """
    found = parse_time(value) if isinstance(value, str) else None
    if found is None:
        raise ValueError("the value is no date or time")
    if isinstance(found, datetime):
        found = datetime.fromisoformat(value.strip())  # with the offset as it was written
    try:
        if behavior is Behavior.USER_LOCAL:
            return _checked(_moment(found, zone)).strftime("%Y-%m-%dT%H:%M:%SZ")
        is_utc = isinstance(value, str) and value.strip().endswith("Z")
        if behavior is Behavior.DATE_ONLY:
            return _day(found, zone, is_utc=is_utc).isoformat()
        return _clock_time(found, zone, is_utc=is_utc).strftime("%Y-%m-%dT%H:%M:%SZ")
    except OverflowError:
        raise ValueError(_OUTSIDE) from None


def _moment(found: date, zone: tzinfo | None) -> datetime:
    moment = found if isinstance(found, datetime) else datetime.combine(found, time.min)
    if moment.tzinfo is None:
        if zone is None:
            raise ValueError(_NO_ZONE)
        moment = moment.replace(tzinfo=zone)
    return moment.astimezone(UTC)


def _day(found: date, zone: tzinfo | None, *, is_utc: bool) -> date:
    if not isinstance(found, datetime):
        return _checked(found)
    return _checked(_local(found, zone, "%Y-%m-%d", is_utc=is_utc).date())


def _clock_time(found: date, zone: tzinfo | None, *, is_utc: bool) -> datetime:
    if not isinstance(found, datetime):
        return _checked(datetime.combine(found, time.min))
    return _checked(_local(found, zone, "%Y-%m-%dT%H:%M:%S", is_utc=is_utc))


def _local(found: datetime, zone: tzinfo | None, pattern: str, *, is_utc: bool) -> datetime:
    if found.tzinfo is None:
        return found
    if zone is not None:
        return found.astimezone(zone)
    if is_utc:
        raise ValueError(_NO_PLACE.format(pattern=pattern))
    return found


def _checked(found: D) -> D:
    day = found.date() if isinstance(found, datetime) else found
    if day < _EARLIEST:
        raise ValueError(_OUTSIDE)
    return found
