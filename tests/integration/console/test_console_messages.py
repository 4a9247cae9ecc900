"""The messages: found, paged, read, marked where they are wrong, read again and ignored."""

from __future__ import annotations

import json
import re
from collections.abc import Callable

import pytest
from sqlalchemy import insert
from tests.integration.console.conftest import Browser, Site
from tests.integration.console.console_words import (
    HOSTILE,
    actor,
    audited,
    eventually,
    looker,
    many,
    person,
    rows_of,
    settle,
    text_of,
)

from regbridge.store import messages as store_messages
from regbridge.store.received import find_receipt
from regbridge.store.tables import receipts
from regbridge.testing.payloads import message, registrant
from regbridge.web.console import messages as page_module

LIST = "Messages, the newest first"
BROKEN = b'{"eventType": "InviteeOrGuestAccepted",\n "message": [{"firstName": "Rory"} "x"]}'


def numbers(page: str) -> list[int]:
    """Return the numbers of the messages of a page, in order."""
    return [int(row[0]) for row in rows_of(page, LIST)[1:]] if f"<caption>{LIST}" in page else []


def older_of(page: str) -> str:
    """Return the path of the next page, "" at the end."""
    found = re.search(r'<a href="/console(/[^"]*before=[^"]*)">(Older|Look further)', page)
    return found[1].replace("&amp;", "&") if found else ""


def walk(browser: Browser, path: str) -> list[list[int]]:
    """Return the numbers of all pages from a path on."""
    pages = []
    while path:
        page = browser.get(path).text
        pages.append(numbers(page))
        path = older_of(page)
    return pages


def add(site: Site, count: int, **values: object) -> None:
    """Put messages into the ledger that came some time ago, one of ten parked."""
    rows = [
        {
            "client": "acme",
            "endpoint": "CventReg",
            "received_at": 1_700_000_000_000 + number,
            "state": "split" if number % 10 else "parked",
            "kind": "webhook" if number % 3 else "reconcile",
            "event_type": f"Type{number % 2}",
            **values,
        }
        for number in range(count)
    ]
    site.host.store.write(lambda c: c.execute(insert(receipts), rows))


def test_the_list_leads_from_the_newest_to_the_oldest_and_shows_each_once(
    new_site: Callable[..., Site], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(page_module, "LIMIT", 7)
    site = new_site(worker=False)
    add(site, 20)

    pages = walk(looker(site), "/messages")

    assert pages == [list(range(20, 13, -1)), list(range(13, 6, -1)), list(range(6, 0, -1))]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("state=parked", [31, 21, 11, 1]),
        ("kind=reconcile&state=parked", [31, 1]),
        ("event_type=Type1&state=split&kind=reconcile", [34, 28, 22, 16, 10, 4]),
        ("client=acme&state=parked", [31, 21, 11, 1]),
        ("client=nobody", []),
    ],
)
def test_the_list_is_filtered_however_far_apart_they_are(
    new_site: Callable[..., Site],
    monkeypatch: pytest.MonkeyPatch,
    query: str,
    expected: list[int],
) -> None:
    monkeypatch.setattr(store_messages, "LOOKED_THROUGH", 6)
    site = new_site(worker=False)
    add(site, 35)

    pages = walk(looker(site), f"/messages?{query}")

    assert [number for page in pages for number in page] == expected
    assert len(pages) == 6


def test_an_empty_ledger_has_no_messages(site: Site) -> None:
    assert "There is none." in text_of(looker(site).get("/messages").text)


@pytest.mark.parametrize("number", ["0", "7", "x", "-1", "9" * 19, "9" * 40])
def test_a_message_that_is_not_there_is_a_404(site: Site, number: str) -> None:
    answer = looker(site).get(f"/messages/{number}")

    assert answer.status_code == 404
    assert "<h1>Not Found</h1>" in answer.text


def test_a_message_shows_its_facts_and_what_became_of_its_records(site: Site) -> None:
    record = [registrant(1), registrant(2, company="")]
    site.send(
        json.dumps(message("AttendeeManualSynced", record, time="2026-11-24T10:00:00Z")).encode()
    )
    settle(site)

    page = looker(site).get("/messages/1").text

    assert rows_of(page, "Registrations by state") == [
        ["State", "How many"],
        ["delivered", "1"],
        ["parked", "1"],
    ]
    facts = {row[0]: row[1] for row in rows_of(page, "About it")}
    assert facts["State"] == "split"
    assert facts["Event type"] == "AttendeeManualSynced"
    assert facts["Time at Cvent"] == "2026-11-24T10:00:00Z"
    assert facts["Records"] == "2"


