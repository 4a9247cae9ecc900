"""The progress of each large message, in numbers that add up."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace

import pytest
from sqlalchemy import insert
from tests.integration.console.conftest import Site
from tests.integration.console.console_words import looker, many, person, settle, text_of

from regbridge.store.messages import Outcome
from regbridge.store.tables import receipts
from regbridge.testing.payloads import encode, message, registrant
from regbridge.web.console import syncs as page_module
from regbridge.web.console.syncs import progress


def test_a_sync_says_what_is_delivered_what_waits_and_what_needs_somebody(site: Site) -> None:
    records = [
        registrant(number, company="" if number <= 7 else "Acme") for number in range(1, 151)
    ]
    site.send(encode(message("AttendeeManualSynced", records)), person(900))
    settle(site)

    page = looker(site).get("/syncs").text

    assert "150 records for acme" in text_of(page)
    assert "143 delivered, 0 waiting, 7 need you" in text_of(page)
    assert "Done at " in text_of(page)
    assert '<progress value="150" max="150"' in page
    assert '<a href="/console/messages/1">Message 1</a>' in page
    assert "Message 2" not in page


def test_what_is_not_taken_apart_yet_waits(new_site: Callable[..., Site]) -> None:
    site = new_site(worker=False)
    site.send(many(101))

    page = looker(site).get("/syncs").text

    assert "0 delivered, 101 waiting, 0 need you" in text_of(page)
    assert "cannot be told yet" in text_of(page)


def test_a_message_of_a_hundred_is_no_sync(new_site: Callable[..., Site]) -> None:
    site = new_site(worker=False)
    site.send(many(100))

    assert "There is none." in text_of(looker(site).get("/syncs").text)


def test_the_newest_come_first_those_of_more_than_a_month_ago_never(
    new_site: Callable[..., Site], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(page_module, "LIMIT", 2)
    site = new_site(worker=False)
    now = site.host.counting.clock()
    days = (31, 29, 20, 10, 1)
    rows = [
        {
            "client": "acme",
            "endpoint": "",
            "received_at": now - day * 86_400_000,
            "record_count": 500,
            "state": "split",
            "split_count": 500,
        }
        for day in days
    ]
    site.host.store.write(lambda c: c.execute(insert(receipts), rows))
    browser = looker(site)

    first = browser.get("/syncs").text
    second = browser.get("/syncs?before=4").text

    assert [f"Message {n}<" in first for n in (5, 4, 3, 2, 1)] == [True, True, False, False, False]
    assert "/console/syncs?before=4" in first
    assert [f"Message {n}<" in second for n in (5, 4, 3, 2, 1)] == [False, False, True, True, False]
    assert "Older" not in second


def test_the_end_is_expected_at_the_pace_so_far() -> None:
    row = SimpleNamespace(record_count=100, split_count=100, state="split", received_at=1_000)

    states = {"delivered": 50, "pending": 20, "parked": 5, "filtered": 25}

    found = progress(row, Outcome(states, settled_at=80_000), 81_000)

    assert (found.delivered, found.waiting, found.parked, found.others) == (50, 20, 5, 25)
    assert found.settled == 80
    assert found.expected_at == 81_000 + 20_000
    assert found.ended_at is None
