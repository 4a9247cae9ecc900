"""Closes something once it is to be closed and nobody uses it any more."""

from __future__ import annotations

import threading
from collections.abc import Callable


class Loans:
    """Counts who uses something that `close` closes, once."""

    def __init__(self, close: Callable[[], None]) -> None:
        self._close = close
        self._lock = threading.Lock()
        self._users = 0
        self._is_ending = False
        self.is_closed = False

    def take(self) -> bool:
        """Begin to use it; False if it is closed, and must not be used."""
        with self._lock:
            self._users += not self.is_closed
            return not self.is_closed

    def give_back(self) -> None:
        """Use it no longer."""
        with self._lock:
            self._users -= 1
            is_last = self._is_due()
        if is_last:
            self._close()

    def end(self) -> None:
        """Close it, now or when the last one who uses it gives it back."""
        with self._lock:
            self._is_ending = True
            is_free = self._is_due()
        if is_free:
            self._close()

    def _is_due(self) -> bool:
        """Return, once, that it is to be closed now."""
        is_due = self._is_ending and not self._users and not self.is_closed
        self.is_closed |= is_due
        return is_due
