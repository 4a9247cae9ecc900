"""The order of a registrant, with its items and those of a guest."""

from __future__ import annotations

from typing import Any

from regbridge_cvent.simulator.account.events import ADMISSION_ITEM, lookup
from regbridge_cvent.simulator.account.forms import audit, new_id, rest_id
from regbridge_cvent.simulator.account.people import Source, registered_at

_TYPE = "Offline Charge"
_PRICE = 45.5
_EXTRAS = ("Dinner ticket", "Printed proceedings", "Parking")


def order_id(attendee_id: str) -> str:
    """Return the id of an attendee's order."""
    return new_id(f"order of {attendee_id}")


def item_id(attendee_id: str, position: int) -> str:
    """Return the id of an item that was ordered for an attendee, a guest among them."""
    return new_id(f"order item of {attendee_id}", position)


def order_record(source: Source, items: int) -> dict[str, Any]:
    """Return the order of a registrant, paid except for the last item."""
    attendee_id = rest_id(source["inviteeStub"])
    return {
        **audit(registered_at(source)),
        "id": order_id(attendee_id),
        "event": {"id": rest_id(source["eventStub"])},
        "attendee": {"id": attendee_id},
        "number": source["orders"][0]["orderNumber"],
        "cancelled": False,
        "type": _TYPE,
        "amountOrdered": _PRICE * items,
        "amountPaid": _PRICE * max(items - 1, 0),
        "amountDue": _PRICE * min(items, 1),
        "paymentMethod": "Check",
        "deleted": False,
    }


def item_record(
    source: Source, position: int, *, primary_id: str = "", guest: bool = False
) -> dict[str, Any]:
    """Return one item that was ordered for a registrant.

    A guest's item belongs to the order of the primary attendee and names the guest in
    `guestDetail`.
    """
    own_id = rest_id(source["inviteeStub"])
    event_id = rest_id(source["eventStub"])
    attendee_id = primary_id or own_id
    kind, name = _product(position)
    record = {
        **audit(registered_at(source)),
        "id": item_id(own_id, position),
        "order": {"id": order_id(attendee_id), "type": _TYPE},
        "event": {"id": event_id},
        "attendee": {"id": attendee_id},
        "guest": guest,
        "product": {"id": lookup(_PRODUCTS[kind], event_id, name)["id"], "type": kind},
        "active": True,
        "name": name,
        "price": _PRICE,
        "quantity": 1,
        "amountOrdered": _PRICE,
        "amountPaid": _PRICE,
        "amountDue": 0,
        "deleted": False,
    }
    return record | {"guestDetail": {"id": own_id}} if guest else record


_PRODUCTS = {"AdmissionItem": "admission item", "QuantityItem": "quantity item"}


def _product(position: int) -> tuple[str, str]:
    """Return the type and the name of a product: first the admission, then extras."""
    if position == 0:
        return "AdmissionItem", ADMISSION_ITEM
    return "QuantityItem", _EXTRAS[(position - 1) % len(_EXTRAS)]
