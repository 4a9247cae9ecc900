"""The operations on events, and on what planners set up in them."""

from __future__ import annotations

from collections.abc import Iterator

from regbridge_cvent.simulator.api.listing import Listing, Service
from regbridge_cvent.simulator.api.operation import PAGES, WINDOW, Asked, Operation
from regbridge_cvent.simulator.filters.conditions import Condition, equals
from regbridge_cvent.simulator.filters.fields import CHOICES, EVENT_QUESTIONS, EVENTS

_SCOPES = ("event/events:read",)
_SORTABLE = ("start",)


def event_operations(service: Service) -> Iterator[Operation]:
    """Yield the operations on events (reference/cvent-rest-api.md, section 7)."""
    events = service.world.tables.events
    listing = Listing(service, events, rules=lambda _: EVENTS)
    parameters = WINDOW | {"sort"}
    yield Operation(
        "getEvents", "GET", "/events", listing, _SCOPES, parameters | {"filter"}, _SORTABLE
    )
    yield Operation(
        "getEventsPostFilters", "POST", "/events/filter", listing, _SCOPES, parameters, _SORTABLE
    )
    yield Operation(
        "getEventById",
        "GET",
        "/events/{id}",
        lambda asked: service.one(events, asked.path["id"]),
        _SCOPES,
        ignores_query=True,
    )
    yield from _question_operations(service)
    yield from _registration_operations(service)


def event_of(service: Service, asked: Asked) -> tuple[Condition, ...]:
    """Return the condition that a record belongs to the event in the path. Raises 404 without."""
    service.one(service.world.tables.events, asked.path["id"])
    return (equals("event.id", asked.path["id"]),)


def _question_operations(service: Service) -> Iterator[Operation]:
    tables = service.world.tables

    def of_question(asked: Asked) -> tuple[Condition, ...]:
        service.one(tables.questions, asked.path["questionId"])
        return (equals("question.id", asked.path["questionId"]),)

    yield Operation(
        "getEventQuestions",
        "GET",
        "/event-questions",
        Listing(service, tables.questions, rules=lambda _: EVENT_QUESTIONS),
        _SCOPES,
        WINDOW | {"filter"},
    )
    yield Operation(
        "getChoicesForQuestion",
        "GET",
        "/event-questions/{questionId}/choices",
        Listing(service, tables.choices, rules=lambda _: CHOICES, fixed=of_question),
        _SCOPES,
        PAGES | {"filter"},
    )


def _registration_operations(service: Service) -> Iterator[Operation]:
    tables = service.world.tables

    def of_event(asked: Asked) -> tuple[Condition, ...]:
        return event_of(service, asked)

    yield Operation(
        "listRegistrationTypes",
        "GET",
        "/events/{id}/registration-types",
        Listing(service, tables.registration_types, fixed=of_event),
        ("event/registration-types:read",),
        PAGES,
    )
    yield Operation(
        "listRegistrationPaths",
        "GET",
        "/events/{id}/registration-paths",
        Listing(service, tables.registration_paths, fixed=of_event),
        ("event/registration-paths:read",),
        PAGES | {"locale"},
    )
