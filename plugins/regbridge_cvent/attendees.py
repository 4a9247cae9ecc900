"""Lists whom Cvent has at an event, a page by one call, for `regbridge reconcile`."""

from __future__ import annotations

import re
from datetime import datetime

from regbridge import Attendee, AttendeePage, Event, RejectedError, RetryableError, normal_id
from regbridge_cvent.client import CventClient
from regbridge_cvent.filters import equals
from regbridge_cvent.moments import read_moment, write_moment
from regbridge_cvent.pages import read_row
from regbridge_cvent.patches import Row
from regbridge_cvent.synced import synced_record

_PLACE = re.compile(r"([0-9]{1,12}):(.+)", re.DOTALL)


def list_page(client: CventClient, event: Event, since: datetime | None, page: str) -> AttendeePage:
    """Return a page of an event's attendees, deleted guests among them; it takes one call.

    Raises `RejectedError` for a page that nobody knows, and what the client raises.
    """
    before, token = _read_place(page)
    query = {} if since is None else {"after": write_moment(since)}
    where = equals("event.id", event.id)
    query["includeDeletedGuests"] = "true"
    found = client.page("POST", "/attendees/filter", where=where, token=token, **query)
    if token and found.next_token == token:
        raise RetryableError("Cvent repeats a page of POST /attendees/filter")
    rows = before + len(found.data)
    # A full last page may name an empty one after it (reference/cvent-rest-api.md, section 4).
    is_last = not found.next_token or rows == found.total
    return AttendeePage(
        [_attendee(row, event) for row in map(read_row, found.data) if normal_id(row.get("id"))],
        "" if is_last else f"{rows}:{found.next_token}",
        rows if is_last and found.total is None else found.total,
    )


def _read_place(page: str) -> tuple[int, str]:
    """Return how many rows the pages before have, and the token of this one, "" for the first."""
    if not page:
        return 0, ""
    if not (found := _PLACE.fullmatch(page)):
        raise RejectedError("this is no page of a list of attendees; begin again")
    return int(found[1]), found[2]


def _attendee(row: Row, event: Event) -> Attendee:
    contact = row.get("contact")
    return Attendee(
        invitee_stub=normal_id(row.get("id")),
        contact_stub=normal_id(contact.get("id")) if isinstance(contact, dict) else "",
        status=str(row.get("status") or ""),
        modified_at=read_moment(row.get("lastModified")),
        is_guest=row.get("guest") is True,
        is_deleted=row.get("deletedGuest") is True,
        fields=synced_record(row, event.id),
    )
