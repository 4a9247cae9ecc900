"""Keeps the leases of running steps alive, so that a slow call is not done twice.

The clock of a machine may be set at any time. Forward: leases seem to have run out whose work is
under way. Back: what waits would wait until the clock comes there again. Whoever wants to claim
finds that out first and puts it right, so neither matters.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from typing import Any

import structlog

from regbridge.store.engine import Store
from regbridge.store.leases import Leasable, Lease, renew
from regbridge.store.set_back import bring_forward, newest_time

log = structlog.get_logger()


class Leasing:
    """The leases that this process holds. `renew_all` is called well before they run out."""

    def __init__(self, store: Store, clock: Callable[[], int], seconds: float) -> None:
        self._store = store
        self._clock = clock
        self._milliseconds = round(seconds * 1000)
        self._held: dict[str, tuple[Leasable, Collection[int]]] = {}
        self._lock = threading.Lock()
        self._looking = threading.Lock()
        self._renewed = 0
        self._latest: int | None = None

    def new(self) -> Lease:
        """Return a lease for a claim that is about to be made."""
        with self._looking:
            now = self._clock()
            if now - self._renewed > self._milliseconds // 2:
                self.renew_all()
            if self._store.embedded:  # PostgreSQL's clock is the hosts' own, see `SharedClock`
                self._look_back(now)
        return Lease(now, now + self._milliseconds)

    @contextmanager
    def keep(self, lease: Lease, what: Leasable, ids: Collection[int]) -> Iterator[None]:
        """Renew a lease for as long as the block runs."""
        with self._lock:
            self._held[lease.token] = (what, ids)
        try:
            yield
        finally:
            with self._lock:
                del self._held[lease.token]

    def renew_all(self) -> None:
        """Move the end of every lease that is held."""
        with self._lock:
            held = dict(self._held)
        now = self._clock()
        until = now + self._milliseconds
        if held:
            self._store.write(lambda connection: _renew(connection, held, until))
        self._renewed = now

    def _look_back(self, now: int) -> None:
        """Find out whether the clock was set back, also while no process ran."""
        latest = self._store.read(newest_time) if self._latest is None else self._latest
        ahead = latest - now
        if ahead > self._milliseconds:
            log.warning("the clock was set back", seconds=ahead // 1000)
            self.renew_all()
            beyond = now + self._milliseconds
            self._store.write(lambda c: bring_forward(c, now, ahead, beyond))
        self._latest = now


def _renew(connection: Any, held: dict[str, tuple[Leasable, Collection[int]]], until: int) -> None:
    for token, (what, ids) in held.items():
        renew(connection, what, ids, token, until)
