"""Keeps an authorization server's keys, and fetches them anew in nobody's way."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Any

import structlog

from regbridge import RegbridgeError, RetryableError
from regbridge_cvent.bearer.key_set import KeySet

PAUSE = 60.0
"""Seconds from one call to the next, because anybody can send a key id that is not known."""

PAUSE_WITHOUT_KEYS = 10.0
"""The same while there are no keys, so that nobody gets in."""

FRESH = 3600.0
"""Seconds after which keys are fetched anew while those that are kept go on."""

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class _Kept:
    """Keys, and when the call began that fetched them."""

    keys: KeySet
    at: float


@dataclass(frozen=True, slots=True)
class _Call:
    """A call that fetches keys; `end` comes whether it succeeds or not."""

    begun: float
    end: Future[None] = field(default_factory=Future)


def _in_background(run: Callable[[], None]) -> None:
    threading.Thread(target=run, name="cvent-oauth keys", daemon=True).start()


class KeySource:
    """Finds keys; several threads may ask at once, and one call is made for all of them.

    `fetch` makes that call in a thread of its own, and nobody waits for it longer than
    `wait_seconds`. Keys are good for `keep_seconds` if no later call succeeds. `clock` gives
    seconds that only grow, `start` runs a function beside this one.
    """

    def __init__(
        self,
        fetch: Callable[[], KeySet],
        wait_seconds: float,
        keep_seconds: float,
        *,
        clock: Callable[[], float] = time.monotonic,
        start: Callable[[Callable[[], None]], None] = _in_background,
    ) -> None:
        self._fetch = fetch
        self._wait_seconds = wait_seconds
        self._keep_seconds = keep_seconds
        self._clock = clock
        self._start = start
        self._lock = threading.Lock()
        self._kept: _Kept | None = None
        self._call: _Call | None = None

    def find(self, key_id: str, algorithm: str) -> Any:
        """Return a key, None if the authorization server has none of this id for this algorithm.

        A key that is known is returned at once; if the keys are no longer fresh, others are fetched
        meanwhile. Raises `RetryableError` while nobody can say whether there is such a key.
        """
        now = self._clock()
        kept = self._usable(now)
        if kept and kept.keys.knows(key_id):
            if now - kept.at >= FRESH:
                self._begun(now)
            return kept.keys.find(key_id, algorithm)
        if call := self._begun(now):
            self._wait_for(call, now)
            kept = self._usable(now)
        # Keys that were asked for before this token came may be older than the token's own.
        if kept and (kept.keys.knows(key_id) or kept.at >= now):
            return kept.keys.find(key_id, algorithm)
        raise self._nobody_knows(kept)

    def _usable(self, now: float) -> _Kept | None:
        """Return what is kept, unless it is too old."""
        kept = self._kept
        return kept if kept and now - kept.at < self._keep_seconds else None

    def _begun(self, now: float) -> _Call | None:
        """Return the call that is under way or begins now; None when it is too early for one."""
        with self._lock:
            if self._call and not self._call.end.done():
                return self._call
            if self._pause_left(now) > 0:
                return None
            self._call = call = _Call(now)
        self._start(lambda: self._make(call))
        return call

    def _pause_left(self, now: float) -> float:
        pause = PAUSE if self._usable(now) else PAUSE_WITHOUT_KEYS
        return self._call.begun + pause - now if self._call else 0.0

    def _make(self, call: _Call) -> None:
        try:
            self._kept = _Kept(self._fetch(), call.begun)
        except RegbridgeError as error:
            _log.warning("keys not fetched", plugin="cvent-oauth", reason=str(error))
        except Exception as error:  # those who wait must not wait in vain
            _log.error("keys not fetched", plugin="cvent-oauth", exc_info=error)
        finally:
            call.end.set_result(None)

    def _wait_for(self, call: _Call, now: float) -> None:
        left = call.begun + self._wait_seconds - now
        try:
            call.end.result(max(left, 0.0))
        except TimeoutError:
            raise self._nobody_knows(None) from None

    def _nobody_knows(self, kept: _Kept | None) -> RetryableError:
        text = "the keys of the authorization server cannot be had"
        if kept:
            text = "the token's key is not known, and keys were asked for a moment ago"
        return RetryableError(text, retry_after=max(self._pause_left(self._clock()), 1.0))
