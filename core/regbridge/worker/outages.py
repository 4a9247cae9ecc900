"""Pauses an upstream or a target that fails as a whole, and lets one record at a time try it."""

from __future__ import annotations

import threading

from regbridge.errors import CredentialsError, QuotaExceededError, RegbridgeError
from regbridge.store.clock import to_ms
from regbridge.store.pauses import Cause, Paused, find_pause, pause, prolong, resume
from regbridge.worker.context import Context
from regbridge.worker.schedule import asked_for

FAILURES = 3
"""So many failed calls in a row are an outage; fewer are ordinary failures."""

SHORTEST = 30_000
LONGEST = 300_000
"""Between two tries of a paused target, in ms."""


class Outages:
    """One upstream (an enrichment plugin) or target of one client. Shared by its threads."""

    def __init__(self, context: Context, client: str, upstream: str) -> None:
        self._context = context
        self._client = client
        self._upstream = upstream
        self._lock = threading.Lock()
        self._in_a_row = 0

    def find(self) -> Paused | None:
        """Return the pause, if there is one; every process of the ledger sees the same."""
        return self._context.store.read(lambda c: find_pause(c, self._client, self._upstream))

    def reserve_try(self, paused: Paused, lease_end: int) -> bool:
        """Keep everybody else away while one record is tried; False if somebody else does that."""
        return self._context.store.write(
            lambda c: prolong(c, self._client, self._upstream, paused.until, lease_end)
        )

    def failed(self, error: RegbridgeError, *, paused: Paused | None) -> int | None:
        """Count a failed call. Return until when (ms) to leave it alone, None to carry on."""
        now = self._context.clock()
        if isinstance(error, QuotaExceededError):
            return self._pause(Cause.QUOTA, str(error), max(to_ms(error.until), now + 1000))
        if isinstance(error, CredentialsError):
            return self._pause(Cause.CREDENTIALS, str(error), now + LONGEST)
        with self._lock:
            self._in_a_row += 1
            if self._in_a_row < FAILURES and paused is None:
                return None
        since = paused.since if paused else now
        wait = min(max(now - since, SHORTEST), LONGEST)
        wait = max(wait, round(asked_for(error) * 1000))
        return self._pause(Cause.OUTAGE, str(error), now + wait)

    def give_back(self, paused: Paused, lease_end: int) -> None:
        """Let anybody try who has something to try with: the one who reserved it had not."""
        self._context.store.write(
            lambda c: prolong(c, self._client, self._upstream, lease_end, paused.until)
        )

    def succeeded(self, *, paused: Paused | None) -> None:
        """Forget the failures, and end the pause if there is one."""
        with self._lock:
            self._in_a_row = 0
        if paused:
            now = self._context.clock()
            self._context.store.write(lambda c: resume(c, self._client, self._upstream, now))
            self._context.wake("prepare", self._client)
            self._context.wake("deliver", self._client)

    def _pause(self, cause: Cause, reason: str, until: int) -> int:
        now = self._context.clock()
        self._context.store.write(
            lambda c: pause(c, self._client, self._upstream, cause, reason, until, now)
        )
        return until
