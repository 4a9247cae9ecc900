"""All attendees of an event as they were at one moment, for the batches of a sync."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from itertools import chain
from typing import Any

from regbridge_cvent.client import CventClient
from regbridge_cvent.filters import equals
from regbridge_cvent.pages import Page, read_row
from regbridge_cvent.patches import Facts, id_of
from regbridge_cvent.plan import Plan, pays_to_page
from regbridge_cvent.settings import CventSettings, Part

Rows = dict[str, list[bytes]]
"""JSON texts of rows by the attendee that they belong to; decoded when they are asked for."""


class Snapshot:
    """What paging one event brought. `begun_at` is when the first page was asked for.

    It may serve a registration that was received before that, because then it cannot hold older
    data than the message is about; and only attendees that it holds.
    """

    def __init__(self, event: str, begun_at: datetime) -> None:
        self.event = event
        self.begun_at = begun_at
        self._attendees: dict[str, bytes] = {}
        self._guests: Rows = defaultdict(list)
        self._orders: Rows = defaultdict(list)
        self._items: Rows = defaultdict(list)
        self._sessions: Rows = defaultdict(list)

    def serves(self, attendee: str, received_at: datetime | None) -> bool:
        """Say whether an attendee may be taken from here for a registration."""
        return (
            received_at is not None and received_at < self.begun_at and attendee in self._attendees
        )

    def facts(self, attendee: str) -> Facts:
        """Return what is known of an attendee."""
        return Facts(
            attendee=read_row(self._attendees[attendee]),
            guests=_read(self._guests, attendee),
            orders=_read(self._orders, attendee),
            items=_read(self._items, attendee),
            sessions=_read(self._sessions, attendee),
        )

    def take_attendees(self, pages: Iterable[Page]) -> None:
        """Take in pages of attendees, guests among them."""
        for page in pages:
            for raw in page.data:
                self._take_attendee(bytes(raw))

    def take(self, kind: Part | str, pages: Iterable[Page]) -> None:
        """Take in pages of orders, of their items (`items`), or of session enrolments."""
        into = {Part.ORDERS: self._orders, "items": self._items, Part.SESSIONS: self._sessions}[
            kind
        ]
        for page in pages:
            for raw in page.data:
                into[id_of(read_row(raw).get("attendee"))].append(bytes(raw))

    def _take_attendee(self, raw: bytes) -> None:
        row = read_row(raw)
        if row.get("deletedGuest") is True:
            return
        self._attendees[id_of(row)] = raw
        if row.get("guest") is True and (primary := str(row.get("primaryId") or "").lower()):
            self._guests[primary].append(raw)


def take_snapshot(
    client: CventClient, settings: CventSettings, plan: Plan, event: str, message_size: int
) -> Snapshot | None:
    """Page an event, or return None when it turns out to take more calls than filters would.

    Each list is paged in a thread of its own: a page has to wait for the one before it, and the
    largest tiers allow more calls than one list can make.
    """
    parts = settings.include

    def pays(total: int) -> bool:
        return pays_to_page(plan, message_size, total, parts, client.page_size)

    snapshot = Snapshot(event, client.now.moment())
    pages = client.pages("POST", "/attendees/filter", where=equals("event.id", event))
    first = next(pages)
    attendees: Iterable[Page] | None = chain([first], pages)
    if first.total is None:
        attendees = _as_long_as_it_pays(chain([first], pages), pays)
    elif not pays(first.total):
        attendees = None
    if attendees is None:
        return None
    with ThreadPoolExecutor(4) as pool:
        taken = [pool.submit(snapshot.take_attendees, attendees)]
        taken += [pool.submit(snapshot.take, *other) for other in _others(client, parts, event)]
        for each in taken:
            each.result()
    return snapshot


def _as_long_as_it_pays(
    pages: Iterable[Page], pays: Callable[[int], bool]
) -> Sequence[Page] | None:
    """Return pages of which nobody knows how many there are; None as soon as they are too many."""
    taken: list[Page] = []
    rows = 0
    for page in pages:
        taken.append(page)
        rows += len(page.data)
        if not pays(rows):
            return None
    return taken


def _others(
    client: CventClient, parts: Iterable[Part], event: str
) -> Iterator[tuple[Part | str, Iterator[Page]]]:
    if Part.ORDERS in parts:
        yield Part.ORDERS, client.pages("GET", "/events/{}/orders", event)
        yield "items", client.pages("GET", "/events/{}/orders/items", event)
    if Part.SESSIONS in parts:
        where = equals("event.id", event)
        yield Part.SESSIONS, client.pages("GET", "/sessions/enrollment", where=where)


def _read(rows: Rows, attendee: str) -> list[dict[str, Any]]:
    return [read_row(row) for row in rows.get(attendee, ())]
