"""Writes a process's timings into the ledger, now and then and at its end."""

from __future__ import annotations

import threading
from collections.abc import Callable

import structlog

from regbridge.errors import StoreUnavailableError
from regbridge.store.engine import Store
from regbridge.store.timings import add_timings
from regbridge.timings import Timings

log = structlog.get_logger()

_EVERY_SECONDS = 10.0


class TimingFlush:
    """Adds what `timings` measured to the ledger's. Start and stop it once."""

    def __init__(self, store: Store, timings: Timings, clock: Callable[[], int]) -> None:
        self._store = store
        self._timings = timings
        self._clock = clock
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="timings", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """Write what is left."""
        self._stopping.set()
        if self._thread.ident is not None:
            self._thread.join()

    def flush(self) -> None:
        """Write what was measured since the last time; keep it if the ledger cannot take it."""
        counts = self._timings.take()
        if not counts:
            return
        try:
            now = self._clock()
            self._store.write(lambda connection: add_timings(connection, counts, now))
        except StoreUnavailableError as error:
            self._timings.put_back(counts)
            log.warning("timings are kept for later", error=error.detail)

    def _run(self) -> None:
        while not self._stopping.wait(_EVERY_SECONDS):
            self.flush()
        self.flush()
