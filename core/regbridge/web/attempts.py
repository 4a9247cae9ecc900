"""Limits attempts to get in: after some that fail, an address waits longer and longer."""

from __future__ import annotations

import threading
from collections import OrderedDict, deque
from collections.abc import Callable
from dataclasses import dataclass, field

import falcon

from regbridge.addresses import neighbour

FREE = 5
"""So many attempts of one address may fail before it has to wait."""

FIRST_WAIT = 30.0
LONGEST_WAIT = 900.0
REMEMBERED = 10_000
"""So many addresses are known at once; one more, and that of the oldest failure is forgotten."""

_FORGOTTEN = 3600.0
_TRIED = 4


@dataclass(slots=True)
class _Failures:
    count: int = 0
    last: float = 0.0
    until: float = 0.0
    tried: deque[int] = field(default_factory=lambda: deque(maxlen=_TRIED))


class Attempts:
    """Failed attempts by address (of IPv6 its /64), in this process. `clock` gives seconds.

    `free` may fail without a wait; those of one address are forgotten when none failed for so many
    seconds (`forgotten`). `place` tells attempts at different doors apart.
    """

    def __init__(
        self, clock: Callable[[], float], free: int = FREE, forgotten: float = _FORGOTTEN
    ) -> None:
        self._clock = clock
        self._free = free
        self._forgotten = forgotten
        self._failures: OrderedDict[tuple[str, str], _Failures] = OrderedDict()
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return len(self._failures)

    def wait(self, address: str, place: str = "") -> float:
        """Return how many seconds an address has to wait before it may try, 0 for none."""
        with self._lock:
            found = self._failures.get((neighbour(address), place))
            return max(0.0, found.until - self._clock()) if found else 0.0

    def failed(self, address: str, place: str = "", tried: int | None = None) -> None:
        """Note an attempt that failed; one of the last few things `tried` again is no new one."""
        now, key = self._clock(), (neighbour(address), place)
        with self._lock:
            found = self._failures.pop(key, None)
            if found is None or now - found.last > self._forgotten:
                found = _Failures()
            if tried is None or tried not in found.tried:
                self._count(found, now)
                found.tried.extend([] if tried is None else [tried])
            found.last = now
            self._failures[key] = found
            while len(self._failures) > REMEMBERED:
                self._failures.popitem(last=False)

    def succeeded(self, address: str, place: str = "") -> None:
        """Forget the failures of an address."""
        if self._failures:
            with self._lock:
                self._failures.pop((neighbour(address), place), None)

    def _count(self, found: _Failures, now: float) -> None:
        found.count += 1
        over = found.count - self._free
        if over >= 0:
            found.until = now + min(FIRST_WAIT * 2.0 ** min(over, 10), LONGEST_WAIT)


def guessed(wait: float) -> falcon.HTTPTooManyRequests:
    """Return the 429 of an address that guesses tokens; `wait` is in seconds."""
    seconds = round(wait) + 1
    return falcon.HTTPTooManyRequests(
        description="Too many wrong tokens came from your address; come again in "
        f"{seconds} seconds. A right one is let in at any time.",
        retry_after=seconds,
    )
