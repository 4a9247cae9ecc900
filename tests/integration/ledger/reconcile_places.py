"""What test_ledger_reconcile.py compares: an account at Cvent, and a target that can be read."""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

import pytest
from sqlalchemy import select
from tests.integration.ledger.conftest import Clock, Ledger, Recorder

from regbridge import (
    Attendee,
    AttendeePage,
    Delivered,
    DeliveredPage,
    Drop,
    Event,
    Outcome,
    Plugin,
    Record,
    Registration,
    RejectedError,
    Target,
    hookimpl,
)
from regbridge.models import Reconcile
from regbridge.reconcile.report import plain_differences
from regbridge.store.clock import from_ms
from regbridge.store.proof_tables import passes
from regbridge.testing.payloads import EVENT as EVENT_STUB
from regbridge.testing.payloads import live, registrant

EVENT = Event("conference", EVENT_STUB.lower())
RULES = Reconcile(every_minutes=60, grace_minutes=5, overlap_minutes=10)
REPORT = replace(RULES, fix=False)

on_sqlite = pytest.mark.parametrize("bare_ledger", ["SQLite"], indirect=True)
"""Marks a test of a rule that is no database's matter, and runs long enough in one."""


class Account(Plugin):
    """Whom Cvent has: attendees by their number. Pages hold two; `script` is what calls raise.

    `meanwhile` happens once, while Cvent answers. Other events than `EVENT` have nobody.
    """

    def __init__(self, clock: Clock, page_size: int = 2) -> None:
        self.clock = clock
        self.page_size = page_size
        self.people: dict[int, Attendee] = {}
        self.calls: list[tuple[datetime | None, str]] = []
        self.script: deque[BaseException | None] = deque()
        self.meanwhile: Callable[[], None] | None = None

    def put(
        self, number: int, company: str = "", status: str = "Accepted", **changes: Any
    ) -> Mapping[str, Any]:
        """Register or change somebody now; return the record that a webhook would have."""
        fields = registrant(number, company=company, inviteeStatus=status)
        fields["isGuest"] = changes.get("is_guest", False)
        self.people[number] = Attendee(
            invitee_stub=fields["inviteeStub"].lower(),
            contact_stub=fields["contactStub"].lower(),
            status=status,
            modified_at=from_ms(self.clock.now),
            fields=fields,
            **changes,
        )
        return fields

    def remove_guest(self, number: int) -> None:
        """Delete a guest: Cvent keeps them, and marks them as deleted."""
        gone = replace(self.people[number], is_deleted=True, modified_at=from_ms(self.clock.now))
        fields = {**gone.fields, "inviteeStatus": "Cancelled"}
        self.people[number] = replace(gone, fields=fields)

    @hookimpl
    def list_attendees(self, event: Event, since: datetime | None, page: str) -> AttendeePage:
        if event != EVENT:
            return AttendeePage([])
        self.calls.append((since, page))
        if self.meanwhile:
            happens, self.meanwhile = self.meanwhile, None
            happens()
        fault = self.script.popleft() if self.script else None
        if fault is not None:
            raise fault
        found = [
            one
            for one in self.people.values()
            if since is None or (one.modified_at and one.modified_at > since)
        ]
        start = int(page or 0)
        if start > len(found):
            raise RejectedError("no such page")
        end = start + self.page_size
        more = str(end) if end < len(found) else ""
        return AttendeePage(found[start:end], more, total=len(found))


class Companies(Plugin):
    """Maps invitee, company and status; drops the company FILTERED."""

    def __init__(self) -> None:
        pass

    @hookimpl
    def filter_registration(self, registration: Registration) -> Drop | None:
        return Drop("not wanted") if registration.fields.get("company") == "FILTERED" else None

    @hookimpl
    def map_registration(self, registration: Registration, target: Target) -> Record:
        fields = registration.fields
        if fields.get("company") == "REFUSE":
            raise RejectedError("the company is not allowed", field="company")
        return Record(
            {
                "invitee": registration.invitee_stub,
                "company": fields.get("company", ""),
                "status": fields.get("inviteeStatus", ""),
            }
        )


