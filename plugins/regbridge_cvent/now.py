"""The time as the client needs it; tests have one that only they move."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from datetime import UTC, datetime


class Now:
    """A clock (seconds since 1970), a sleep in seconds, and a chance from 0 to 1."""

    def __init__(
        self,
        clock: Callable[[], float] = time.time,
        sleep: Callable[[float], None] = time.sleep,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        self.seconds = clock
        self.sleep = sleep
        self.jitter = jitter

    def moment(self) -> datetime:
        """Return the time, aware and in UTC."""
        return datetime.fromtimestamp(self.seconds(), UTC)