def test_personal_data_is_shown_only_when_asked_for_and_that_is_noted(site: Site) -> None:
    site.send(person(1, firstName="Marguerite"))
    settle(site)
    browser = looker(site)

    assert "Marguerite" not in browser.get("/messages/1").text
    assert ("looked at", "receipt 1", "") not in audited(site)

    page = browser.get("/messages/1?body=yes").text
    assert '  "eventType": "InviteeOrGuestAccepted"' in text_with_spaces(page)
    assert "Marguerite" in page
    assert ("looked at", "receipt 1", "") in audited(site)


def text_with_spaces(page: str) -> str:
    return page.replace("&#34;", '"').replace("&quot;", '"')


def test_a_long_message_is_cut_with_a_word_on_how_to_see_all(site: Site) -> None:
    site.send(many(200))
    settle(site)

    page = looker(site).get("/messages/1?body=yes").text

    assert "regbridge show --receipt 1 --body" in page
    assert len(page) < 450_000


def test_a_malformed_message_has_the_place_of_its_error_marked(site: Site) -> None:
    site.send(BROKEN)

    page = looker(site).get("/messages/1").text

    assert re.search(r"<mark>&#34;</mark>x&#34;\]\}</pre>", page)
    assert "At line 2, byte 36 of it (byte 75 of the message)" in text_of(page)
    assert ("looked at", "receipt 1", "") in audited(site)


def test_a_hostile_message_is_text(site: Site) -> None:
    site.send(b'{"eventType": "x", "a": "' + HOSTILE.encode() + b'" !}')
    site.send(json.dumps(message(HOSTILE, [registrant(1, firstName=HOSTILE)])).encode())
    settle(site)
    browser = looker(site)

    for path in ("/messages", "/messages/1", "/messages/2?body=yes"):
        page = browser.get(path).text
        assert "<script>alert" not in page
        assert "\u202e" not in page
    assert "&lt;script&gt;alert(1)" in browser.get("/messages").text


def test_a_message_is_read_again_with_who_asked_for_it_in_the_audit(
    new_site: Callable[..., Site],
) -> None:
    site = new_site(worker=False)
    site.send(BROKEN)
    browser = actor(site)

    answer = browser.post("/messages/1/retry", {"token": browser.token()})

    assert "Message 1 will be tried again." in text_of(answer.text)
    row = site.host.store.read(lambda c: find_receipt(c, 1))
    assert row is not None
    assert (row.state, row.due_at is not None) == ("pending", True)
    assert ("retried", "receipts 1", "") in audited(site)
    assert "retried" in text_of(answer.text.partition("Out of the ordinary")[2])


def test_the_worker_reads_it_again_at_once(site: Site) -> None:
    site.send(BROKEN)
    browser = actor(site)
    browser.post("/messages/1/retry", {"token": browser.token()})

    assert eventually(lambda: "<mark>" in browser.get("/messages/1").text)


def test_a_message_is_ignored_with_a_reason_and_can_be_taken_back(
    new_site: Callable[..., Site],
) -> None:
    site = new_site(worker=False)
    site.send(BROKEN)
    browser = actor(site)
    token = browser.token()

    page = browser.post("/messages/1/ignore", {"token": token, "why": " a test "}).text

    assert "Message 1 ignored." in text_of(page)
    assert "ignored by password: a test" in text_of(page)
    assert ("ignored", "receipts 1", "") in audited(site)
    assert "Read it again" in page
    assert "Ignore it" not in page
    browser.post("/messages/1/retry", {"token": token})
    row = site.host.store.read(lambda c: find_receipt(c, 1))
    assert row is not None
    assert row.state == "pending"


@pytest.mark.parametrize("reason", ["", "  ", "x" * 1001])
def test_a_reason_is_required_and_bounded(site: Site, reason: str) -> None:
    site.send(BROKEN)
    browser = actor(site)

    answer = browser.post("/messages/1/ignore", {"token": browser.token(), "why": reason})

    assert answer.status_code == 400
    assert "Say why" in answer.text


@pytest.mark.parametrize("deed", ["retry", "ignore"])
def test_what_is_not_set_aside_is_left_alone_and_nothing_is_noted(site: Site, deed: str) -> None:
    site.send(person(1))
    settle(site)
    browser = actor(site)

    answer = browser.post(f"/messages/1/{deed}", {"token": browser.token(), "why": "a test"})

    assert answer.status_code == 409
    assert [each for each in audited(site) if each[1]] == []


def test_who_may_only_look_is_offered_nothing_to_do_and_may_not(site: Site) -> None:
    site.send(BROKEN)
    browser = looker(site)

    assert "/console/messages/1/retry" not in browser.get("/messages/1").text
    answer = browser.post("/messages/1/retry", {"token": browser.token()})
    assert answer.status_code == 403
