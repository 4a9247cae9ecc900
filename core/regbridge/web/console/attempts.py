"""Limits attempts to log in: after some that fail, an address waits longer and longer."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

FREE = 5
"""So many attempts of one address may fail before it has to wait."""

FIRST_WAIT = 30.0
LONGEST_WAIT = 900.0
_REMEMBERED = 10_000
_FORGOTTEN = 3600.0


@dataclass(slots=True)
class _Failures:
    count: int = 0
    last: float = 0.0
    until: float = 0.0


class Attempts:
    """Failed attempts by address, in this process. `clock` gives seconds."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._by_address: OrderedDict[str, _Failures] = OrderedDict()
        self._lock = threading.Lock()

    def wait(self, address: str) -> float:
        """Return how many seconds an address has to wait before it may try, 0 for none."""
        with self._lock:
            found = self._by_address.get(address)
            return max(0.0, found.until - self._clock()) if found else 0.0

    def failed(self, address: str) -> None:
        """Note an attempt that failed."""
        now = self._clock()
        with self._lock:
            found = self._by_address.pop(address, None)
            if found is None or now - found.last > _FORGOTTEN:
                found = _Failures()
            found.count += 1
            found.last = now
            over = found.count - FREE
            if over >= 0:
                found.until = now + min(FIRST_WAIT * 2.0 ** min(over, 10), LONGEST_WAIT)
            self._by_address[address] = found
            while len(self._by_address) > _REMEMBERED:
                self._by_address.popitem(last=False)

    def succeeded(self, address: str) -> None:
        """Forget the failures of an address."""
        with self._lock:
            self._by_address.pop(address, None)
