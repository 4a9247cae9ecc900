"""What an account knows about events, questions and sessions, kept for a while."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from regbridge import Event, RejectedError
from regbridge_cvent.client import CventClient
from regbridge_cvent.filters import equals
from regbridge_cvent.patches import id_of
from regbridge_cvent.questions import CventQuestion, Names, read_question

Found = TypeVar("Found")


class Catalogue:
    """Reads through to Cvent; everything is asked again after `seconds`."""

    def __init__(self, client: CventClient, seconds: float) -> None:
        self._client = client
        self._seconds = seconds
        self._kept: dict[tuple[str, str], tuple[float, Any]] = {}
        self._lock = threading.Lock()

    def event(self, event: str) -> dict[str, Any]:
        """Return an event; raises `NotFoundError` when Cvent has none with this id."""
        return self._keep("event", event, lambda: _object(self._client.get("/events/{}", event)))

    def questions(self, event: str) -> Sequence[CventQuestion]:
        """Return the registration questions of an event."""
        where = equals("event.id", event)

        def read() -> list[CventQuestion]:
            return [
                read_question(r) for r in self._client.rows("GET", "/event-questions", where=where)
            ]

        return self._keep("questions", event, read)

    def names(self, event_id: str, event: Event | None) -> Names:
        """Return the names of an event's questions."""
        return Names(event, self.questions(event_id))

    def sessions(self, event: str) -> dict[str, dict[str, Any]]:
        """Return the sessions of an event by id."""
        where = equals("event.id", event)
        return self._keep(
            "sessions",
            event,
            lambda: {id_of(r): r for r in self._client.rows("GET", "/sessions", where=where)},
        )

    def _keep(self, kind: str, event: str, read: Callable[[], Found]) -> Found:
        with self._lock:
            until, found = self._kept.get((kind, event), (0.0, None))
            if self._client.now.seconds() < until:
                kept: Found = found
                return kept
        fresh = read()
        with self._lock:
            self._kept[kind, event] = (self._client.now.seconds() + self._seconds, fresh)
        return fresh


def _object(value: Any) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise RejectedError("Cvent's answer about the event is no JSON object")
    return value
