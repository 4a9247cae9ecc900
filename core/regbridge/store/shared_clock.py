"""The time that all hosts of a ledger share."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime
from math import ceil

from sqlalchemy import text

from regbridge.errors import StoreUnavailableError
from regbridge.store.engine import Store

_NOW = text("SELECT extract(epoch FROM clock_timestamp())")
_TRIES = 3
_VALID_SECONDS = 30.0
_DRIFT_MS = 3
"""By how much two clocks may drift apart while a comparison is valid."""


class SharedClock:
    """The time of the PostgreSQL server that hosts share; of this machine when the ledger is here.

    Leases, retries and limits compare times that several hosts wrote, and no two machines' clocks
    agree. The server is asked twice a minute, by whoever wants to know the time then; in between
    this machine counts on, so that setting its clock changes nothing. While the server is away the
    last comparison goes on being used.
    """

    def __init__(self, store: Store, counts: Callable[[], float] = time.monotonic) -> None:
        self._store = store
        self._counts = time.time if store.embedded else counts
        self._ahead = 0.0
        self._valid_until = float("inf") if store.embedded else float("-inf")
        self._trip = 0.0
        self._asking = threading.Lock()

    def __call__(self) -> int:
        """Return the ms since 1970, UTC."""
        return int(self.seconds() * 1000)

    def seconds(self) -> float:
        """Return the seconds since 1970, UTC; raises `StoreUnavailableError` if never told."""
        if self._counts() > self._valid_until and self._asking.acquire(blocking=not self._ahead):
            try:
                self._compare()
            except StoreUnavailableError:
                if not self._ahead:
                    raise
            finally:
                self._asking.release()
        return self._counts() + self._ahead

    def moment(self) -> datetime:
        """Return the time as an aware one."""
        return datetime.fromtimestamp(self.seconds(), UTC)

    @property
    def uncertainty(self) -> float:
        """By how many seconds two hosts may differ."""
        return 0.0 if self._store.embedded else ceil(self._trip * 1000 + _DRIFT_MS) / 1000

    def _compare(self) -> None:
        if self._counts() <= self._valid_until:  # another thread just did
            return
        # An answer that came at once tells the most.
        self._trip, self._ahead = min(self._ask() for _ in range(_TRIES))
        self._valid_until = self._counts() + _VALID_SECONDS

    def _ask(self) -> tuple[float, float]:
        """Return the seconds that the answer took, and by how many the server is ahead."""
        asked = self._counts()
        server = self._store.read(lambda connection: float(connection.scalar(_NOW)), patience=0)
        answered = self._counts()
        return answered - asked, server - (asked + answered) / 2
