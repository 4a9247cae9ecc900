"""When the calls of a day are there again."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

LOOK_AGAIN = timedelta(hours=1)
"""How long to wait when nobody knows the account's time zone."""


def zone_named(name: str) -> ZoneInfo | None:
    """Return a time zone as HubSpot names it, None for one that is not known here."""
    try:
        return ZoneInfo(name) if name else None
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return None


def next_day(now: datetime, zone: ZoneInfo | None) -> datetime:
    """Return the next midnight of the account, when its calls are counted anew.

    Without its time zone, the time to look again: a day that has begun somewhere is soon noticed.
    """
    if zone is None:
        return now + LOOK_AGAIN
    tomorrow = now.astimezone(zone).date() + timedelta(days=1)
    return datetime.combine(tomorrow, time(), zone).astimezone(now.tzinfo)
