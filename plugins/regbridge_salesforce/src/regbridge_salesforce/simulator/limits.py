"""The limits of the simulated org: calls of 24 hours, and long calls at the same time."""

from __future__ import annotations

import itertools
import threading
from collections import deque
from collections.abc import Callable

from regbridge_salesforce.simulator.errors import ApiError

_DAY = 86_400.0


class Limits:
    """Counts calls. `per_day` are the org's calls of any 24 hours.

    While `long_calls` calls are under way that began `long_seconds` ago or earlier, no other is
    let in.
    """

    def __init__(
        self,
        clock: Callable[[], float],
        per_day: int = 100_000,
        long_calls: int = 25,
        long_seconds: float = 20.0,
    ) -> None:
        self.per_day = per_day
        self.long_calls = long_calls
        self.long_seconds = long_seconds
        self.by_others = 0
        self.most_at_once = 0
        self._clock = clock
        self._made: deque[float] = deque()
        self._under_way: dict[int, float] = {}
        self._numbers = itertools.count(1)
        self._lock = threading.Lock()

    @property
    def used(self) -> int:
        """How many calls were made in the last 24 hours, by others too."""
        with self._lock:
            return self._used()

    @property
    def header(self) -> str:
        """What `Sforce-Limit-Info` says."""
        return f"api-usage={self.used}/{self.per_day}; api-bursts=1/750"

    def enter(self) -> int:
        """Let a call in and return what ends it. Raises `ApiError` for one too many."""
        now = self._clock()
        with self._lock:
            if self._used() >= self.per_day:
                raise ApiError(403, "REQUEST_LIMIT_EXCEEDED", "TotalRequests Limit exceeded.")
            long_ones = [at for at in self._under_way.values() if now - at >= self.long_seconds]
            if len(long_ones) >= self.long_calls:
                raise too_many_long_calls()
            self._made.append(now)
            number = next(self._numbers)
            self._under_way[number] = now
            self.most_at_once = max(self.most_at_once, len(self._under_way))
            return number

    def leave(self, number: int) -> None:
        """End a call."""
        with self._lock:
            self._under_way.pop(number, None)

    def _used(self) -> int:
        while self._made and self._made[0] <= self._clock() - _DAY:
            self._made.popleft()
        return len(self._made) + self.by_others


def too_many_long_calls() -> ApiError:
    """Return what a call gets while too many others last long."""
    return ApiError(
        403,
        "REQUEST_LIMIT_EXCEEDED",
        "ConcurrentRequests (Concurrent API Requests) Limit exceeded.",
    )
