"""Which calls bring a batch's attendees with the fewest calls: a pure decision."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from math import ceil

from regbridge_cvent.filters import capacity
from regbridge_cvent.settings import CventSettings, Part

BATCH = 200
"""Registrations that are enriched together: as many as a page of Cvent's holds."""

_MOST_OF_A_PAGE = 0.9
"""How much of a page the attendees of one filter may fill, so that their guests fit as well."""

_ITEMS_OF_AN_ORDER = 2
"""What an order is taken to hold, until it is known."""


@dataclass(frozen=True, slots=True)
class Plan:
    """How attendees are asked for: so many in one filter, by these fields."""

    fields: tuple[str, ...]
    in_filter: int
    in_url: int

    @classmethod
    def of(cls, settings: CventSettings) -> Plan:
        """Return the plan of some settings."""
        with_guests = Part.GUESTS in settings.include
        fields = ("id", "primaryId") if with_guests else ("id",)
        page = int(settings.page_size * _MOST_OF_A_PAGE) if with_guests else settings.page_size
        return cls(
            fields,
            max(1, min(page, capacity(fields, settings.filter_length))),
            min(settings.page_size, capacity(("attendee.id",), settings.url_length, in_url=True)),
        )

    def calls_by_filter(self, attendees: int, parts: Collection[Part], page_size: int) -> int:
        """Return how many calls bring so many attendees by filters."""
        in_batch = min(attendees, BATCH)
        calls = ceil(in_batch / self.in_filter)
        in_url = min(self.in_url, page_size)
        if Part.ORDERS in parts:
            in_items = max(1, min(self.in_url, page_size // _ITEMS_OF_AN_ORDER))
            calls += ceil(in_batch / in_url) + ceil(in_batch / in_items)
        if Part.SESSIONS in parts:
            calls += ceil(in_batch / in_url)
        return ceil(attendees / BATCH) * calls


def calls_by_paging(total: int, parts: Collection[Part], page_size: int) -> int:
    """Return how many calls page an event with so many attendees, guests among them."""
    rows = total
    if Part.ORDERS in parts:
        rows += total + total * _ITEMS_OF_AN_ORDER
    if Part.SESSIONS in parts:
        rows += total
    return ceil(rows / page_size)


def pays_to_page(
    plan: Plan, message_size: int, total: int | None, parts: Collection[Part], page_size: int
) -> bool:
    """Say whether paging the whole event takes fewer calls than filtering a message's attendees.

    `total` is how many attendees the event has, None while nobody knows: then it is taken to be no
    larger than the message, which is a sync of all of it.
    """
    if message_size <= page_size:
        return False
    paging = calls_by_paging(message_size if total is None else total, parts, page_size)
    return paging < plan.calls_by_filter(message_size, parts, page_size)
