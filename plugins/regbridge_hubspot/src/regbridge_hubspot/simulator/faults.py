"""Faults that are put in on purpose."""

from __future__ import annotations

import threading
from collections import Counter
from enum import StrEnum


class Fault(StrEnum):
    """What can go wrong.

    Of any call: `UNAVAILABLE` 503, `FAILED` 500, `LOCKED` 423, `MIGRATING` 477 with Retry-After,
    `THROTTLED` and `DAILY` 429, `LOGIN_PAGE` 200 with HTML; `DROPPED_BEFORE` and `DROPPED_AFTER`
    end the connection before or after the work is done. Of a batch: `GATEWAY` answers 504 after the
    work is done. Of the answer to a batch: `BUSY_INPUT` an input gets the error RATE_LIMITS,
    `SILENT` nothing is said of one, `NAMELESS` errors name no input, `TRACELESS` results have no
    trace id.
    """

    UNAVAILABLE = "unavailable"
    FAILED = "failed"
    LOCKED = "locked"
    MIGRATING = "migrating"
    THROTTLED = "throttled"
    DAILY = "daily"
    LOGIN_PAGE = "login-page"
    DROPPED_BEFORE = "dropped-before"
    DROPPED_AFTER = "dropped-after"
    GATEWAY = "gateway"
    BUSY_INPUT = "busy-input"
    SILENT = "silent"
    NAMELESS = "nameless"
    TRACELESS = "traceless"


class Faults:
    """Which faults happen, and how often still."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._always: set[Fault] = set()
        self._next: Counter[Fault] = Counter()

    def script(self, fault: Fault, times: int | None) -> None:
        """Let a fault happen at its next opportunities; None for all of them."""
        with self._lock:
            if times is None:
                self._always.add(fault)
            else:
                self._next[fault] += times

    def heal(self) -> None:
        """Let nothing go wrong any more."""
        with self._lock:
            self._always.clear()
            self._next.clear()

    def take(self, fault: Fault) -> bool:
        """Return whether the fault happens at this opportunity."""
        with self._lock:
            if self._next[fault]:
                self._next[fault] -= 1
                return True
            return fault in self._always