class Table(Recorder):
    """A target that holds one row for each invitee, and can be read two rows at a time.

    `meanwhile` happens once, after the first page was read. `compared` is told each record that is
    compared with a row.
    """

    def __init__(self, *, reads_back: bool = True) -> None:
        super().__init__()
        self.rows: dict[str, dict[str, Any]] = {}
        self.reads_back = reads_back
        self.listing_fails: BaseException | None = None
        self.meanwhile: Callable[[], None] | None = None
        self.compared: Callable[[Record], None] = lambda _: None
        self.key = "invitee"
        self.answer = self._take

    def _take(self, record: Record) -> Outcome:
        key = record.fields[self.key]
        known = key in self.rows
        self.rows[key] = dict(record.fields)
        return Outcome.updated(key) if known else Outcome.created(key)

    @hookimpl
    def list_delivered(self, target: Target, page: str) -> DeliveredPage:
        if self.listing_fails is not None:
            raise self.listing_fails
        start = int(page or 0)
        found = [Delivered(key, row) for key, row in list(self.rows.items())[start : start + 2]]
        if self.meanwhile:
            happens, self.meanwhile = self.meanwhile, None
            happens()
        more = str(start + 2) if start + 2 < len(self.rows) else ""
        return DeliveredPage(found, more)

    def as_delivered(self, record: Record) -> Delivered:
        self.compared(record)
        return Delivered(record.fields[self.key], record.fields)


class Places:
    """Cvent, a ledger and a target, with a pass whenever a test says so."""

    def __init__(
        self, ledger: Ledger, rules: Reconcile = RULES, *, reads_back: bool = True
    ) -> None:
        self.ledger = ledger
        self.account = Account(ledger.clock)
        self.table = Table(reads_back=reads_back)
        self.configure(rules)

    def configure(self, rules: Reconcile, *others: Event) -> None:
        """Give the client other rules, and perhaps other events beside `EVENT`."""
        self.ledger.add_client(
            self.account,
            Companies(),
            targets={"crm": self.table},
            events={event.name: event for event in (EVENT, *others)},
            reconcile=rules,
        )

    def tell(self, record: Mapping[str, Any], event_type: str = "InviteeOrGuestModified") -> None:
        """Receive Cvent's webhook about a record."""
        self.ledger.receive(self.message(record, event_type))

    def message(
        self, record: Mapping[str, Any], event_type: str = "InviteeOrGuestModified"
    ) -> Mapping[str, Any]:
        """Return the message that Cvent makes now about a record."""
        now = from_ms(self.ledger.clock.now)
        time = f"{now:%Y-%m-%dT%H:%M:%S}.{now.microsecond // 1000:03}Z"
        return live(event_type, dict(record), time=time)

    def wait(self, minutes: float = 61) -> None:
        """Let time pass until the next pass is due, and do all that is due then."""
        self.ledger.advance(minutes * 60)
        self.run()

    def run(self, seconds: int = 4) -> None:
        """Do what is due, and what comes due within some minutes."""
        for _ in range(seconds):
            self.reconcile_now()
            self.ledger.run()
            self.ledger.advance(1)
        self.ledger.run()

    def reconcile_now(self) -> None:
        """Let the worker look whether a pass is due."""
        for lane in self.ledger.worker._lanes:
            if lane.step == "reconcile":
                lane.run.__self__._look_at = 0.0  # type: ignore[attr-defined]

    def companies(self) -> list[str]:
        """What the target holds."""
        return sorted(row["company"] for row in self.table.rows.values())


def found(places: Places) -> list[tuple[str, str, bool]]:
    """Return what stands: the kind, the name, and whether it was sent."""
    rows = places.ledger.store.read(lambda c: plain_differences(c, "apap", EVENT.id))
    return [(row["kind"], row["name"], row["sent_at"] is not None) for row in rows]


def finished(places: Places) -> Sequence[Any]:
    """Return the passes that came to their end, in order."""
    rows = select(passes).where(passes.c.finished_at.is_not(None)).order_by(passes.c.id)
    return places.ledger.store.read(lambda c: c.execute(rows).all())


def account(places: Places) -> dict[str, Any]:
    """Return the account of the last pass."""
    return dict(json.loads(finished(places)[-1].account))
