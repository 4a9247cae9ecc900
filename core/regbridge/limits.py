"""One limiter for each vendor's account, shared by every thread and process of a ledger."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from math import ceil, floor
from typing import Protocol

from regbridge.errors import QuotaExceededError, StoreUnavailableError

TAKEN = 15.0
"""Seconds after which the place of a call whose process died is free again."""

_RENEWED = 5.0
"""Seconds after which a call that is still under way says so."""

_SHORTEST_WAIT = 0.005
_LONGEST_WAIT = 1.0
_LOOK_AGAIN = 0.05  # while a call is under way: only its end says when its place is free


@dataclass(frozen=True, slots=True)
class RateLimit:
    """So many calls a second, and so many at the same moment (`burst`).

    A call takes one of `places` places, which is free again `hold` seconds after the call's end.
    A vendor counts a call somewhere between its beginning and its end, so no interval of one
    second can hold more than `per_second` calls, however long each is on its way. `per_day` is how
    many the account has from midnight GMT on, for people to see; None where nobody has said so.
    """

    per_second: float
    burst: int
    per_day: int | None = None

    @property
    def places(self) -> int:
        """How many calls may be under way."""
        return max(1, min(self.burst, int(self.per_second)))

    @property
    def hold(self) -> float:
        """How many seconds a place stays taken after its call."""
        in_a_second = int(self.per_second // self.places)
        return 1 / in_a_second if in_a_second else self.places / self.per_second


@dataclass(frozen=True, slots=True)
class Block:
    """Why no call is made before `until`."""

    until: datetime
    reason: str


class Places(Protocol):
    """Where the places of limiters are kept. Times are in ms since 1970, as the ledger's are."""

    def take(self, key: str, limit: RateLimit, now: int, until: int) -> int | None:
        """Take a free place until `until`, count the call, and return the place's number.

        None when all places are taken. `limit.per_day` is kept beside the count.
        """

    def free_at(self, key: str, places: int) -> int:
        """Return when the next place is free."""

    def give_back(self, key: str, place: int, free_at: int) -> None:
        """Make a place free from `free_at` on."""

    def block(self, key: str, block: Block) -> None:
        """Let nobody make calls for a while."""

    def blocked(self, key: str) -> Block | None:
        """Return the last block, which may be over."""


class RateLimiter:
    """The limiter of one account. `key` names it in the ledger and holds no secret."""

    def __init__(
        self,
        key: str,
        places: Places,
        clock: Callable[[], float] = time.time,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self.key = key
        self._places = places
        self._clock = clock
        self._sleep = sleep
        self._turn = threading.Lock()

    @contextmanager
    def call(self, limit: RateLimit) -> Iterator[None]:
        """Wait until a call may be made, and make it in the `with` block.

        Raises `QuotaExceededError` while the account is blocked.
        """
        place = self._wait_for_place(limit)
        try:
            with self._kept(place):
                yield
        finally:
            # Rounded up, and the time in `_wait_for_place` down: no place is free too early.
            free_at = ceil((self._clock() + limit.hold) * 1000)
            self._places.give_back(self.key, place, free_at)

    def block(self, until: datetime, reason: str) -> None:
        """Let nobody who shares the account make calls before `until`."""
        self._places.block(self.key, Block(until, reason))

    @contextmanager
    def _kept(self, place: int) -> Iterator[None]:
        """Keep a place for as long as its call takes: others take it for that of a dead process."""
        ended = threading.Event()

        def renew() -> None:
            while not ended.wait(_RENEWED):
                with suppress(StoreUnavailableError):  # nobody else can take it then either
                    until = ceil((self._clock() + TAKEN) * 1000)
                    self._places.give_back(self.key, place, until)

        renewing = threading.Thread(target=renew, name=f"place {place} {self.key}", daemon=True)
        renewing.start()
        try:
            yield
        finally:
            ended.set()
            renewing.join()

    def _wait_for_place(self, limit: RateLimit) -> int:
        with self._turn:  # one thread looks for a place, the others wait for their turn to look
            while True:
                self.refuse_if_blocked()
                now = floor(self._clock() * 1000)
                until = now + round(TAKEN * 1000)
                place = self._places.take(self.key, limit, now, until)
                if place is not None:
                    return place
                wait = (self._places.free_at(self.key, limit.places) - now) / 1000
                longest = _LONGEST_WAIT if wait <= limit.hold + _LOOK_AGAIN else _LOOK_AGAIN
                self._sleep(min(max(wait, _SHORTEST_WAIT), longest))

    def refuse_if_blocked(self) -> None:
        """Raise `QuotaExceededError` while the account is blocked."""
        block = self._places.blocked(self.key)
        if block and block.until > datetime.fromtimestamp(self._clock(), UTC):
            raise QuotaExceededError(block.reason, until=block.until)


class Limiters:
    """The limiters of one process, by key: whoever asks for the same key gets the same one."""

    def __init__(
        self,
        places: Places,
        clock: Callable[[], float] = time.time,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._places = places
        self._clock = clock
        self._sleep = sleep
        self._limiters: dict[str, RateLimiter] = {}
        self._lock = threading.Lock()

    def limiter(self, key: str) -> RateLimiter:
        """Return the limiter of an account."""
        with self._lock:
            if key not in self._limiters:
                self._limiters[key] = RateLimiter(key, self._places, self._clock, self._sleep)
            return self._limiters[key]


class OwnPlaces:
    """Places of this process alone, for a command that runs without a ledger."""

    def __init__(self) -> None:
        self._free_at: dict[str, dict[int, int]] = {}
        self._blocks: dict[str, Block] = {}
        self._lock = threading.Lock()

    def take(self, key: str, limit: RateLimit, now: int, until: int) -> int | None:
        """Take a free place until `until` and return its number; None when all are taken."""
        with self._lock:
            known = self._free_at.setdefault(key, {})
            for place in range(limit.places):
                if known.get(place, 0) <= now:
                    known[place] = until
                    return place
        return None

    def free_at(self, key: str, places: int) -> int:
        """Return when the next place is free."""
        with self._lock:
            known = self._free_at.get(key, {})
            return min(known.get(place, 0) for place in range(places))

    def give_back(self, key: str, place: int, free_at: int) -> None:
        """Make a place free from `free_at` on."""
        with self._lock:
            self._free_at[key][place] = free_at

    def block(self, key: str, block: Block) -> None:
        """Let nobody make calls for a while."""
        with self._lock:
            self._blocks[key] = block

    def blocked(self, key: str) -> Block | None:
        """Return the last block, which may be over."""
        with self._lock:
            return self._blocks.get(key)
