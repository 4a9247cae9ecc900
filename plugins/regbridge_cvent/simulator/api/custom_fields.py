"""The operation that lists the custom fields of the account."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from regbridge_cvent.simulator.api.listing import Listing, Service
from regbridge_cvent.simulator.api.operation import WINDOW, Asked, Operation
from regbridge_cvent.simulator.errors import ApiError
from regbridge_cvent.simulator.filters.fields import CUSTOM_FIELDS


def custom_field_operations(service: Service) -> Iterator[Operation]:
    """Yield the one operation; its filter is required (reference/cvent-rest-api.md, section 7)."""
    listing = Listing(service, service.world.tables.custom_fields, rules=lambda _: CUSTOM_FIELDS)

    def answer(asked: Asked) -> Any:
        if asked.filter is None:
            raise ApiError(400, "the filter is required, with `category eq`", "filter")
        return listing(asked)

    yield Operation(
        "listCustomFields",
        "GET",
        "/custom-fields",
        answer,
        ("event/custom-fields:read",),
        WINDOW | {"filter"},
    )
