"""A page of attendees: who is on it, and whether there is another one."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, cast

import msgspec
import pytest

from regbridge import AttendeePage, Event, RejectedError, RetryableError
from regbridge_cvent.attendees import list_page
from regbridge_cvent.client import CventClient
from regbridge_cvent.pages import Page

EVENT = Event("conference", "0b4c4410-1d46-43cd-a903-e8cf9de6ade5")


class OnePage:
    """A client that has one page, and remembers what it was asked for."""

    def __init__(self, rows: Sequence[Any], **paging: Any) -> None:
        self._page = Page([msgspec.Raw(msgspec.json.encode(row)) for row in rows], paging)
        self.asked: list[dict[str, Any]] = []

    def page(self, method: str, template: str, **query: Any) -> Page:
        self.asked.append({"method": method, "template": template, **query})
        return self._page


def listed(client: OnePage, page: str = "", since: datetime | None = None) -> AttendeePage:
    return list_page(cast(CventClient, client), EVENT, since, page)


def rows(count: int) -> list[dict[str, Any]]:
    return [{"id": f"attendee {number}"} for number in range(count)]


def test_what_is_asked_for_is_one_page_of_one_event_with_deleted_guests() -> None:
    client = OnePage([])

    listed(client, "400:a token", datetime(2026, 11, 24, 10, 0, 0, 123_999, tzinfo=UTC))

    assert client.asked == [
        {
            "method": "POST",
            "template": "/attendees/filter",
            "where": "event.id eq '0b4c4410-1d46-43cd-a903-e8cf9de6ade5'",
            "includeDeletedGuests": "true",
            "after": "2026-11-24T10:00:00.123Z",
            "token": "a token",
        }
    ]


def test_without_a_moment_everybody_is_asked_for() -> None:
    client = OnePage([])

    listed(client)

    assert "after" not in client.asked[0]


@pytest.mark.parametrize(
    ("page", "paging", "next_page", "total"),
    [
        ("", {}, "", 2),
        ("", {"totalCount": 2}, "", 2),
        ("", {"nextToken": "t"}, "2:t", None),
        ("", {"nextToken": "t", "totalCount": 5}, "2:t", 5),
        ("2:s", {"nextToken": "t", "totalCount": 5}, "4:t", 5),
        ("3:s", {"nextToken": "t", "totalCount": 5}, "", 5),
        ("3:s", {"nextToken": "t"}, "5:t", None),
        ("3:s", {"nextToken": "t", "totalCount": 0}, "5:t", None),
        ("3:s", {}, "", 5),
        ("3:s", {"totalCount": 9}, "", 9),
    ],
)
def test_there_is_another_page_unless_the_total_is_reached(
    page: str, paging: dict[str, Any], next_page: str, total: int | None
) -> None:
    found = listed(OnePage(rows(2), **paging), page)

    assert (found.next_page, found.total) == (next_page, total)


def test_a_total_that_was_passed_proves_nothing() -> None:
    found = listed(OnePage(rows(2), nextToken="t", totalCount=3), "2:s")

    assert found.next_page == "4:t"


def test_an_empty_event_has_nobody() -> None:
    assert listed(OnePage([])) == AttendeePage([], "", 0)


def test_an_empty_page_in_the_middle_is_passed() -> None:
    assert listed(OnePage([], nextToken="t"), "4:s") == AttendeePage([], "4:t", None)


@pytest.mark.parametrize(
    "page", ["x", "2", ":t", "2:", "-2:t", "two:t", "2.0:t", "\u0662:t", " 2:t"]
)
def test_a_page_that_nobody_gave_out_is_rejected_without_a_call(page: str) -> None:
    client = OnePage([])

    with pytest.raises(RejectedError, match="begin again"):
        listed(client, page)

    assert client.asked == []


def test_a_page_that_names_itself_as_the_next_one_is_tried_again() -> None:
    with pytest.raises(RetryableError, match="repeats a page"):
        listed(OnePage(rows(2), nextToken="same"), "2:same")


def test_rows_without_an_id_are_passed_over_and_counted() -> None:
    nobody = "00000000-0000-0000-0000-000000000000"
    client = OnePage([{}, {"id": None}, {"id": nobody}, {"id": "B"}], nextToken="t")

    found = listed(client)

    assert [attendee.invitee_stub for attendee in found.attendees] == ["B"]
    assert found.next_page == "4:t"


def test_a_row_that_is_no_object_is_tried_again() -> None:
    with pytest.raises(RetryableError):
        listed(OnePage([["no", "object"]]))


def test_an_attendee_has_its_ids_as_the_host_compares_them() -> None:
    upper = "82506834-04D3-4C30-971A-DF06EACCD6CD"
    client = OnePage([{"id": upper, "contact": {"id": upper}}, {"id": "Opaque", "contact": None}])

    one, other = listed(client).attendees

    assert (one.invitee_stub, one.contact_stub) == (upper.lower(), upper.lower())
    assert (other.invitee_stub, other.contact_stub) == ("Opaque", "")


@pytest.mark.parametrize(
    ("written", "moment"),
    [
        ("2026-11-24T10:00:00.123Z", datetime(2026, 11, 24, 10, 0, 0, 123_000, tzinfo=UTC)),
        ("2026-11-24T10:00:00+02:00", datetime(2026, 11, 24, 8, 0, tzinfo=UTC)),
        ("2026-11-24T10:00:00", datetime(2026, 11, 24, 10, 0, tzinfo=UTC)),
        ("2026-11-24", None),
        ("", None),
        (None, None),
        (1764000000, None),
    ],
)
def test_the_last_change_is_a_moment_in_utc_or_unknown(
    written: Any, moment: datetime | None
) -> None:
    [attendee] = listed(OnePage([{"id": "1", "lastModified": written}])).attendees

    assert attendee.modified_at == moment


def test_a_deleted_guest_is_listed_as_one_with_the_status_that_cvent_has() -> None:
    row = {"id": "1", "status": "Accepted", "guest": True, "deletedGuest": True}

    [attendee] = listed(OnePage([row])).attendees

    assert (attendee.is_guest, attendee.is_deleted, attendee.status) == (True, True, "Accepted")
    assert attendee.fields["inviteeStatus"] == "Cancelled"
    assert attendee.fields["attendee"] == row
