"""What an account knows about events, questions and sessions, kept for a while."""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

from regbridge import Event, RejectedError
from regbridge_cvent.client import CventClient
from regbridge_cvent.filters import equals
from regbridge_cvent.patches import id_of
from regbridge_cvent.questions import CventQuestion, Names, read_question

Found = TypeVar("Found")


@dataclass(slots=True)
class _Kept:
    """What was read, until when it holds, and what was looked for in it in vain."""

    found: Any
    until: float
    absent: set[str] = field(default_factory=set)

    def lacks(self, needed: Collection[str]) -> set[str]:
        """Return what is needed, not there, and was not looked for yet."""
        return set(needed).difference(self.found, self.absent)


class Catalogue:
    """Reads through to Cvent; everything is asked again after `seconds`.

    An id that what was read does not hold may be new: then it is asked again at once, but only once
    for each such id. Several threads may ask at once: one of them reads, the others wait for it.
    """

    def __init__(self, client: CventClient, seconds: float) -> None:
        self._client = client
        self._seconds = seconds
        self._kept: dict[tuple[str, str], _Kept] = {}
        self._lock = threading.Lock()

    def event(self, event: str) -> dict[str, Any]:
        """Return an event; raises `NotFoundError` when Cvent has none with this id."""
        return self._keep("event", event, lambda: _object(self._client.get("/events/{}", event)))

    def questions(self, event: str, needed: Collection[str] = ()) -> Mapping[str, CventQuestion]:
        """Return the registration questions of an event by id, those with ids `needed` if any."""
        where = equals("event.id", event)

        def read() -> dict[str, CventQuestion]:
            rows = self._client.rows("GET", "/event-questions", where=where)
            return {question.id: question for question in map(read_question, rows)}

        return self._keep("questions", event, read, needed)

    def names(self, event_id: str, event: Event | None, needed: Collection[str] = ()) -> Names:
        """Return the names of an event's questions."""
        return Names(event, list(self.questions(event_id, needed).values()))

    def sessions(self, event: str, needed: Collection[str] = ()) -> Mapping[str, Mapping[str, Any]]:
        """Return the sessions of an event by id, those with ids `needed` if there are."""
        where = equals("event.id", event)

        def read() -> dict[str, dict[str, Any]]:
            return {id_of(row): row for row in self._client.rows("GET", "/sessions", where=where)}

        return self._keep("sessions", event, read, needed)

    def _keep(
        self, kind: str, event: str, read: Callable[[], Found], needed: Collection[str] = ()
    ) -> Found:
        key = (kind, event.lower())
        with self._lock:
            kept = self._kept.get(key)
            now = self._client.now.seconds()
            if kept is None or now >= kept.until:
                kept = _Kept(read(), now + self._seconds)
            elif kept.lacks(needed):
                kept = _Kept(read(), kept.until, kept.absent)
            kept.absent |= kept.lacks(needed)
            self._kept[key] = kept
            found: Found = kept.found
            return found


def _object(value: Any) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise RejectedError("Cvent's answer about the event is no JSON object")
    return value
