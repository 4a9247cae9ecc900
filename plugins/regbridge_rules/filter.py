"""The bundled filters: which registrations a client does not want."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Any

from pydantic import Field

from regbridge import (
    ConfigError,
    Drop,
    Finding,
    Kind,
    Level,
    Plugin,
    PluginContext,
    Registration,
    Settings,
    did_you_mean,
    hookimpl,
)


class SkipGuests(Plugin):
    """Drops guests, and keeps primary registrants."""

    @hookimpl
    def filter_registration(self, registration: Registration) -> Drop | None:
        """Drop a record that Cvent marks with `isGuest`."""
        if not registration.is_guest:
            return None
        return Drop("a guest; this client takes primary registrants only")


class RegistrationsOnly(Plugin):
    """Drops every message that is not about a registration."""

    @hookimpl
    def filter_registration(self, registration: Registration) -> Drop | None:
        """Drop every other kind, and name it."""
        if registration.kind is Kind.REGISTRATION:
            return None
        what = _KIND_WORDS.get(registration.kind, f"a message about {registration.kind}")
        return Drop(f"{what} ({registration.event_type}); this client takes registrations only")


_KIND_WORDS = {
    Kind.ABANDONED: "an abandoned registration",
    Kind.ATTENDANCE: "a session attendance",
    Kind.ORDER: "an order",
    Kind.EMAIL: "an e-mail message",
    Kind.CONTACT: "a contact message",
    Kind.SESSION: "a session message",
    Kind.EVENT: "an event message",
    Kind.SPEAKER: "a speaker message",
    Kind.MEETING_REQUEST: "a meeting request",
    Kind.UNKNOWN: "a message of an unknown type",
}


class OnlyEventsSettings(Settings):
    """`events`: names from the client's `events:` block; all of them when left out."""

    events: Annotated[
        Annotated[tuple[str, ...], Field(min_length=1)] | None,
        Field(description="The events that go on; all that the client names when left out."),
    ] = None


class OnlyEvents(Plugin):
    """Drops registrations of events that are not named.

    A record that is about no event, such as a contact message, is kept.
    """

    settings: OnlyEventsSettings
    settings_model = OnlyEventsSettings

    def __init__(self, settings: OnlyEventsSettings, context: PluginContext) -> None:
        super().__init__(settings, context)
        known = context.client.events
        self._events = frozenset(known if settings.events is None else settings.events)
        findings = [
            _unknown_event((*context.path, "settings", "events", index), name, known)
            for index, name in enumerate(settings.events or ())
            if name not in known
        ]
        if not self._events:
            findings.append(_no_events(context))
        if findings:
            raise ConfigError(findings)

    @hookimpl
    def filter_registration(self, registration: Registration) -> Drop | None:
        """Drop a registration of another event, and show the event's id."""
        if not registration.event_stub:
            return None
        if registration.event is None:
            return Drop(f"event {registration.event_stub} is not in this client's configuration")
        if registration.event.name in self._events:
            return None
        return Drop(
            f"event {registration.event.name} ({registration.event_stub}) is not one of the "
            "events that this client takes"
        )


def _unknown_event(path: tuple[str | int, ...], name: str, known: Iterable[str]) -> Finding:
    remedy = did_you_mean(name, known) or "name the event in the client's events: block"
    return Finding(Level.ERROR, f"no event {name!r}", remedy=remedy, path=path)


def _no_events(context: PluginContext) -> Finding:
    return Finding(
        Level.ERROR,
        f"{context.name} would drop everything, because the client names no event",
        remedy="name the events in the client's events: block",
        path=context.path,
    )


class SkipTestRecordsSettings(Settings):
    """Whose registrations are tests, whatever the case of their letters.

    `emails` are whole addresses, `domains` what follows the @, `names` first and last name with
    one space between.
    """

    emails: Annotated[
        tuple[Annotated[str, Field(pattern=r"^[^@\s]+@[^@\s]+$")], ...],
        Field(description="Drops registrations with these addresses."),
    ] = ()
    domains: Annotated[
        tuple[Annotated[str, Field(pattern=r"^[^@\s]+$")], ...],
        Field(description="Drops registrations with addresses at these domains."),
    ] = ()
    names: Annotated[
        tuple[Annotated[str, Field(min_length=1)], ...],
        Field(description="Drops registrations of these people, first and last name."),
    ] = ()


class SkipTestRecords(Plugin):
    """Drops test registrations: those of the given people, and those that Cvent marks as tests.

    Cvent's mark, `testRecord`, is not in the webhook. An enrichment brings it, and therefore such
    a record is dropped when it is mapped.
    """

    settings: SkipTestRecordsSettings
    settings_model = SkipTestRecordsSettings

    def __init__(self, settings: SkipTestRecordsSettings, context: PluginContext) -> None:
        super().__init__(settings, context)
        self._emails = _plain_all(settings.emails)
        self._domains = _plain_all(settings.domains)
        self._names = _plain_all(settings.names)

    @hookimpl
    def filter_registration(self, registration: Registration) -> Drop | None:
        """Drop a registration whose e-mail, domain or name is configured as a test."""
        fields = registration.fields
        email = _plain(fields.get("email"))
        if email in self._emails:
            return Drop("a test record: its e-mail address is one of the test addresses")
        _, at, domain = email.rpartition("@")
        if at and domain in self._domains:
            return Drop(f"a test record: e-mail addresses at {domain} are for tests")
        name = f"{_plain(fields.get('firstName'))} {_plain(fields.get('lastName'))}".strip()
        if name in self._names:
            return Drop("a test record: its name is one of the test names")
        return None

    @hookimpl
    def map_registration(self, registration: Registration) -> Drop | None:
        """Drop a registration that an enrichment found to be marked `testRecord`."""
        if any(patch.get("testRecord") is True for patch in registration.enriched.values()):
            return Drop("a test record: Cvent marks it as a test registration")
        return None


def _plain_all(texts: Iterable[str]) -> frozenset[str]:
    return frozenset(_plain(text) for text in texts)


def _plain(value: Any) -> str:
    """Return text without the differences that do not matter: case and spaces."""
    return " ".join(value.split()).casefold() if isinstance(value, str) else ""
