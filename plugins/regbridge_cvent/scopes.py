"""The OAuth scopes that each part needs: no more than those are asked for."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from regbridge_cvent.settings import Part

ATTENDEES = "event/attendees:read"
EVENTS = "event/events:read"
CUSTOM_FIELDS = "event/custom-fields:read"
ORDERS = "event/orders:read"
ENROLMENTS = "event/session-enrollment:read"
SESSIONS = "event/sessions:read"
CONTACTS = "event/contacts:read"

_OF_PARTS: Mapping[Part, tuple[str, ...]] = {
    Part.ANSWERS: (EVENTS,),  # the questions
    Part.CONTACT: (),
    Part.GUESTS: (EVENTS,),  # their answers
    Part.ORDERS: (ORDERS,),
    Part.SESSIONS: (ENROLMENTS, SESSIONS),
    Part.EVENT: (EVENTS,),
    Part.PARENT: (CONTACTS,),
}

_OF_PATHS = (
    ("/attendees", ATTENDEES),
    ("/events/{}/orders", ORDERS),
    ("/events", EVENTS),
    ("/event-questions", EVENTS),
    ("/sessions/enrollment", ENROLMENTS),
    ("/sessions", SESSIONS),
    ("/contacts", CONTACTS),
    ("/custom-fields", CUSTOM_FIELDS),
)


def scopes_of(parts: Iterable[Part]) -> tuple[str, ...]:
    """Return the scopes that some parts need (reference/cvent-rest-api.md, section 2)."""
    wanted = (scope for part in parts for scope in _OF_PARTS[part])
    return tuple(dict.fromkeys((ATTENDEES, *wanted)))


def scope_of(template: str) -> str:
    """Return the scope that a path such as `/events/{}` needs, "" for none."""
    return next((scope for path, scope in _OF_PATHS if template.startswith(path)), "")
