"""A service in memory whose plugins keep the contracts of connection, enrichment and listing."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from regbridge import (
    AmbiguousError,
    Attendee,
    AttendeePage,
    Client,
    CredentialsError,
    Event,
    Finding,
    Level,
    Plugin,
    PluginContext,
    QuotaExceededError,
    Registration,
    RegistrationError,
    RejectedError,
    RetryableError,
    Settings,
    Target,
    hookimpl,
    normal_id,
)
from regbridge.testing.contract import (
    USUAL,
    Connection,
    Failure,
    Listing,
    Source,
)
from regbridge.testing.payloads import EVENT, registrant
from regbridge.testing.registrations import registration_of

SECRET = "desk-key-141421"
CONFERENCE = Event("conference", normal_id(EVENT))
NOON = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
STATION = Target("station")


class Desk(Plugin):
    """Asks a desk about people: what they have to pay, who is there, whether it is open."""

    batch_size = 4
    page_size = 3

    def __init__(self) -> None:
        client = Client("contract", events={"conference": CONFERENCE})
        super().__init__(Settings(), PluginContext("desk", client, Path()))
        self.failure: Failure | None = None
        self.people: dict[str, int] = {}
        self.changed: dict[str, datetime] = {}
        self.notes: list[str] = []

    def knock(self) -> None:
        """Raise what the desk's failure means."""
        match self.failure:
            case Failure.UNREACHABLE | Failure.BUSY:
                raise RetryableError("the desk does not answer")
            case Failure.LOST_BEFORE | Failure.LOST_AFTER:
                raise RetryableError("the desk began to answer and stopped")
            case Failure.CREDENTIALS:
                raise CredentialsError("the desk does not know us")
            case Failure.QUOTA:
                raise QuotaExceededError("enough for today", until=NOON)

    @hookimpl
    def enrich_registrations(
        self, registrations: Sequence[Registration]
    ) -> Sequence[Mapping[str, Any] | RegistrationError | None]:
        """Return what each has to pay."""
        self.knock()
        return [self.entry(each) for each in registrations]

    def entry(self, registration: Registration) -> Mapping[str, Any] | RegistrationError | None:
        """Return what one has to pay."""
        number = self.people.get(registration.invitee_stub)
        return RejectedError("nobody knows them") if number is None else self.patch(number)

    def patch(self, number: int) -> Mapping[str, Any]:
        """Return what is known of somebody."""
        return {"number": number, "fee": 10 * number}

    @hookimpl
    def check_connection(self, target: Target) -> Sequence[Finding] | None:
        """Say whether the desk is open."""
        if not self.is_ours(target):
            return None
        try:
            self.knock()
        except (RetryableError, CredentialsError, QuotaExceededError, AmbiguousError) as error:
            return [self.trouble(str(error))]
        return [Finding(Level.OK, "the desk is open")]

    def is_ours(self, target: Target) -> bool:
        """Say whether the target is that of the desk."""
        return target.name == STATION.name

    def trouble(self, text: str) -> Finding:
        """Return what is wrong, and what to do."""
        return Finding(Level.ERROR, text, remedy="go there")

    @hookimpl
    def list_attendees(
        self, event: Event, since: datetime | None, page: str
    ) -> AttendeePage | None:
        """Return some of those who are there."""
        if event.id != CONFERENCE.id:
            return None
        self.knock()
        there = [stub for stub in self.people if since is None or self.time_of(stub) > since]
        start = self.start(page, len(there))
        found = [self.attendee(stub) for stub in there[start : start + self.page_size]]
        return AttendeePage(found, self.after(start, len(there)), self.total(len(there), since))

    def time_of(self, stub: str) -> datetime:
        """Return when something of somebody changed last."""
        return self.changed.get(stub, NOON)

    def start(self, page: str, count: int) -> int:
        """Return where a page begins."""
        if not page:
            return 0
        if not page.startswith("from "):
            raise RejectedError("there is no such page; begin again")
        return int(page.removeprefix("from "))

    def after(self, start: int, count: int) -> str:
        """Return the page that comes next."""
        return f"from {start + self.page_size}" if start + self.page_size < count else ""

    def total(self, count: int, since: datetime | None) -> int | None:
        """Return how many there are."""
        return None if since else count

    def attendee(self, stub: str) -> Attendee:
        """Return one of those who are there."""
        fields = registrant(self.people[stub])
        return Attendee(stub, modified_at=self.time_of(stub), fields=fields)


class _AtDesk:
    """The desk as every contract sees it."""

    secrets: Sequence[str] = (SECRET,)
    failures = USUAL | {Failure.QUOTA}

    def __init__(self, plugin: type[Desk] = Desk) -> None:
        self.plugin = plugin()
        self.plugin.people = {self.registration(n).invitee_stub: n for n in range(1, 50)}

    def registration(self, number: int) -> Registration:
        return registration_of(registrant(number), client=self.plugin.context.client)

    def fail(self, failure: Failure | None) -> None:
        self.plugin.failure = failure


class DeskSource(_AtDesk, Source):
    """The desk that is asked about people."""

    plugin: Desk

    def unknown(self, number: int) -> Registration:
        return registration_of(
            registrant(number + 1000, firstName="Zoë", lastName="O'Brien-Núñez"),
            client=self.plugin.context.client,
        )

    def number_in(self, patch: Mapping[str, Any]) -> int:
        return int(patch["number"])


class DeskConnection(_AtDesk, Connection):
    """The desk that is tried."""

    plugin: Desk
    target = STATION

    def held(self) -> object:
        return list(self.plugin.notes)


class DeskListing(_AtDesk, Listing):
    """The desk that says who is there."""

    plugin: Desk
    event = CONFERENCE
    other_event = Event("elsewhere", "e0000000-0000-4000-8000-000000000001")

    def __init__(self, plugin: type[Desk] = Desk) -> None:
        super().__init__(plugin)
        self.plugin.people = {self.registration(n).invitee_stub: n for n in range(1, 8)}

    def present(self) -> Collection[str]:
        return list(self.plugin.people)

    def change(self) -> tuple[datetime, str]:
        stub = next(iter(self.plugin.people))
        self.plugin.changed[stub] = NOON + timedelta(minutes=5)
        return NOON + timedelta(minutes=1), stub
