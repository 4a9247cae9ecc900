"""The three service protection limits, for one user at one web server."""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass
from enum import StrEnum

from regbridge_dynamics.simulator.errors import ApiError


class Limit(StrEnum):
    """Which limit was exceeded, by its error code (reference/dataverse-web-api.md, section 8)."""

    REQUESTS = "0x80072322"
    EXECUTION_TIME = "0x80072321"
    CONCURRENCY = "0x80072326"


@dataclass(frozen=True, slots=True)
class Limits:
    """The limits of each web server; the defaults are Dataverse's.

    `dop_hint` is the parallelism that the server recommends. What arrives within `grace_seconds`
    of a 429 may have been on its way already: it is refused, but not held against the caller.
    """

    requests: int = 6000
    execution_seconds: float = 1200.0
    concurrent: int = 52
    window_seconds: float = 300.0
    servers: int = 1
    dop_hint: int = 52
    grace_seconds: float = 0.5
    message_bytes: int = 122_526_105  # 116.85 MB (section 4)


class Throttle:
    """Counts what a user asked of a server; the caller holds a lock and knows the time."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._begun: deque[float] = deque()
        self._spent: deque[tuple[float, float]] = deque()
        self._total = 0.0
        self._under_way = 0
        self._pause: _Pause | None = None
        self.ignored = 0

    def enter(self, now: float) -> None:
        """Count a request. Raises `ApiError` 429 with `Retry-After` when it is one too many."""
        self._forget(now)
        if self._pause and now < self._pause.until:
            self._again(self._pause, now)
        else:
            self._pause = None
        if self._under_way >= self._limits.concurrent:
            self._stop(Limit.CONCURRENCY, 1.0, now)
        if len(self._begun) >= self._limits.requests:
            self._stop(Limit.REQUESTS, self._until_requests(now), now)
        if self._total >= self._limits.execution_seconds:
            self._stop(Limit.EXECUTION_TIME, self._until_time(now), now)
        self._begun.append(now)
        self._under_way += 1

    def leave(self, now: float, seconds: float) -> None:
        """Count what a request cost, once it is answered."""
        self._under_way -= 1
        self._spent.append((now, seconds))
        self._total += seconds

    def headers(self) -> dict[str, str]:
        """Return what every answer says about the limits."""
        requests = max(0, self._limits.requests - len(self._begun))
        seconds = max(0.0, self._limits.execution_seconds - self._total)
        return {
            "x-ms-ratelimit-burst-remaining-xrm-requests": str(requests),
            "x-ms-ratelimit-time-remaining-xrm-requests": f"{seconds:,.2f}",
            "x-ms-dop-hint": str(self._limits.dop_hint),
        }

    def _stop(self, limit: Limit, seconds: float, now: float) -> None:
        self._pause = _Pause(limit, now + seconds, seconds, now)
        raise self._refusal(self._pause, now)

    def _again(self, pause: _Pause, now: float) -> None:
        """Refuse a request during a pause; the pause grows with each that could have known.

        What was on its way when too many came at once passes as soon as there is room.
        """
        if now >= pause.told + self._limits.grace_seconds:
            self.ignored += 1
            pause.until += pause.step
        elif pause.limit is Limit.CONCURRENCY and self._under_way < self._limits.concurrent:
            return
        raise self._refusal(pause, now)

    def _refusal(self, pause: _Pause, now: float) -> ApiError:
        window = round(self._limits.window_seconds)
        milliseconds = round(self._limits.execution_seconds * 1000)
        messages = {
            Limit.REQUESTS: f"Number of requests exceeded the limit of {self._limits.requests} "
            f"over time window of {window} seconds.",
            Limit.EXECUTION_TIME: "Combined execution time of incoming requests exceeded limit of "
            f"{milliseconds:,} milliseconds over time window of {window} seconds. Decrease number "
            "of concurrent requests or reduce the duration of requests and try again later.",
            Limit.CONCURRENCY: "Number of concurrent requests exceeded the limit of "
            f"{self._limits.concurrent}.",
        }
        seconds = max(1, math.ceil(pause.until - now))
        return ApiError(
            429, pause.limit.value, messages[pause.limit], headers={"Retry-After": str(seconds)}
        )

    def _until_requests(self, now: float) -> float:
        """Return the seconds until one more request fits into the window."""
        leaving = self._begun[len(self._begun) - self._limits.requests]
        return max(1.0, leaving + self._limits.window_seconds - now)

    def _until_time(self, now: float) -> float:
        """Return the seconds until enough execution time has left the window."""
        total = self._total
        for at, seconds in self._spent:
            total -= seconds
            if total < self._limits.execution_seconds:
                return max(1.0, at + self._limits.window_seconds - now)
        return self._limits.window_seconds

    def _forget(self, now: float) -> None:
        oldest = now - self._limits.window_seconds
        while self._begun and self._begun[0] <= oldest:
            self._begun.popleft()
        while self._spent and self._spent[0][0] <= oldest:
            self._total -= self._spent.popleft()[1]
        if not self._spent:
            self._total = 0.0


@dataclass(slots=True)
class _Pause:
    """A Retry-After that runs: until when, by how much it grows, and when it was first told."""

    limit: Limit
    until: float
    step: float
    told: float
