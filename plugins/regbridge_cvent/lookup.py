"""Fetches the attendees of a batch by filters, with what belongs to them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
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
    """Return what Cvent has about attendees of one event, by id in lower case.

    Who is not shown is not there. Ids are asked for as they are spelled.
    """
    attendees, guests = _attendees(client, settings, plan, ids)
    found = {id_.lower(): id_ for id_ in ids if id_.lower() in attendees}
    shown = list(found.values())
    parts = settings.include
    orders = items = sessions = Rows()
    if Part.ORDERS in parts:
        orders = _by_attendee(client, settings, plan, "/events/{}/orders", (event,), shown)
        items = _by_attendee(client, settings, plan, "/events/{}/orders/items", (event,), shown)
    if Part.SESSIONS in parts:
        sessions = _by_attendee(client, settings, plan, "/sessions/enrollment", (), shown)
    parents = {}
    if Part.PARENT in parts:
        parents = _parents(client, settings, [attendees[id_] for id_ in found])
    return {
        id_: Facts(
            attendee=attendees[id_],
            guests=guests.get(id_, ()),
            orders=orders.get(id_, ()),
            items=items.get(id_, ()),
            sessions=sessions.get(id_, ()),
            parent=parents.get(id_of(attendees[id_].get("contact")), ""),
        )
        for id_ in found
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
            found |= {id_.lower(): error for id_ in group}
        except RejectedError as error:
            refusals += 1
            if refusals > _MOST_REFUSALS:
                raise RetryableError(f"Cvent refuses many filters: {error}") from error
            if len(group) == 1:
                found[group[0].lower()] = error
            else:
                middle = len(group) // 2
                waiting += [group[middle:], group[:middle]]
    return found


def _attendees(
    client: CventClient, settings: CventSettings, plan: Plan, ids: Sequence[str]
) -> tuple[dict[str, dict[str, Any]], Rows]:
    """Return attendees, and guests by whose they are.

    A deleted guest is shown, because a registration may be about one, but is nobody's guest.
    """
    found: dict[str, dict[str, Any]] = {}
    for group, where in chains(plan.fields, ids, plan.in_filter, settings.filter_length):
        wanted = {id_.lower() for id_ in group}
        query = {"where": where, "includeDeletedGuests": "true"}
        for page in client.pages("POST", "/attendees/filter", **query):
            found |= {id_of(row): row for row in map(read_row, page.data)}
            # A full last page is followed by an empty one, which would be a call for nothing.
            if len(plan.fields) == 1 and found.keys() >= wanted:
                break
    guests: Rows = defaultdict(list)
    for row in found.values():  # one filter may find a guest by its id, another by its primary's
        if row.get("guest") is True and row.get("deletedGuest") is not True:
            guests[str(row.get("primaryId") or "").lower()].append(row)
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
    client: CventClient, settings: CventSettings, attendees: Sequence[Row]
) -> dict[str, str]:
    """Return the parents of contact snapshots by contact (reference/cvent-rest-api.md, 7)."""
    contacts: dict[str, str] = {}
    for attendee in attendees:
        contact = attendee.get("contact")
        if isinstance(contact, Mapping) and contact.get("id"):
            contacts[id_of(contact)] = str(contact["id"])
    ids, most = list(contacts.values()), client.page_size
    found: dict[str, str] = {}
    for group, where in chains(("id",), ids, most, settings.filter_length):
        for page in client.pages("POST", "/contacts/filter", where=where):
            for row in map(read_row, page.data):
                found[id_of(row)] = str(row.get("parentId") or "")
            if found.keys() >= {id_.lower() for id_ in group}:
                break
    return found
