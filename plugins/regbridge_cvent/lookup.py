"""Fetches the attendees of a batch by filters, with what belongs to them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import Any

from regbridge import RejectedError, RetryableError
from regbridge_cvent.client import CventClient
from regbridge_cvent.filters import chains
from regbridge_cvent.pages import read_row
from regbridge_cvent.patches import Facts, Row, id_of
from regbridge_cvent.plan import Plan
from regbridge_cvent.refusals import NotFoundError
from regbridge_cvent.settings import CventSettings, Part

Rows = dict[str, list[Row]]

_MOST_REFUSALS = 30


def look_up(
    client: CventClient, settings: CventSettings, plan: Plan, event: str, ids: Sequence[str]
) -> dict[str, Facts]:
    """Return what Cvent has about attendees of one event, by id; who is not shown is not there."""
    attendees, guests = _attendees(client, settings, plan, ids)
    shown = [id_ for id_ in ids if id_ in attendees]
    parts = settings.include
    orders = items = sessions = Rows()
    if Part.ORDERS in parts:
        orders = _by_attendee(client, settings, plan, "/events/{}/orders", (event,), shown)
        items = _by_attendee(client, settings, plan, "/events/{}/orders/items", (event,), shown)
    if Part.SESSIONS in parts:
        sessions = _by_attendee(client, settings, plan, "/sessions/enrollment", (), shown)
    parents = _parents(client, settings, attendees) if Part.PARENT in parts else {}
    return {
        id_: Facts(
            attendee=attendees[id_],
            guests=guests.get(id_, ()),
            orders=orders.get(id_, ()),
            items=items.get(id_, ()),
            sessions=sessions.get(id_, ()),
            parent=parents.get(id_of(attendees[id_].get("contact")), ""),
        )
        for id_ in shown
    }


def look_up_each(
    client: CventClient, settings: CventSettings, plan: Plan, event: str, ids: Sequence[str]
) -> dict[str, Facts | RejectedError]:
    """Return the same, with the refusal of each attendee that Cvent refuses to look for.

    One id that Cvent does not take spoils a filter for all in it, so the rest is asked for in
    halves until the bad one is alone. Raises `RetryableError` when too many are bad for that.
    """
    found: dict[str, Facts | RejectedError] = {}
    waiting = [list(ids)]
    refusals = 0
    while waiting:
        group = waiting.pop()
        try:
            found |= look_up(client, settings, plan, event, group)
        except NotFoundError as error:  # the event itself
            found |= dict.fromkeys(group, error)
        except RejectedError as error:
            refusals += 1
            if refusals > _MOST_REFUSALS:
                raise RetryableError(f"Cvent refuses many filters: {error}") from error
            if len(group) == 1:
                found[group[0]] = error
            else:
                middle = len(group) // 2
                waiting += [group[middle:], group[:middle]]
    return found


def _attendees(
    client: CventClient, settings: CventSettings, plan: Plan, ids: Sequence[str]
) -> tuple[dict[str, dict[str, Any]], Rows]:
    found: dict[str, dict[str, Any]] = {}
    guests: Rows = defaultdict(list)
    for group, where in chains(plan.fields, ids, plan.in_filter, settings.filter_length):
        for page in client.pages("POST", "/attendees/filter", where=where):
            for row in map(read_row, page.data):
                found[id_of(row)] = row
                if row.get("guest") is True and row.get("deletedGuest") is not True:
                    guests[str(row.get("primaryId") or "").lower()].append(row)
            # A full last page is followed by an empty one, which would be a call for nothing.
            if len(plan.fields) == 1 and found.keys() >= set(group):
                break
    return found, guests


def _by_attendee(
    client: CventClient,
    settings: CventSettings,
    plan: Plan,
    template: str,
    path_ids: tuple[str, ...],
    ids: Sequence[str],
) -> Rows:
    found: Rows = defaultdict(list)
    for where in _in_urls(settings, plan, ids):
        for row in client.rows("GET", template, *path_ids, where=where):
            found[id_of(row.get("attendee"))].append(row)
    return found


def _in_urls(settings: CventSettings, plan: Plan, ids: Sequence[str]) -> Iterator[str]:
    for _, where in chains(("attendee.id",), ids, plan.in_url, settings.url_length, in_url=True):
        yield where


def _parents(
    client: CventClient, settings: CventSettings, attendees: dict[str, dict[str, Any]]
) -> dict[str, str]:
    """Return the parents of contact snapshots by contact (reference/cvent-rest-api.md, 7)."""
    ids = sorted({id_of(attendee.get("contact")) for attendee in attendees.values()} - {""})
    found = {}
    for _, where in chains(("id",), ids, client.page_size, settings.filter_length):
        for row in client.rows("POST", "/contacts/filter", where=where):
            found[id_of(row)] = str(row.get("parentId") or "")
    return found
