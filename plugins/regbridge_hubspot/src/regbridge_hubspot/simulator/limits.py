"""The limits of one app: calls in ten seconds, and calls in a day of the account."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from regbridge_hubspot.simulator.errors import ApiError, too_many

_SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class Limits:
    """The defaults are those of an account without a paid plan."""

    in_ten_seconds: int = 100
    in_a_day: int = 250_000


class Meter:
    """Counts the calls; the caller holds a lock and knows the time."""

    def __init__(self, limits: Limits, zone: str) -> None:
        self.limits = limits
        self.today = 0
        self._zone = ZoneInfo(zone)
        self._day: object = None
        self._begun: deque[float] = deque()

    def enter(self, now: float) -> None:
        """Count a call. Raises `ApiError` 429 when it is one too many."""
        self._forget(now)
        if self.today >= self.limits.in_a_day:
            raise self.daily()
        if len(self._begun) >= self.limits.in_ten_seconds:
            raise self.ten_secondly()
        self.today += 1
        self._begun.append(now)

    def headers(self) -> dict[str, str]:
        """Return what every answer says about the limits."""
        most = self.limits.in_ten_seconds
        return {
            "X-HubSpot-RateLimit-Max": str(most),
            "X-HubSpot-RateLimit-Remaining": str(max(0, most - len(self._begun))),
            "X-HubSpot-RateLimit-Interval-Milliseconds": "10000",
            "X-HubSpot-RateLimit-Daily": str(self.limits.in_a_day),
            "X-HubSpot-RateLimit-Daily-Remaining": str(max(0, self.limits.in_a_day - self.today)),
        }

    def daily(self) -> ApiError:
        """Return the refusal of a day whose calls are used up."""
        return too_many("DAILY", "You have reached your daily limit.", self.headers())

    def ten_secondly(self) -> ApiError:
        """Return the refusal of too many calls at once."""
        text = "You have reached your ten_secondly_rolling limit."
        return too_many("TEN_SECONDLY_ROLLING", text, self.headers())

    def _forget(self, now: float) -> None:
        while self._begun and self._begun[0] <= now - _SECONDS:
            self._begun.popleft()
        day = datetime.fromtimestamp(now, UTC).astimezone(self._zone).date()
        if day != self._day:
            self._day, self.today = day, 0
