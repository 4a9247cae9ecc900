"""Writes a process's timings into the ledger, now and then and at its end."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import structlog

from regbridge.errors import StoreUnavailableError
from regbridge.periodic import Periodic
from regbridge.store.engine import Store
from regbridge.store.timings import add_timings, forget_timings
from regbridge.timings import Counts, Timings

log = structlog.get_logger()

_EVERY_SECONDS = 10.0
_DAY = 86_400_000


class TimingFlush:
    """Adds what `timings` measured to the ledger's. Start and stop it once."""

    def __init__(self, store: Store, timings: Timings, clock: Callable[[], int]) -> None:
        self._store = store
        self._timings = timings
        self._clock = clock
        self._forgot_at = -_DAY
        self._periodic = Periodic("timings", _EVERY_SECONDS, self.flush)

    def start(self) -> None:
        """Begin."""
        self._periodic.start()

    def stop(self) -> None:
        """Write what is left."""
        if self._periodic.stop():
            self.flush()

    def flush(self) -> None:
        """Write what was measured since the last time; keep it if the ledger cannot take it."""
        counts = self._timings.take()
        if not counts:
            return
        try:
            self._write(counts, self._clock())
        except StoreUnavailableError as error:
            self._timings.put_back(counts)
            log.warning("timings are kept for later", error=error.detail)
        except Exception:
            self._timings.put_back(counts)
            log.exception("timings are kept for later; this is a bug")

    def _write(self, counts: Counts, now: int) -> None:
        """Add the counts; once a day also forget old days, in the same transaction."""
        forgetting = now - self._forgot_at >= _DAY

        def write(connection: Any) -> None:
            add_timings(connection, counts, now)
            if forgetting:
                forget_timings(connection, now)

        self._store.write(write)
        if forgetting:
            self._forgot_at = now
