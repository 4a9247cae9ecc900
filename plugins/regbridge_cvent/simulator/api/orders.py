"""The operations on the orders of an event and on their items."""

from __future__ import annotations

from collections.abc import Iterator

from regbridge_cvent.simulator.api.events import event_of
from regbridge_cvent.simulator.api.listing import Listing, Service
from regbridge_cvent.simulator.api.operation import WINDOW, Asked, Operation
from regbridge_cvent.simulator.filters.conditions import Condition, is_not_marked
from regbridge_cvent.simulator.filters.fields import ORDER_ITEMS, ORDERS

_SCOPES = ("event/orders:read",)
_PARAMETERS = WINDOW | {"filter", "deleted"}


def order_operations(service: Service) -> Iterator[Operation]:
    """Yield the operations on orders (reference/cvent-rest-api.md, section 7)."""
    tables = service.world.tables

    def fixed(asked: Asked) -> tuple[Condition, ...]:
        of_event = event_of(service, asked)
        return of_event if "deleted" in asked.query.flags else (*of_event, is_not_marked("deleted"))

    yield Operation(
        "getOrders",
        "GET",
        "/events/{id}/orders",
        Listing(service, tables.orders, rules=lambda _: ORDERS, fixed=fixed),
        _SCOPES,
        _PARAMETERS,
    )
    yield Operation(
        "getOrderItems",
        "GET",
        "/events/{id}/orders/items",
        Listing(service, tables.order_items, rules=lambda _: ORDER_ITEMS, fixed=fixed),
        _SCOPES,
        _PARAMETERS,
    )
