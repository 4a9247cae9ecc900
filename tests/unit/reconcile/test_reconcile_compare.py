"""What is wrong about a registrant is decided by status, time and what is known."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from regbridge import Attendee
from regbridge.reconcile.compare import Asked, Known, Left, compare, ordering_ms
from regbridge.store.clock import from_ms
from regbridge.store.differences import Difference

NOW = 1_000_000_000
ASKED = Asked(at=NOW, fresh_after=NOW - 300_000, statuses={"accepted"})
CHANGED = NOW - 3_600_000


def attendee(status: str = "Accepted", modified: int | None = CHANGED, **more: Any) -> Attendee:
    moment = None if modified is None else from_ms(modified)
    return Attendee("invitee", "contact", status, moment, **more)


def known(**more: Any) -> Known:
    return replace(Known(CHANGED, CHANGED + 1_000, "contact", "Accepted"), **more)


@pytest.mark.parametrize(
    ("at_cvent", "here", "verdict"),
    [
        (attendee(), known(), Left.SAME),
        (attendee(), None, Difference.MISSING_HERE),
        (attendee("accepted "), None, Difference.MISSING_HERE),
        (attendee("Cancelled"), None, Left.UNEXPECTED),
        (attendee("No Response"), None, Left.UNEXPECTED),
        (attendee(is_deleted=True), None, Left.UNEXPECTED),
        (attendee(modified=CHANGED + 1), known(), Difference.STALE),
        (attendee(modified=CHANGED - 1), known(), Left.SAME),
        (attendee(modified=None), known(), Left.SAME),
        (attendee(modified=None), None, Difference.MISSING_HERE),
        (attendee("Cancelled"), known(), Difference.CANCELLED),
        (attendee("Declined"), known(), Difference.CANCELLED),
        (attendee("Waitlisted"), known(), Difference.STALE),
        (attendee(), known(status="Cancelled"), Difference.STALE),
        (attendee("CANCELLED"), known(status="cancelled"), Left.SAME),
        (attendee("Cancelled"), known(status=None), Left.SAME),
        (attendee("Cancelled", CHANGED + 1), known(status=None), Difference.STALE),
        (attendee(""), known(), Left.SAME),
        (attendee(is_deleted=True), known(), Difference.DELETED_GUEST),
        (attendee(is_deleted=True), known(status=None), Difference.DELETED_GUEST),
        (attendee(is_deleted=True), known(status="Cancelled"), Left.SAME),
        (attendee(modified=NOW - 1), None, Left.FRESH),
        (attendee(modified=NOW - 1), known(), Left.FRESH),
        (attendee("Cancelled"), known(received_at=NOW), Left.ON_ITS_WAY),
        (attendee(modified=CHANGED + 1), known(forgotten=True), Left.FORGOTTEN),
    ],
)
def test_each_way_to_differ_has_its_name(
    at_cvent: Attendee, here: Known | None, verdict: Difference | Left
) -> None:
    assert compare(at_cvent, here, ASKED) is verdict


STATUSES = ["Accepted", "Cancelled", "Declined", "Waitlisted", "No Response", ""]
TIMES = st.integers(CHANGED - 10_000, CHANGED + 10_000)


@given(st.sampled_from(STATUSES), TIMES, TIMES, st.sampled_from(STATUSES), st.booleans())
def test_what_is_sent_is_no_difference_any_more(
    status: str, modified: int, ordered: int, status_here: str, is_deleted: bool
) -> None:
    at_cvent = attendee(status, modified, is_deleted=is_deleted)
    here = known(ordered_at=ordered, status=status_here or None)

    verdict = compare(at_cvent, here, ASKED)
    if isinstance(verdict, Left):
        return
    sent_status = "Cancelled" if is_deleted else status
    sent = Known(ordering_ms(at_cvent, here), NOW, "contact", sent_status or None)

    assert sent.ordered_at >= here.ordered_at
    assert isinstance(compare(at_cvent, sent, replace(ASKED, at=NOW + 1)), Left)
