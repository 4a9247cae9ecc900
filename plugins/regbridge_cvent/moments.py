"""Moments as Cvent's API writes them: ISO 8601 with a zone."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from regbridge import parse_time


def read_moment(value: Any) -> datetime | None:
    """Return a moment, aware and in UTC; None for what is none. Without a zone, it is in UTC."""
    found = parse_time(value) if isinstance(value, str) else None
    if not isinstance(found, datetime):
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def write_moment(moment: datetime) -> str:
    """Return an aware moment in UTC, to the millisecond: `2026-11-24T10:00:00.000Z`."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
