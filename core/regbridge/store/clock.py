"""Times as the ledger keeps them: whole milliseconds since 1970 in UTC."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import lru_cache

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)


def to_ms(time: datetime) -> int:
    """Return an aware time as the ledger keeps it."""
    return (time - _EPOCH) // _MILLISECOND


@lru_cache(maxsize=1024)  # a batch of registrations has one time of arrival
def from_ms(ms: int) -> datetime:
    """Return what the ledger keeps as an aware time in UTC."""
    return _EPOCH + ms * _MILLISECOND


def moment(ms: int | None) -> str | None:
    """Return what the ledger keeps in ISO 8601, to the second."""
    return None if ms is None else from_ms(ms).strftime("%Y-%m-%dT%H:%M:%SZ")
