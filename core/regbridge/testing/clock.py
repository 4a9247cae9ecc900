"""A clock that a plugin, its limiters and a simulator share, so that no test waits."""

from __future__ import annotations

import threading
from datetime import UTC, datetime

from regbridge.limits import Limiters, OwnPlaces


class SteppedClock:
    """Stands still until somebody sleeps by it; several threads may share it.

    `slept` is for how many seconds.

    Example:
        clock = SteppedClock()
        plugin = build_plugin(Crm, settings, limiters=clock.limiters())
        simulator = CrmSimulator(clock=clock.seconds)
    """

    def __init__(self, start: datetime = datetime(2027, 3, 4, 9, 30, tzinfo=UTC)) -> None:
        self._lock = threading.Lock()
        self._seconds = start.timestamp()
        self.slept = 0.0

    def seconds(self) -> float:
        """Return the time in seconds since the epoch."""
        with self._lock:
            return self._seconds

    def now(self) -> datetime:
        """Return the time in UTC."""
        return datetime.fromtimestamp(self.seconds(), UTC)

    def sleep(self, seconds: float) -> None:
        """Let the time pass at once."""
        with self._lock:
            self._seconds += seconds
            self.slept += seconds

    def limiters(self) -> Limiters:
        """Return limiters that wait by this clock."""
        return Limiters(OwnPlaces(), self.seconds, self.sleep)
