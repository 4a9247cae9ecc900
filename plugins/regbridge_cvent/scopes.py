"""The OAuth scopes that each part needs: no more than those are asked for."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from regbridge_cvent.settings import Part

ATTENDEES = "event/attendees:read"
EVENTS = "event/events:read"
CUSTOM_FIELDS = "event/custom-fields:read"

_OF_PARTS: Mapping[Part, tuple[str, ...]] = {
    Part.ANSWERS: (EVENTS,),  # the questions
    Part.CONTACT: (),
    Part.GUESTS: (EVENTS,),  # their answers
    Part.ORDERS: ("event/orders:read",),
    Part.SESSIONS: ("event/session-enrollment:read", "event/sessions:read"),
    Part.EVENT: (EVENTS,),
    Part.PARENT: ("event/contacts:read",),
}


def scopes_of(parts: Iterable[Part]) -> tuple[str, ...]:
    """Return the scopes that some parts need (reference/cvent-rest-api.md, section 2)."""
    wanted = (scope for part in parts for scope in _OF_PARTS[part])
    return tuple(dict.fromkeys((ATTENDEES, *wanted)))
