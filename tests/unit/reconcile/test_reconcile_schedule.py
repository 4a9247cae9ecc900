"""When an event is compared next, and since when."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace

import pytest

from regbridge.models import Reconcile
from regbridge.reconcile.schedule import Due, Past, due_now, since

MINUTE = 60_000
HOUR = 60 * MINUTE
NOW = 10_000 * HOUR
RULES = Reconcile(every_minutes=60, full_every_hours=24, overlap_minutes=10)


def ago(hours: float) -> SimpleNamespace:
    return SimpleNamespace(began_at=NOW - round(hours * HOUR))


@pytest.mark.parametrize(
    ("past", "due"),
    [
        (Past(), Due(None)),
        (Past(ago(0.5), None), Due(None)),
        (Past(ago(0.5), ago(2)), None),
        (Past(ago(1), ago(24)), Due(None)),
        (Past(ago(1), ago(2), NOW - HOUR), Due(NOW - HOUR - 10 * MINUTE)),
        (Past(ago(1), ago(2), NOW - 100 * HOUR), Due(NOW - 2 * HOUR - 10 * MINUTE)),
        (Past(ago(1), ago(2), None), Due(NOW - 2 * HOUR - 10 * MINUTE)),
        (Past(ago(1), ago(2), NOW - HOUR, has_unsent=True), Due(None)),
    ],
    ids=[
        "a new event",
        "never fully",
        "a moment ago",
        "fully a day ago",
        "since the newest change",
        "since the last pass, where nothing changes",
        "where nobody tells when anything changed",
        "what was found and not sent",
    ],
)
def test_an_event_is_due_by_what_passes_have_been(past: Past, due: Due | None) -> None:
    assert due_now(past, RULES, NOW) == due


def test_what_is_only_reported_is_not_searched_for_again_every_hour() -> None:
    past = Past(ago(1), ago(2), NOW - HOUR, has_unsent=True)

    assert due_now(past, replace(RULES, fix=False), NOW) == Due(NOW - HOUR - 10 * MINUTE)


def test_a_client_that_is_reconciled_by_hand_is_never_due_for_its_changes() -> None:
    rules = replace(RULES, every_minutes=None)

    assert due_now(Past(ago(20), ago(20), NOW), rules, NOW) is None


def test_nothing_is_asked_for_from_before_1970() -> None:
    young = SimpleNamespace(began_at=5)

    assert since(Past(young, young, 7), RULES) == 0
