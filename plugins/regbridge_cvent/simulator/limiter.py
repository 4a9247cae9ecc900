"""Decides which calls are within an account's tier."""

from __future__ import annotations

import threading
from collections import Counter, deque
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import Enum, auto

from regbridge_cvent.simulator.tiers import Tier

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
SECOND = 1_000_000
"""In microseconds, in which times are counted here: whole numbers have no rounding."""


def microseconds(moment: datetime) -> int:
    """Return an aware time as microseconds since 1970."""
    return (moment - _EPOCH) // _MICROSECOND


class Verdict(Enum):
    """What becomes of a call."""

    ADMITTED = auto()
    THROTTLED = auto()
    EXCEEDED = auto()


@dataclass(frozen=True, slots=True)
class Quota:
    """What is left of a day's quota (None: no quota), and when a new day begins (unix seconds)."""

    limit: int | None
    remaining: int | None
    reset: int


class Limiter:
    """Counts every call of an account, and admits what its tier allows.

    Admitted is what a bucket of `burst` tokens, filled with `rate` a second, has a token for, and
    never more than `rate` calls in any second. Cvent names only the numbers, so both readings of
    them must hold. Refused calls count against the quota, which begins anew at midnight GMT.
    """

    def __init__(self, tier: Tier, clock: Callable[[], datetime]) -> None:
        self.tier = tier
        self.used: Counter[date] = Counter()
        self._clock = clock
        self._lock = threading.Lock()
        self._recent: deque[int] = deque()
        # In millionths of a token, so that they fill up in whole numbers.
        self._tokens = tier.burst * SECOND
        self._filled_at = 0

    def admit(self) -> Verdict:
        """Count a call that arrives now and decide on it."""
        with self._lock:
            now = self._clock()
            today = now.astimezone(UTC).date()
            self.used[today] += 1
            if self.tier.quota is not None and self.used[today] > self.tier.quota:
                return Verdict.EXCEEDED
            return self._pace(microseconds(now))

    def quota(self) -> Quota:
        """Return what is left of today's quota."""
        today = self._clock().astimezone(UTC).date()
        tomorrow = datetime.combine(today + timedelta(days=1), time(), UTC)
        limit = self.tier.quota
        remaining = None if limit is None else max(0, limit - self.used[today])
        return Quota(limit, remaining, int(tomorrow.timestamp()))

    def _pace(self, now: int) -> Verdict:
        passed = max(0, now - self._filled_at)
        self._tokens = min(self.tier.burst * SECOND, self._tokens + passed * self.tier.rate)
        self._filled_at = max(now, self._filled_at)
        while self._recent and self._recent[0] <= now - SECOND:
            self._recent.popleft()
        if self._tokens < SECOND or len(self._recent) >= self.tier.rate:
            return Verdict.THROTTLED
        self._tokens -= SECOND
        self._recent.append(now)
        return Verdict.ADMITTED
