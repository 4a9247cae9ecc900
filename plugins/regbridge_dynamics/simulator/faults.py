"""Faults that are put in on purpose: scripted for the next calls, or seeded by chance."""

from __future__ import annotations

import random
import threading
from collections import Counter
from dataclasses import dataclass
from enum import StrEnum


class Fault(StrEnum):
    """What can go wrong.

    `UNAVAILABLE`: 503 in HTML, nothing done. `DROPPED_BEFORE`: the connection of a write ends,
    nothing done. `DROPPED_AFTER`: the connection of a write ends, all is done. `RACE`: an upsert
    that would make a record is refused with 412 and 0x80060892. `THROTTLED_PART`: a part of a
    batch gets 429, which nobody has seen and nobody rules out (reference/dataverse-web-api.md,
    "not verified").
    """

    UNAVAILABLE = "unavailable"
    DROPPED_BEFORE = "dropped-before"
    DROPPED_AFTER = "dropped-after"
    RACE = "race"
    THROTTLED_PART = "throttled-part"


@dataclass(frozen=True, slots=True)
class Faults:
    """How often what happens: shares of the calls, from 0 to 1; the same seed, the same faults."""

    unavailable: float = 0.0
    dropped_before: float = 0.0
    dropped_after: float = 0.0
    race: float = 0.0
    throttled_part: float = 0.0
    seed: int = 0


class FaultInjector:
    """Decides at each opportunity whether a fault happens now."""

    def __init__(self, faults: Faults) -> None:
        self._shares = {
            Fault.UNAVAILABLE: faults.unavailable,
            Fault.DROPPED_BEFORE: faults.dropped_before,
            Fault.DROPPED_AFTER: faults.dropped_after,
            Fault.RACE: faults.race,
            Fault.THROTTLED_PART: faults.throttled_part,
        }
        self._chance = {
            fault: random.Random(f"{faults.seed}/{fault}")  # noqa: S311  # no secret
            for fault in Fault
        }
        self._next: Counter[Fault] = Counter()
        self._lock = threading.Lock()

    def script(self, fault: Fault, times: int = 1) -> None:
        """Let a fault happen at its next opportunities."""
        with self._lock:
            self._next[fault] += times

    def take(self, fault: Fault) -> bool:
        """Return whether the fault happens at this opportunity."""
        with self._lock:
            if self._next[fault]:
                self._next[fault] -= 1
                return True
            share = self._shares[fault]
            return share > 0 and self._chance[fault].random() < share
