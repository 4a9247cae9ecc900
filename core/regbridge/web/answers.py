"""Counts what one process answered since its start."""

from __future__ import annotations

import threading
from collections import Counter
from dataclasses import dataclass, field
from enum import StrEnum


class Part(StrEnum):
    """The parts of the service that answer."""

    ENDPOINT = "endpoint"
    CONSOLE = "console"
    API = "api"
    HEALTH = "health"
    METRICS = "metrics"
    OTHER = "other"


_PARTS = {part.value: part for part in (Part.CONSOLE, Part.API, Part.HEALTH, Part.METRICS)}
_REFUSED = 401
_UNREADABLE = 400


@dataclass
class Answers:
    """The counts. Safe to share between threads; who reads them takes a copy."""

    http: Counter[tuple[Part, int]] = field(default_factory=Counter)
    accepted: Counter[tuple[str, str]] = field(default_factory=Counter)
    registrations: Counter[tuple[str, str]] = field(default_factory=Counter)
    refused: Counter[tuple[str, str]] = field(default_factory=Counter)
    unreadable: Counter[tuple[str, str]] = field(default_factory=Counter)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def add(
        self, path: str, status: int, client: str | None = None, endpoint: str | None = None
    ) -> None:
        """Count one answer; one of an endpoint has its names."""
        with self._lock:
            if client is None or endpoint is None:
                # A sender may write a path that does not begin with a slash.
                first = path.lstrip("/").partition("/")[0]
                self.http[_PARTS.get(first, Part.OTHER), status] += 1
                return
            self.http[Part.ENDPOINT, status] += 1
            if status == _REFUSED:
                self.refused[client, endpoint] += 1
            elif status == _UNREADABLE:
                self.unreadable[client, endpoint] += 1

    def accept(self, client: str, endpoint: str, registrations: int) -> None:
        """Count a message that was stored."""
        with self._lock:
            self.accepted[client, endpoint] += 1
            self.registrations[client, endpoint] += registrations

    def copy(self) -> Answers:
        """Return the counts of this moment."""
        with self._lock:
            return Answers(
                Counter(self.http),
                Counter(self.accepted),
                Counter(self.registrations),
                Counter(self.refused),
                Counter(self.unreadable),
            )
