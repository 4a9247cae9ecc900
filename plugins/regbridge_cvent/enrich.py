"""The `cvent-enrich` plugin: what the webhook leaves out, fetched a batch at a time."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from regbridge import (
    AttendeePage,
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
from regbridge_cvent.attendees import list_page
from regbridge_cvent.catalogue import Catalogue
from regbridge_cvent.check import check_account
from regbridge_cvent.client import CventClient
from regbridge_cvent.filters import equals
from regbridge_cvent.listed import listed_rows
from regbridge_cvent.lookup import look_up_each
from regbridge_cvent.now import Now
from regbridge_cvent.patches import About, Facts, attendee_id, id_of, make_patch
from regbridge_cvent.plan import BATCH, Plan
from regbridge_cvent.questions import Names, answered
from regbridge_cvent.scopes import scopes_of
from regbridge_cvent.settings import CventSettings, Part
from regbridge_cvent.snapshots import Snapshots

NOT_SHOWN = 20.0
"""Seconds before Cvent is asked again for a registration that it does not show yet."""

NO_NAMES = Names(None, ())

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
        self._snapshots = Snapshots(self._client, settings, self._plan)

    @hookimpl
    def enrich_registrations(self, registrations: Sequence[Registration]) -> Sequence[Entry]:
        """Return the patch of each registration; None for what is about no attendee."""
        entries: dict[int, Entry] = {}
        events: dict[str, list[int]] = defaultdict(list)
        for place, registration in enumerate(registrations):
            if registration.kind is not Kind.REGISTRATION or not registration.invitee_stub:
                continue
            try:
                equals("id", registration.invitee_stub)
                equals("event.id", registration.event_stub)
            except RejectedError as error:
                entries[place] = error
                continue
            events[registration.event_stub.lower()].append(place)
        for places in events.values():
            found = self._of_event([registrations[place] for place in places])
            entries |= {place: found[attendee_id(registrations[place])] for place in places}
        return [entries.get(place) for place in range(len(registrations))]

    @hookimpl
    def list_attendees(self, event: Event, since: datetime | None, page: str) -> AttendeePage:
        """Return a page of an event's attendees; enrichment needs no more of most of them."""
        return list_page(self._client, event, since, page)

    @hookimpl
    def check_connection(self, target: Target) -> Sequence[Finding] | None:
        """Try credentials, scopes, events and questions; once for the whole client."""
        if target.name != next(iter(self.context.client.targets), ""):
            return None
        return check_account(self._client, self._catalogue, self.settings, self.context)

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def _of_event(self, members: Sequence[Registration]) -> dict[str, Entry]:
        """Return the entries of registrations of one event, by attendee.

        What Cvent refuses about the event is no fault of the batch's other events.
        """
        event_id, event = members[0].event_stub, members[0].event
        try:
            facts = self._facts(event_id, members)
            shown = [each for each in facts.values() if isinstance(each, Facts)]
            names = self._names(event_id, event, shown)
            about = self._about(event_id, shown)
        except RejectedError as error:
            return dict.fromkeys(map(attendee_id, members), error)
        entries: dict[str, Entry] = {}
        for attendee in map(attendee_id, members):
            found = facts.get(attendee, _not_shown())
            if isinstance(found, Facts):
                found = about.added_to(found)
                entries[attendee] = make_patch(found, self.settings.include, names, event)
            else:
                entries[attendee] = found
        return entries

    def _names(self, event_id: str, event: Event | None, shown: Sequence[Facts]) -> Names:
        if not {Part.ANSWERS, Part.GUESTS} & set(self.settings.include):
            return NO_NAMES
        needed = {
            question
            for facts in shown
            for attendee in (facts.attendee, *facts.guests)
            for question in answered(attendee)
        }
        return self._catalogue.names(event_id, event, needed)

    def _about(self, event_id: str, shown: Sequence[Facts]) -> About:
        """Return what holds for the whole event."""
        about = About()
        if not shown:
            return about
        if Part.EVENT in self.settings.include:
            about = replace(about, event=self._catalogue.event(event_id))
        if Part.SESSIONS in self.settings.include:
            needed = {id_of(row.get("session")) for facts in shown for row in facts.sessions}
            about = replace(about, sessions=self._catalogue.sessions(event_id, needed))
        return about

    def _facts(
        self, event: str, members: Sequence[Registration]
    ) -> dict[str, Facts | RejectedError]:
        listed = listed_rows(members, self.settings.include)
        found: dict[str, Facts | RejectedError] = {id_: Facts(row) for id_, row in listed.items()}
        others = [each for each in members if attendee_id(each) not in listed]
        return found | self._looked_up(event, others) if others else found

    def _looked_up(
        self, event: str, members: Sequence[Registration]
    ) -> dict[str, Facts | RejectedError]:
        snapshot = self._snapshots.find(event, members)
        found: dict[str, Facts | RejectedError] = {}
        missing: dict[str, str] = {}
        for registration in members:
            attendee = attendee_id(registration)
            if snapshot and snapshot.serves(attendee, registration.received_at):
                found[attendee] = snapshot.facts(attendee)
            else:
                missing[attendee] = registration.invitee_stub
        if missing:
            ids = list(missing.values())
            found |= look_up_each(self._client, self.settings, self._plan, event, ids)
        return found


def _not_shown() -> RetryableError:
    text = "Cvent does not show this registration yet, or no more"
    return RetryableError(text, retry_after=NOT_SHOWN)
