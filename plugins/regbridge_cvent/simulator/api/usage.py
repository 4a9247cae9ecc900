"""The operations that tell an account's tier and how much of it is used."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any

from regbridge_cvent.simulator.api.operation import Asked, Operation
from regbridge_cvent.simulator.errors import ApiError
from regbridge_cvent.simulator.limiter import Limiter

_DAYS = 7
_UNLIMITED = 2**31 - 1  # the numbers of an unlimited tier are not documented


def usage_operations(limiter: Limiter, clock: Callable[[], datetime]) -> Iterator[Operation]:
    """Yield the operations on usage; they need no scope (section 2), and count like any other."""

    def usage(asked: Asked) -> dict[str, Any]:
        today = clock().astimezone(UTC).date()
        return {"data": [_usage(limiter, day) for day in _days(asked, today)]}

    parameters = frozenset({"after", "before"})
    yield Operation("getUsage", "GET", "/usage", usage, parameters=parameters, takes_days=True)
    yield Operation(
        "getUsageTier", "GET", "/usage/tier", lambda _: _tier(limiter), ignores_query=True
    )


def _tier(limiter: Limiter) -> dict[str, Any]:
    tier = limiter.tier
    return {
        "name": tier.name,
        "quota": tier.quota,
        "burstLimit": tier.burst,
        "rateLimit": tier.rate,
    }


def _usage(limiter: Limiter, day: date) -> dict[str, Any]:
    used = limiter.used[day]
    total = _UNLIMITED if limiter.tier.quota is None else limiter.tier.quota
    return {
        "date": day.isoformat(),
        "used": used,
        "remaining": max(0, total - used),
        "total": total,
    }


def _days(asked: Asked, today: date) -> list[date]:
    """Return the days that are asked for, both ends included: at most seven, none to come."""
    after, before = asked.query.after, asked.query.before
    last = before.date() if before else after.date() + timedelta(days=_DAYS - 1) if after else today
    first = after.date() if after else last - timedelta(days=_DAYS - 1)
    if not 0 <= (last - first).days <= _DAYS:
        raise ApiError(400, "after and before must be at most seven days apart", "after")
    earliest = today - timedelta(days=_DAYS)
    days = [first + timedelta(days=number) for number in range((last - first).days + 1)]
    return [day for day in days if earliest <= day <= today]
