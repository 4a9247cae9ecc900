"""The `cvent-enrich` plugin: what the webhook leaves out, fetched a batch at a time."""

from __future__ import annotations

import threading
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from regbridge import (
    Event,
    Finding,
    Kind,
    Plugin,
    PluginContext,
    Registration,
    RegistrationError,
    RejectedError,
    RetryableError,
    Target,
    hookimpl,
)
from regbridge_cvent.catalogue import Catalogue
from regbridge_cvent.check import check_account
from regbridge_cvent.client import CventClient
from regbridge_cvent.filters import equals
from regbridge_cvent.lookup import look_up_each
from regbridge_cvent.now import Now
from regbridge_cvent.patches import Facts, id_of, make_patch
from regbridge_cvent.plan import BATCH, Plan, pays_to_page
from regbridge_cvent.questions import Names
from regbridge_cvent.scopes import scopes_of
from regbridge_cvent.settings import CventSettings, Part
from regbridge_cvent.snapshot import Snapshot, take_snapshot

NOT_SHOWN = 20.0
"""Seconds before Cvent is asked again for a registration that it does not show yet."""

NO_NAMES = Names(None, ())

_KEEP_SNAPSHOT = 900.0

Entry = Mapping[str, Any] | RegistrationError | None


class CventEnrich(Plugin):
    """Adds answers, contact, guests, orders, sessions and the event from Cvent's REST API.

    The patch is described in docs/reference/enrichment.md. Attendees are asked for by filters, or,
    when a sync covers most of an event, by paging the event once: whichever takes fewer calls. A
    registration that Cvent does not show yet is tried again by itself.
    """

    settings: CventSettings
    settings_model = CventSettings
    batch_size = BATCH

    def __init__(
        self, settings: CventSettings, context: PluginContext, now: Now | None = None
    ) -> None:
        super().__init__(settings, context)
        self._client = CventClient(
            settings.account,
            scopes_of(settings.include),
            context.limiters.limiter(settings.account.key),
            now,
            settings.page_size,
        )
        self._catalogue = Catalogue(self._client, settings.cache_seconds)
        self._plan = Plan.of(settings)
        self._snapshot: Snapshot | None = None
        self._declined: dict[str, float] = {}
        self._lock = threading.Lock()

    @hookimpl
    def enrich_registrations(self, registrations: Sequence[Registration]) -> Sequence[Entry]:
        """Return the patch of each registration; None for what is about no attendee."""
        entries: dict[int, Entry] = {}
        groups: dict[str, dict[str, list[int]]] = defaultdict(lambda: defaultdict(list))
        for place, registration in enumerate(registrations):
            if registration.kind is not Kind.REGISTRATION or not registration.invitee_stub:
                continue
            try:
                equals("id", registration.invitee_stub)
                equals("event.id", registration.event_stub)
            except RejectedError as error:
                entries[place] = error
                continue
            attendee = registration.invitee_stub.lower()
            groups[registration.event_stub.lower()][attendee].append(place)
        for event, places in groups.items():
            members = [registrations[place] for each in places.values() for place in each]
            facts = self._facts(event, members)
            names = self._names(event, members[0].event) if facts else NO_NAMES
            for attendee, where in places.items():
                entry = self._entry(registrations[where[0]], facts.get(attendee), names)
                entries |= dict.fromkeys(where, entry)
        return [entries.get(place) for place in range(len(registrations))]

    @hookimpl
    def check_connection(self, target: Target) -> Sequence[Finding] | None:
        """Try credentials, scopes, events and questions; once for the whole client."""
        if target.name != next(iter(self.context.client.targets), ""):
            return None
        return check_account(self._client, self._catalogue, self.settings, self.context)

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def _entry(
        self, registration: Registration, facts: Facts | RejectedError | None, names: Names
    ) -> Entry:
        if facts is None:
            return RetryableError(
                "Cvent does not show this registration yet, or no more", retry_after=NOT_SHOWN
            )
        if isinstance(facts, RejectedError):
            return facts
        facts = self._completed(facts, registration.event_stub)
        return make_patch(facts, self.settings.include, names, registration.event)

    def _names(self, event_id: str, event: Event | None) -> Names:
        if {Part.ANSWERS, Part.GUESTS} & set(self.settings.include):
            return self._catalogue.names(event_id, event)
        return NO_NAMES

    def _completed(self, facts: Facts, event: str) -> Facts:
        """Add what holds for the whole event."""
        if Part.EVENT in self.settings.include:
            facts = replace(facts, event=self._catalogue.event(event))
        if Part.SESSIONS in self.settings.include:
            known = self._catalogue.sessions(event)
            sessions = [
                known.get(id_of(row.get("session")), {}) | {"enrolment": row.get("status")}
                for row in facts.sessions
                if row.get("deleted") is not True
            ]
            facts = replace(facts, sessions=sessions)
        return facts

    def _facts(
        self, event: str, members: Sequence[Registration]
    ) -> dict[str, Facts | RejectedError]:
        snapshot = self._snapshot_for(event, members)
        found: dict[str, Facts | RejectedError] = {}
        missing: list[str] = []
        for registration in members:
            attendee = registration.invitee_stub.lower()
            if snapshot and snapshot.serves(attendee, registration.received_at):
                found[attendee] = snapshot.facts(attendee)
            elif attendee not in missing:
                missing.append(attendee)
        if missing:
            found |= look_up_each(self._client, self.settings, self._plan, event, missing)
        return found

    def _snapshot_for(self, event: str, members: Sequence[Registration]) -> Snapshot | None:
        """Return what paging the event brought, if that pays for this sync."""
        with self._lock:
            self._forget_old()
            kept = self._snapshot if self._snapshot and self._snapshot.event == event else None
            size = max((each.message_size for each in _unserved(kept, members)), default=0)
            if not self._pays(event, size):
                return kept
            self._snapshot = None  # before the next one is taken: two at a time are large
            fresh = take_snapshot(self._client, self.settings, self._plan, event, size)
            if fresh is None:
                self._declined[event] = self._client.now.seconds() + _KEEP_SNAPSHOT
            self._snapshot = fresh
            return fresh

    def _pays(self, event: str, size: int) -> bool:
        if Part.PARENT in self.settings.include or event in self._declined:
            return False
        include, page_size = self.settings.include, self.settings.page_size
        return pays_to_page(self._plan, size, None, include, page_size)

    def _forget_old(self) -> None:
        now = self._client.now.seconds()
        self._declined = {event: until for event, until in self._declined.items() if until > now}
        if self._snapshot and now - self._snapshot.begun_at.timestamp() > _KEEP_SNAPSHOT:
            self._snapshot = None


def _unserved(kept: Snapshot | None, members: Sequence[Registration]) -> Iterator[Registration]:
    """Yield the registrations that arrived after the snapshot was begun."""
    for registration in members:
        at = registration.received_at
        if kept is None or at is None or at >= kept.begun_at:
            yield registration
