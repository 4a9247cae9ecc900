"""Lets calls of each user in as far as the service protection limits allow."""

from __future__ import annotations

import itertools
import re
import threading
from collections.abc import Callable, Mapping

from regbridge_dynamics.simulator.calls import Calls
from regbridge_dynamics.simulator.errors import ApiError
from regbridge_dynamics.simulator.throttle import Limits, Throttle

_COOKIE = re.compile(r"(?:^|;\s*)ARRAffinity=([0-9]+)", re.ASCII)


class Gate:
    """Keeps a throttle for each user at each web server.

    The affinity cookie binds a caller to one server; without it calls go to each in turn.
    """

    def __init__(self, limits: Limits, calls: Calls, clock: Callable[[], float]) -> None:
        self._limits = limits
        self._calls = calls
        self._clock = clock
        self._lock = threading.Lock()
        self._throttles: dict[tuple[str, int], Throttle] = {}
        self._turns = itertools.cycle(range(limits.servers))

    def server(self, headers: Mapping[str, str]) -> int:
        """Return which server takes a call."""
        match = _COOKIE.search(headers.get("cookie", ""))
        if match and int(match[1]) < self._limits.servers:
            return int(match[1])
        with self._lock:
            return next(self._turns)

    def enter(self, user_id: str, server: int) -> None:
        """Let a call in. Raises `ApiError` 429."""
        with self._lock:
            throttle = self._throttle(user_id, server)
            ignored = throttle.ignored
            try:
                throttle.enter(self._clock())
            except ApiError as error:
                error.headers.update(throttle.headers())
                self._calls.throttle(error.code, throttle.ignored - ignored)
                raise

    def leave(self, user_id: str, server: int, seconds: float) -> dict[str, str]:
        """Count what a call cost, and return the headers about what is left."""
        with self._lock:
            throttle = self._throttle(user_id, server)
            throttle.leave(self._clock(), seconds)
            return throttle.headers()

    def _throttle(self, user_id: str, server: int) -> Throttle:
        return self._throttles.setdefault((user_id, server), Throttle(self._limits))
