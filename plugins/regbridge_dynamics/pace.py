"""How much at once: numbers that fall by half at a refusal and rise again by small steps."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from weakref import WeakKeyDictionary

from regbridge import RateLimiter

USUAL_PLACES = 52
"""Calls at the same time that Dataverse allows (reference/dataverse-web-api.md, section 8)."""

_PATIENCE = 20


class Pace:
    """A number between `least` and `most`; several threads may share it.

    It falls by half when `ease` is called, and rises by a tenth after every `patience` calls in a
    row that went well.
    """

    def __init__(self, most: int, least: int = 1, patience: int = _PATIENCE) -> None:
        self._least = min(least, most)
        self._most = most
        self._patience = patience
        self._well = 0
        self._lock = threading.Lock()
        self.value = most

    def ease(self) -> None:
        """Fall by half: it was too much."""
        with self._lock:
            self._well = 0
            self.value = max(self._least, self.value // 2)

    def went_well(self) -> None:
        """Count a call that went well."""
        with self._lock:
            self._well += 1
            if self._well >= self._patience:
                self._well = 0
                self.value = min(self._most, self.value + max(1, self.value // 10))

    def set_most(self, most: int) -> None:
        """Take a new upper limit, which the number never exceeds from now on."""
        with self._lock:
            if self.value == self._most:
                self.value = most
            self._most = max(self._least, most)
            self.value = min(self.value, self._most)


class Gate:
    """Lets as many calls of one credential through at once as Dataverse recommends."""

    def __init__(self) -> None:
        self.pace = Pace(USUAL_PLACES)
        self._under_way = 0
        self._changed = threading.Condition()

    @contextmanager
    def place(self) -> Iterator[int]:
        """Wait for a place; yield how many there are."""
        with self._changed:
            while self._under_way >= self.pace.value:
                self._changed.wait()
            self._under_way += 1
        try:
            yield self.pace.value
        finally:
            with self._changed:
                self._under_way -= 1
                self._changed.notify_all()


_gates: WeakKeyDictionary[RateLimiter, Gate] = WeakKeyDictionary()
_lock = threading.Lock()


def gate_of(limiter: RateLimiter) -> Gate:
    """Return the gate of a credential: one for all targets of this process that use it.

    Other processes share the limiter, which looks for free places from time to time only.
    """
    with _lock:
        return _gates.setdefault(limiter, Gate())
