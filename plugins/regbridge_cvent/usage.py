"""How many calls an account may make, has made today, and what the rest still buys."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from regbridge import RetryableError
from regbridge_cvent.client import CventClient
from regbridge_cvent.plan import Plan
from regbridge_cvent.settings import CventSettings

_SAMPLE = 10_000


@dataclass(frozen=True, slots=True)
class Usage:
    """An account's tier and its calls of today (GMT); `per_day` and `left` None: no quota.

    `registrations` is how many registrations of a sync the calls that are left can enrich.
    """

    tier: str
    per_second: float | None
    burst: int | None
    per_day: int | None
    used: int
    left: int | None
    registrations: int | None


def read_usage(client: CventClient, settings: CventSettings) -> Usage:
    """Ask for the tier and for the calls of today; takes two calls."""
    tier = _object(client.get("/usage/tier"))
    today = _today(client)
    per_day = _whole(tier.get("quota"))
    used = _whole(today.get("used")) or 0
    left = None if per_day is None else max(0, per_day - used)
    rate = tier.get("rateLimit")
    return Usage(
        tier=str(tier.get("name") or "unknown"),
        per_second=float(rate) if isinstance(rate, int | float) else None,
        burst=_whole(tier.get("burstLimit")),
        per_day=per_day,
        used=used,
        left=left,
        registrations=None if left is None else bought(left, settings),
    )


def bought(calls: int, settings: CventSettings) -> int:
    """Return how many registrations so many calls enrich with the parts of the settings."""
    plan = Plan.of(settings)
    needed = plan.calls_by_filter(_SAMPLE, settings.include, settings.page_size)
    return calls * _SAMPLE // needed


def _today(client: CventClient) -> dict[str, Any]:
    """Return today's row of `GET /usage`, an empty one while there is none."""
    day = client.now.moment().date().isoformat()
    moments = {"after": f"{day}T00:00:00Z", "before": f"{day}T23:59:59Z"}
    rows = _object(client.get("/usage", **moments)).get("data")
    for row in rows if isinstance(rows, list) else ():
        if isinstance(row, dict) and str(row.get("date", "")).startswith(day):
            return row
    return {}


def _whole(value: Any) -> int | None:
    return int(value) if isinstance(value, int | float) else None


def _object(value: Any) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise RetryableError("Cvent's answer about the usage is no JSON object")
    return value
