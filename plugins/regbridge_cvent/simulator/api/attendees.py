"""The operations on attendees."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from regbridge_cvent.simulator.account.table import Table
from regbridge_cvent.simulator.api.listing import Listing, Service
from regbridge_cvent.simulator.api.operation import WINDOW, Asked, Operation
from regbridge_cvent.simulator.filters.conditions import Condition, Record, is_not_marked
from regbridge_cvent.simulator.filters.fields import ATTENDEES, ATTENDEES_LESS_DELETED_GUESTS
from regbridge_cvent.simulator.filters.rules import Rules

_SCOPES = ("event/attendees:read",)
_PARAMETERS = WINDOW | {"expand", "sort", "includeDeletedGuests"}
_SORTABLE = (
    "contact.firstName",
    "contact.lastName",
    "contact.title",
    "contact.company",
    "registeredAt",
    "checkIn",
)


def attendee_operations(service: Service) -> Iterator[Operation]:
    """Yield the operations on attendees (reference/cvent-rest-api.md, section 7)."""
    attendees = service.world.tables.attendees
    expanded = _Expanded(service)
    listing = Listing(service, attendees, rules=_rules, fixed=_fixed, view=expanded)
    yield Operation(
        "listAttendees",
        "GET",
        "/attendees",
        listing,
        _SCOPES,
        _PARAMETERS | {"filter"},
        _SORTABLE,
    )
    yield Operation(
        "listAttendeesPostFilter",
        "POST",
        "/attendees/filter",
        listing,
        _SCOPES,
        _PARAMETERS,
        _SORTABLE,
    )
    yield Operation(
        "getAttendeeById",
        "GET",
        "/attendees/{id}",
        lambda asked: expanded(asked, service.one(attendees, asked.path["id"])),
        _SCOPES,
        frozenset({"expand"}),
    )


def _rules(asked: Asked) -> Rules:
    shows_deleted = "includeDeletedGuests" in asked.query.flags
    return ATTENDEES if shows_deleted else ATTENDEES_LESS_DELETED_GUESTS


def _fixed(asked: Asked) -> tuple[Condition, ...]:
    if "includeDeletedGuests" in asked.query.flags:
        return ()
    return (is_not_marked("deletedGuest"),)


@dataclass(frozen=True, slots=True)
class _Expanded:
    """Shows an attendee with what `expand` names in the place of the references."""

    service: Service

    def __call__(self, asked: Asked, record: Record) -> Record:
        tables = self.service.world.tables
        shown = record
        if "answers.question" in asked.query.expand and "answers" in record:
            answers = [
                {**answer, "question": _whole(tables.questions, answer["question"])}
                for answer in record["answers"]
            ]
            shown = {**shown, "answers": answers}
        if "registrationType" in asked.query.expand and "registrationType" in record:
            kind = _whole(tables.registration_types, record["registrationType"])
            shown = {**shown, "registrationType": kind}
        return shown


def _whole(table: Table, reference: Mapping[str, Any]) -> Record:
    """Return what a reference names, or the reference when there is no such thing."""
    return table[reference["id"]].record if reference["id"] in table else reference
