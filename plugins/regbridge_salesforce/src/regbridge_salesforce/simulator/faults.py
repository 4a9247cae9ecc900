"""Faults that are put in on purpose, for the next calls or for all."""

from __future__ import annotations

import threading
from collections import Counter
from enum import StrEnum


class Fault(StrEnum):
    """What can go wrong.

    `UNAVAILABLE`: 503, nothing done. `PAGE`: a proxy's page of 200 in HTML, nothing done. `BROKEN`:
    500 and all is done. `DROPPED_BEFORE`: the connection of a write ends, nothing done.
    `DROPPED_AFTER`: the connection of a write ends, all is done. `LOCKED`: the first record of a
    write cannot be locked. `CONCURRENT`: too many long calls. `DISABLED`: the API is switched off
    for the user.
    """

    UNAVAILABLE = "unavailable"
    PAGE = "page"
    BROKEN = "broken"
    DROPPED_BEFORE = "dropped-before"
    DROPPED_AFTER = "dropped-after"
    LOCKED = "locked"
    CONCURRENT = "concurrent"
    DISABLED = "disabled"


class Faults:
    """Says at each call what happens to it."""

    def __init__(self) -> None:
        self._next: Counter[Fault] = Counter()
        self._always: set[Fault] = set()
        self._lock = threading.Lock()

    def script(self, fault: Fault, times: int = 1) -> None:
        """Let a fault happen at its next opportunities."""
        with self._lock:
            self._next[fault] += times

    def set(self, *faults: Fault) -> None:
        """Let these faults happen at every opportunity from now on, and no others."""
        with self._lock:
            self._always = set(faults)
            self._next.clear()

    def take(self, fault: Fault) -> bool:
        """Return whether a fault happens at this opportunity."""
        with self._lock:
            if self._next[fault]:
                self._next[fault] -= 1
                return True
            return fault in self._always
