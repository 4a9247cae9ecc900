"""Makes up the account: its events, and as many registrants of each as are wanted."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any

from regbridge.testing.payloads import EVENT, registrant
from regbridge.testing.people import guid
from regbridge_cvent.simulator.account import events, questions
from regbridge_cvent.simulator.account.forms import audit, new_id, rest_id
from regbridge_cvent.simulator.account.registrants import Registrant, enter
from regbridge_cvent.simulator.account.table import Row, Table
from regbridge_cvent.simulator.account.tables import Tables

GUESTS = 10**9
"""The guest of registrant n is made as registrant `GUESTS + n`, a deleted one with twice that."""

_DELETED_EVERY = 3  # of those who bring a guest, so many have deleted another one before
_TIMES = audit(events.CREATED)


@dataclass(frozen=True, slots=True)
class Population:
    """Who is registered for what.

    `events` are eventStubs as they are given to `regbridge.testing.payloads`, and registrants are
    those with the numbers from 1 to `registrants`: the same people as in its messages. `..._every`
    says that every so many registrants bring a guest, are test records, are contact snapshots; 0
    is none. `items` are in the order of each attendee and of each guest.
    """

    registrants: int = 100
    events: tuple[str, ...] = (EVENT,)
    guests_every: int = 10
    items: int = 2
    tests_every: int = 0
    snapshots_every: int = 0


def populate(tables: Tables, population: Population, appears_at: datetime | None) -> None:
    """Fill the tables; registrants can be read from `appears_at` on."""
    _enter_custom_fields(tables.custom_fields)
    for position, event in enumerate(population.events):
        _enter_event(tables, event, position)
        for number in range(1, population.registrants + 1):
            enter(tables, _registrant(population, event, number, appears_at))
            if _is_one(number, population.guests_every):
                _enter_guests(tables, population, event, number, appears_at)


def _is_one(number: int, every: int) -> bool:
    return every > 0 and number % every == 0


def _registrant(
    population: Population, event: str, number: int, appears_at: datetime | None
) -> Registrant:
    event_id = rest_id(event)
    return Registrant(
        id=rest_id(guid(f"invitee of {event}", number)),
        contact_id=rest_id(guid("contact", number)),
        event_id=event_id,
        make=partial(registrant, number, event),
        type_name=events.type_name(number),
        answers=partial(questions.answers_of, number, event_id),
        test=_is_one(number, population.tests_every),
        snapshot=_is_one(number, population.snapshots_every),
        items=population.items,
        sessions=_sessions(number),
        appears_at=appears_at,
    )


def _sessions(number: int) -> list[tuple[int, str]]:
    """Return the optional sessions that a registrant chose; the boat has a waiting list."""
    chosen = ((1, number % 3 == 0), (2, number % 4 == 1), (3, number % 10 == 4))
    return [
        (session, "Waitlisted" if session == 3 else "Registered")
        for session, is_so in chosen
        if is_so
    ]


def _enter_guests(
    tables: Tables, population: Population, event: str, number: int, appears_at: datetime | None
) -> None:
    primary_id = rest_id(guid(f"invitee of {event}", number))
    has_deleted_one = number // population.guests_every % _DELETED_EVERY == 0
    for times in (1, 2) if has_deleted_one else (1,):
        guest = times * GUESTS + number
        enter(
            tables,
            Registrant(
                id=rest_id(guid(f"invitee of {event}", guest)),
                contact_id=rest_id(guid("contact", guest)),
                event_id=rest_id(event),
                make=partial(registrant, guest, event, guest=True),
                answers=partial(questions.answers_of, guest, rest_id(event)),
                primary_id=primary_id,
                guest=True,
                deleted=times == 2,
                items=population.items,
                appears_at=appears_at,
            ),
        )


def _enter_event(tables: Tables, event: str, position: int) -> None:
    event_id = rest_id(event)
    tables.events.add(Row(event_id, partial(events.event_record, event, position)))
    of_event = {"event.id": event_id}
    _fill(tables.registration_types, events.type_records(event_id), of_event)
    _fill(tables.registration_paths, events.path_records(event_id), of_event)
    _fill(tables.sessions, events.session_records(event_id), of_event)
    asked = questions.question_records(event_id, _TIMES, events.session_ids(event_id))
    _fill(tables.questions, asked, of_event)
    for question in questions.QUESTIONS:
        choices = questions.choice_records(question, event_id)
        _fill(tables.choices, choices, {"question.id": question.id_at(event_id)})


def _enter_custom_fields(table: Table) -> None:
    """Put in the definitions of what `registrant` has in customFields, and the events' one."""
    contact_fields = registrant(1)["customFields"]
    for order, field in enumerate(contact_fields, start=1):
        choices = ("Yes", "No") if field["name"] == "Newsletter" else ()
        _enter_field(table, "Contact", rest_id(field["id"]), field["name"], order, choices)
    departments = ("Education", "Research")
    _enter_field(table, "Event", events.EVENT_FIELD, "Department", 1, departments)


def _enter_field(
    table: Table, category: str, field_id: str, name: str, order: int, choices: Iterable[str]
) -> None:
    record: dict[str, Any] = {
        **_TIMES,
        "id": field_id,
        "category": category,
        "name": name,
        "code": name.upper().replace(" ", "_"),
        "required": False,
        "type": "Choice - Single Answer" if choices else "Open Ended Text - One Line",
        "order": order,
        "active": True,
    }
    if choices:
        record["details"] = {
            "choices": [
                {"id": new_id(f"choice {text} of {field_id}"), "text": text} for text in choices
            ],
            "displayType": "Dropdown",
        }
    table.add(Row(field_id, partial(dict, record), keys={"category": category}))


def _fill(table: Table, records: Iterable[dict[str, Any]], keys: Mapping[str, str]) -> None:
    for record in records:
        table.add(Row(record["id"], partial(dict, record), keys=keys))
