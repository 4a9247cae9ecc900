"""When an event is paged for a sync, and how long what that brought is kept for its batches."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime

from regbridge import Registration
from regbridge_cvent.client import CventClient
from regbridge_cvent.plan import Plan, pays_to_page
from regbridge_cvent.settings import CventSettings, Part
from regbridge_cvent.snapshot import Snapshot, take_snapshot

_KEEP = 900.0
"""Seconds without use after which a snapshot goes, and in which a refused event stays refused."""

_MOST = 2
"""So many events are held at a time."""

_FEW = 20
"""Fewer registrations than this are what is left of a sync, and not worth its event again."""

_MESSAGES = 1_000
"""So many messages are remembered as having had their turn."""

Message = tuple[str, str, datetime | None]
"""One event's part of a message: the event, the message's stub, when it was received."""


class Snapshots:
    """Snapshots of the events under sync, by event. Safe to share between threads.

    An event is paged once at most for each message: what its snapshot cannot serve, such as
    registrations that Cvent shows late, is looked up by filters.
    """

    def __init__(self, client: CventClient, settings: CventSettings, plan: Plan) -> None:
        self._client = client
        self._settings = settings
        self._plan = plan
        self._kept: OrderedDict[str, tuple[Snapshot, float]] = OrderedDict()
        self._declined: dict[str, float] = {}
        self._had_its_turn: OrderedDict[Message, None] = OrderedDict()
        self._lock = threading.Lock()
        self._paging = threading.Lock()

    def find(self, event: str, members: Sequence[Registration]) -> Snapshot | None:
        """Return what paging brings, if that pays for these registrations of one event.

        Only who waits for a sync waits while an event is paged. Raises what the client raises.
        """
        key = event.lower()
        kept = self._find_kept(key)
        if not self._sync_to_page(key, kept, members):
            return kept
        with self._paging:
            kept = self._find_kept(key)  # another thread may have taken it meanwhile
            sync = self._sync_to_page(key, kept, members)
            return self._take(event, sync) if sync else kept

    def _take(self, event: str, sync: Mapping[Message, int]) -> Snapshot | None:
        size = sum(sync.values())
        fresh = take_snapshot(self._client, self._settings, self._plan, event, size)
        now = self._client.now.seconds()
        with self._lock:
            self._had_its_turn.update(dict.fromkeys(sync))
            while len(self._had_its_turn) > _MESSAGES:
                self._had_its_turn.popitem(last=False)
            if fresh is None:
                self._declined[event.lower()] = now + _KEEP
                return None
            self._kept[event.lower()] = (fresh, now)
            self._kept.move_to_end(event.lower())
            if len(self._kept) > _MOST:
                self._kept.popitem(last=False)
            return fresh

    def _find_kept(self, key: str) -> Snapshot | None:
        now = self._client.now.seconds()
        with self._lock:
            for old in [e for e, (_, used_at) in self._kept.items() if now - used_at > _KEEP]:
                del self._kept[old]
            if key not in self._kept:
                return None
            snapshot, _ = self._kept[key]
            self._kept[key] = (snapshot, now)
            self._kept.move_to_end(key)
            return snapshot

    def _sync_to_page(
        self, key: str, kept: Snapshot | None, members: Sequence[Registration]
    ) -> Mapping[Message, int]:
        """Return the messages, with their sizes, for which the event is to be paged now."""
        if Part.PARENT in self._settings.include:  # contacts have to be asked for anyway
            return {}
        waiting = list(_unserved(kept, members))
        with self._lock:
            if self._declined.get(key, 0.0) > self._client.now.seconds():
                return {}
            sizes = {(key, m.message_stub, m.received_at): m.message_size for m in waiting}
            sync = {each: size for each, size in sizes.items() if each not in self._had_its_turn}
        size = sum(sync.values())
        parts, page_size = self._settings.include, self._settings.page_size
        if len(waiting) < _FEW or not pays_to_page(self._plan, size, None, parts, page_size):
            return {}
        return sync


def _unserved(kept: Snapshot | None, members: Sequence[Registration]) -> Iterator[Registration]:
    """Yield the registrations that arrived after the snapshot was begun."""
    for registration in members:
        at = registration.received_at
        if kept is None or at is None or at >= kept.begun_at:
            yield registration
