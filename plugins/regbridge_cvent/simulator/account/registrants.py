"""Puts a registrant into the tables: contact, attendee, order, items, enrollments."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property, partial
from itertools import count
from typing import Any

from regbridge_cvent.simulator.account.events import session_ids
from regbridge_cvent.simulator.account.forms import audit, new_id
from regbridge_cvent.simulator.account.orders import item_id, item_record, order_id, order_record
from regbridge_cvent.simulator.account.people import Source, attendee_of, contact_of, registered_at
from regbridge_cvent.simulator.account.table import Row
from regbridge_cvent.simulator.account.tables import Tables

Answers = Sequence[Mapping[str, Any]]


@dataclass(frozen=True, eq=False)
class Registrant:
    """Somebody at an event: what is known at once, and the record that is made when needed.

    `primary_id` is the attendee who brought a guest. `sessions` are numbers of the event's
    sessions, each with a status. `appears_at` is when Cvent first shows any of it.
    """

    id: str
    contact_id: str
    event_id: str
    make: Callable[[], Source]
    type_name: str = ""
    answers: Callable[[], Answers] = tuple
    primary_id: str = ""
    guest: bool = False
    deleted: bool = False
    test: bool = False
    snapshot: bool = False
    items: int = 0
    sessions: Sequence[tuple[int, str]] = ()
    appears_at: datetime | None = None

    @cached_property
    def source(self) -> Source:
        """The record, in the form of a webhook's."""
        return self.make()


def enter(tables: Tables, registrant: Registrant) -> None:
    """Put a registrant into the tables. Raises `ValueError` when the id is there already."""
    tables.attendees.add(
        Row(
            registrant.id,
            partial(_attendee, tables, registrant),
            keys={
                "event.id": registrant.event_id,
                "contact.id": registrant.contact_id,
                "primaryId": registrant.primary_id or None,
                "deletedGuest": registrant.deleted,
            },
            appears_at=registrant.appears_at,
        )
    )
    _enter_contact(tables, registrant)
    if not registrant.deleted:
        _enter_order(tables, registrant)
        _enter_sessions(tables, registrant)


def leave(tables: Tables, attendee_id: str) -> None:
    """Take an attendee's orders, items and enrollments out of the tables."""
    for table in (tables.orders, tables.order_items, tables.enrollments):
        for row in table.having("attendee.id", attendee_id):
            table.remove(row)
    for position in count():  # those of a guest are the primary's
        if (item := item_id(attendee_id, position)) not in tables.order_items:
            break
        tables.order_items.remove(tables.order_items[item])


def _attendee(tables: Tables, registrant: Registrant) -> dict[str, Any]:
    contact_id = tables.attendees[registrant.id].keys["contact.id"]  # another after a substitution
    contact = tables.contacts[contact_id].record
    record = attendee_of(registrant.source, contact, registrant.type_name, registrant.answers())
    record |= {
        "guest": registrant.guest,
        "deletedGuest": registrant.deleted,
        "testRecord": registrant.test,
    }
    return record | {"primaryId": registrant.primary_id} if registrant.primary_id else record


def _enter_contact(tables: Tables, registrant: Registrant) -> None:
    """Put the contact into its table unless another event has done so.

    A contact that is a snapshot belongs to one event and names the contact it was taken from
    (reference/cvent-rest-api.md, section 7).
    """
    if registrant.contact_id in tables.contacts:
        return
    make = partial(_contact, registrant)
    if registrant.snapshot:
        parent_id = new_id(f"parent of contact {registrant.contact_id}")
        snapshot = {"parentId": parent_id, "event": {"id": registrant.event_id}}
        tables.contacts.add(_contact_row(parent_id, partial(_contact, registrant, id=parent_id)))
        make = partial(make, **snapshot)
    tables.contacts.add(_contact_row(registrant.contact_id, make))


def _contact(registrant: Registrant, **fields: Any) -> dict[str, Any]:
    return contact_of(registrant.source) | fields


def _contact_row(contact_id: str, make: Callable[[], dict[str, Any]]) -> Row:
    return Row(contact_id, make, keys={"purged": None})


def _enter_order(tables: Tables, registrant: Registrant) -> None:
    """Put in the order and its items; a guest's items are part of the primary's order."""
    if registrant.items == 0:
        return
    buyer = registrant.primary_id or registrant.id
    order = order_id(buyer)
    keys = {"event.id": registrant.event_id, "attendee.id": buyer, "deleted": False}
    if not registrant.primary_id:
        make = partial(_order, registrant)
        tables.orders.add(Row(order, make, keys=keys, appears_at=registrant.appears_at))
    item_keys = {**keys, "order.id": order}
    for position in range(registrant.items):
        item = item_id(registrant.id, position)
        make = partial(_item, registrant, position)
        tables.order_items.add(Row(item, make, keys=item_keys, appears_at=registrant.appears_at))


def _order(registrant: Registrant) -> dict[str, Any]:
    return order_record(registrant.source, registrant.items)


def _item(registrant: Registrant, position: int) -> dict[str, Any]:
    return item_record(
        registrant.source,
        position,
        primary_id=registrant.primary_id,
        guest=bool(registrant.primary_id),
    )


def _enter_sessions(tables: Tables, registrant: Registrant) -> None:
    ids = session_ids(registrant.event_id)
    for number, status in registrant.sessions:
        enrollment_id = f"{ids[number]}::{registrant.id}"
        tables.enrollments.add(
            Row(
                enrollment_id,
                partial(_enrollment, registrant, enrollment_id, ids[number], status),
                keys={
                    "event.id": registrant.event_id,
                    "attendee.id": registrant.id,
                    "session.id": ids[number],
                },
                appears_at=registrant.appears_at,
            )
        )


def _enrollment(
    registrant: Registrant, enrollment_id: str, session_id: str, status: str
) -> dict[str, Any]:
    return {
        **audit(registered_at(registrant.source)),
        "id": enrollment_id,
        "session": {"id": session_id},
        "event": {"id": registrant.event_id},
        "attendee": {"id": registrant.id},
        "deleted": False,
        "status": status,
    }
