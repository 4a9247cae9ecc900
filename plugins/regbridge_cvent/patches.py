"""What an enrichment adds to a registration, made of what Cvent's API returned."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from regbridge import Event, Registration
from regbridge_cvent.questions import Names
from regbridge_cvent.settings import Part

Row = Mapping[str, Any]

UNUSED = ("questions", "_links", "webLinks")
"""What an attendee holds that is in no patch: an old copy of the custom fields, and links."""

_APART = ("answers", "contact", "event", *UNUSED)
"""What an attendee holds that has a place of its own in the patch, or none."""


@dataclass(frozen=True, slots=True)
class Facts:
    """What the API returned about one attendee, row by row as Cvent spells them."""

    attendee: Row
    guests: Sequence[Row] = ()
    orders: Sequence[Row] = ()
    items: Sequence[Row] = ()
    sessions: Sequence[Row] = ()
    event: Row = field(default_factory=dict)
    parent: str = ""


@dataclass(frozen=True, slots=True)
class About:
    """What the API returned about a whole event: itself, and its sessions by id."""

    event: Row = field(default_factory=dict)
    sessions: Mapping[str, Row] = field(default_factory=dict)

    def added_to(self, facts: Facts) -> Facts:
        """Return the facts about an attendee with what is known of the event and its sessions."""
        sessions = [
            session_of(row, self.sessions)
            for row in facts.sessions
            if row.get("deleted") is not True
        ]
        return replace(facts, event=self.event, sessions=sessions)


def make_patch(
    facts: Facts, parts: Iterable[Part], names: Names, event: Event | None
) -> dict[str, Any]:
    """Return the patch of one registration; its shape is that of docs/reference/enrichment.md."""
    chosen = set(parts)
    patch: dict[str, Any] = {
        "testRecord": facts.attendee.get("testRecord") is True,
        "attendee": _attendee(facts.attendee),
    }
    if Part.ANSWERS in chosen:
        patch["answers"] = names.answers(facts.attendee)
    if chosen & {Part.CONTACT, Part.PARENT}:
        patch["contact"] = _contact(facts.attendee)
        if Part.PARENT in chosen:
            patch["contact"]["parentId"] = facts.parent or None
    if Part.GUESTS in chosen:
        patch["guests"] = [_guest(guest, names) for guest in facts.guests]
    if Part.ORDERS in chosen:
        patch["orders"] = _orders(facts)
        patch["products"] = _products(facts.items, event)
    if Part.SESSIONS in chosen:
        patch["sessions"] = [dict(session) for session in facts.sessions]
    if Part.EVENT in chosen:
        patch["event"] = dict(facts.event)
    return patch


def _attendee(attendee: Row) -> dict[str, Any]:
    return {name: value for name, value in attendee.items() if name not in _APART}


def _guest(guest: Row, names: Names) -> dict[str, Any]:
    return _attendee(guest) | {"contact": _contact(guest), "answers": names.answers(guest)}


def _contact(attendee: Row) -> dict[str, Any]:
    """Return the contact, with its custom fields by their names."""
    found = attendee.get("contact")
    contact = dict(found) if isinstance(found, Mapping) else {}
    contact.pop("_links", None)
    fields = contact.get("customFields")
    contact["customFields"] = {
        str(each.get("name")): _values(each.get("value"))
        for each in (fields if isinstance(fields, list) else ())
        if isinstance(each, Mapping)
    }
    return contact


def _values(value: Any) -> Any:
    """Return one value as it is, several as a list, none as null."""
    if not isinstance(value, list):
        return value
    return value if len(value) > 1 else value[0] if value else None


def _orders(facts: Facts) -> list[dict[str, Any]]:
    """Return the orders, each with its items."""
    by_order: dict[str, list[dict[str, Any]]] = {}
    for item in facts.items:
        by_order.setdefault(id_of(item.get("order")), []).append(dict(item))
    return [dict(order) | {"items": by_order.get(id_of(order), [])} for order in facts.orders]


def _products(items: Sequence[Row], event: Event | None) -> dict[str, list[dict[str, Any]]]:
    """Return the items of each product that the YAML names; an empty list for none."""
    return {
        name: [
            dict(item)
            for item in items
            if (product.id and id_of(item.get("product")) == product.id.lower())
            or (product.title and str(item.get("name") or "").strip() == product.title.strip())
        ]
        for name, product in (event.products.items() if event else ())
    }


def session_of(enrolment: Row, known: Mapping[str, Row]) -> dict[str, Any]:
    """Return a session that somebody is enrolled in, of those that are known by id."""
    id_ = id_of(enrolment.get("session"))
    return {"id": id_, **known.get(id_, {}), "enrolment": enrolment.get("status")}


def id_of(row: Any) -> str:
    """Return the id of a row, in lower case because Cvent writes GUIDs in both; "" for none."""
    found = row.get("id") if isinstance(row, Mapping) else None
    return str(found).lower() if found else ""


def attendee_id(registration: Registration) -> str:
    """Return the same of the attendee whom a registration is about."""
    return registration.invitee_stub.lower()
