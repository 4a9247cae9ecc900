"""Keeps the leases of running steps alive, so that a slow call is not done twice."""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from typing import Any

from regbridge.store.engine import Store
from regbridge.store.leases import Leasable, Lease, renew


class Leasing:
    """The leases that this process holds. `renew_all` is called well before they run out."""

    def __init__(self, store: Store, clock: Callable[[], int], seconds: float) -> None:
        self._store = store
        self._clock = clock
        self._milliseconds = round(seconds * 1000)
        self._held: dict[str, tuple[Leasable, Collection[int]]] = {}
        self._lock = threading.Lock()

    def new(self) -> Lease:
        """Return a lease for a claim that is about to be made."""
        now = self._clock()
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
        until = self._clock() + self._milliseconds
        if held:
            self._store.write(lambda connection: _renew(connection, held, until))


def _renew(connection: Any, held: dict[str, tuple[Leasable, Collection[int]]], until: int) -> None:
    for token, (what, ids) in held.items():
        renew(connection, what, ids, token, until)
