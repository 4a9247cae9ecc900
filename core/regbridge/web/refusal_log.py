"""Logs refusals in a bounded number of lines, whoever comes and however often."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import structlog

from regbridge.addresses import neighbour

MINUTE = 60.0
LINES = 100
"""So many different refusals are logged in a minute, and as many summaries after it."""

_LONGEST_PATH = 200

_log = structlog.get_logger(__name__)

Facts = Mapping[str, Any]
Key = tuple[Any, ...]


@dataclass(slots=True)
class _Kind:
    """Refusals of one kind from one address; `more` were not logged."""

    facts: Facts
    grave: bool
    more: int = 0


class RefusalLog:
    """Logs the first refusal of each kind and address in a minute; those like it are counted.

    Who is refused has proved nothing, and must not be able to fill the disk. `clock` gives seconds.
    Safe to share between threads.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._ends = clock() + MINUTE
        self._kinds: dict[Key, _Kind] = {}
        self._others = 0
        self._lock = threading.Lock()

    def note(self, facts: Facts, *, grave: bool = True) -> None:
        """Log a refusal, or count it. `facts` have its `status` and `remote_address`."""
        facts = {**facts, **_short(facts)}
        names = ("status", "client", "endpoint", "reason")
        key = (neighbour(facts["remote_address"]), *(facts.get(name) for name in names))
        with self._lock:
            told = self._end_minute()
            found = self._kinds.get(key)
            if found:
                found.more += 1
            elif len(self._kinds) < LINES:
                self._kinds[key] = _Kind(facts, grave)
                told.append(("request refused", facts, grave))
            else:
                self._others += 1
        _tell(told)

    def flush(self, *, at_end: bool = False) -> None:
        """Log how many were counted, once their minute is over or the process ends."""
        with self._lock:
            told = self._end_minute(at_end)
        _tell(told)

    def _end_minute(self, at_end: bool = False) -> list[tuple[str, Facts, bool]]:
        """Return what is to be told of a minute that is over."""
        now = self._clock()
        if now < self._ends and not at_end:
            return []
        kinds, others = [kind for kind in self._kinds.values() if kind.more], self._others
        self._kinds, self._others, self._ends = {}, 0, now + MINUTE
        if others:
            kinds.append(_Kind({"remote_address": "others"}, True, others))
        return [
            ("requests refused", {**kind.facts, "more": kind.more}, kind.grave) for kind in kinds
        ]


def _short(facts: Facts) -> Facts:
    path = facts.get("path") or ""
    return {"path": path[:_LONGEST_PATH] + "…"} if len(path) > _LONGEST_PATH else {}


def _tell(lines: list[tuple[str, Facts, bool]]) -> None:
    for event, facts, grave in lines:
        (_log.warning if grave else _log.info)(event, **facts)
