"""Failures by chance: answers 502, 503, 504, and connections that end without one."""

from __future__ import annotations

import random
import threading

from regbridge_cvent.simulator.calls import DROPPED

_KINDS = (502, 503, 504, DROPPED)


class Faults:
    """Lets a share of the calls fail, `rate` between 0 and 1; a seed has always the same ones."""

    def __init__(self, rate: float, seed: int) -> None:
        self._rate = rate
        self._random = random.Random(seed)  # noqa: S311 - nothing here is a secret
        self._lock = threading.Lock()

    def next(self) -> int | None:
        """Return how the next call fails: a status, 0 for a dropped connection, None for not."""
        if not self._rate:
            return None
        with self._lock:
            if self._random.random() >= self._rate:
                return None
            return self._random.choice(_KINDS)
