"""What is parked, by its causes: read why, then retry or ignore all of a cause."""

from __future__ import annotations

import re
from html import unescape
from typing import Any

import pytest
from tests.integration.console.console_deeds import (
    HOSTILE,
    LOOK,
    Bridge,
    delivering,
    parking,
    passwords,
    registered,
)
from tests.integration.ledger.test_query_plans import fill, recorded, scans

from regbridge.store.parked import causes, parked_for, unread_receipts
from regbridge.testing import payloads

__all__ = ["delivering", "parking", "passwords"]

RORY, ADA, ZOE = (payloads.registrant(number) for number in (1, 2, 3))


@pytest.fixture
def parked(parking: Bridge) -> Bridge:
    """Two registrations without an e-mail address, one without an inviteeStub."""
    nobody: dict[str, Any] = {key: value for key, value in ZOE.items() if key != "inviteeStub"}
    parking.process(
        registered(RORY),
        registered(ADA),
        payloads.encode(payloads.message("AttendeeManualSynced", [nobody])),
    )
    return parking


def form(bridge: Bridge, reason: str) -> dict[str, str]:
    """Return the hidden fields of the cause with a reason, as its forms have them."""
    page = unescape(bridge.actor.get("/parked").text)
    cause = page.partition(reason)[2].partition("</article>")[0]
    return {
        name: re.findall(rf'name="{name}" value="([^"]*)"', cause)[0]
        for name in ("client", "cause")
    }


def states(bridge: Bridge) -> list[str]:
    return [row[0] for row in bridge.rows("SELECT state FROM registrations ORDER BY id")]


def test_what_is_parked_is_grouped_by_its_cause_with_the_field_and_a_remedy(
    parked: Bridge,
) -> None:
    page = " ".join(parked.actor.get("/parked").text.split())

    assert "3 registrations need a person." in page
    first, second = page.split("<article")[1:]
    assert "Email is required and has no value" in first
    assert "<b>2</b> of acme, field at fault: <b>Email</b>, the newest 20" in first
    assert "What to do: complete it at Cvent" in first
    assert "inviteeStub is missing" in second
    assert "send a sync of the event from Cvent" in second
    assert "<code>regbridge ignore</code> this." in second
    link = re.findall(r'href="(/console/registrations[^"]*)"', unescape(first))
    assert link == [
        "/console/registrations?state=parked&client=acme"
        "&reason=Email+is+required+and+has+no+value+%28from+nowhere%29"
    ]
    assert 'aria-current="page">Parked</a>' in page


def test_all_of_a_cause_are_tried_again_and_nothing_else(parked: Bridge) -> None:
    done = parked.actor.post("/parked/causes", do="retry", **form(parked, "Email is required"))

    assert done.status == 303
    assert "2 will be tried again." in parked.actor.get(done.location[8:]).text
    assert states(parked) == ["pending", "pending", "parked"]
    assert parked.audit()[0] == ("password", "retried", "parked of acme", "registrations 1, 2")


def test_all_of_a_cause_are_ignored_with_a_reason(parked: Bridge) -> None:
    fields = form(parked, "Email is required")
    unsaid = parked.actor.post("/parked/causes", do="ignore", **fields)
    done = parked.actor.post("/parked/causes", do="ignore", why="a test", **fields)

    assert (unsaid.status, done.status) == (400, 303)
    assert "2 ignored." in parked.actor.get(done.location[8:]).text
    assert states(parked) == ["filtered", "filtered", "parked"]
    reasons = parked.rows("SELECT reason FROM registrations WHERE state = 'filtered'")
    assert set(reasons) == {("ignored by password: a test",)}
    assert parked.audit()[0][1:] == ("ignored", "parked of acme", "registrations 1, 2")


def test_what_was_mended_meanwhile_is_said_so(parked: Bridge) -> None:
    fields = form(parked, "Email is required")
    parked.actor.post("/parked/causes", do="retry", **fields)

    for again in (fields, fields | {"client": "other"}, fields | {"cause": HOSTILE}):
        page = parked.actor.post("/parked/causes", do="retry", **again)
        assert page.status == 409
        assert "nothing of what was chosen is parked now" in page.text
    assert parked.actor.post("/parked/causes", do="delete", **fields).status == 400
    assert [each[1] for each in parked.audit()].count("retried") == 1


def test_messages_that_cannot_be_read_are_listed_with_size_and_arrivals(
    delivering: Bridge,
) -> None:
    delivering.receive(b'{"eventType": 3', b'{"eventType": 3', b"\xff" * 1_234)

    page = delivering.actor.get("/parked").text

    first, second = page.partition("Parked receipts")[2].partition("<tbody>")[2].split("</tr>")[:2]
    assert '<a href="/console/messages/2">receipt 2</a>' in first
    assert 'class="number">1,234</td>' in first
    assert "not UTF-8" in first
    assert '<a href="/console/messages/1">receipt 1</a>' in second
    assert 'data-name="Arrivals" class="number">2</td>' in second


def test_chosen_messages_are_read_again_or_ignored(delivering: Bridge) -> None:
    delivering.receive(b"{", b"[", b"}")

    again = delivering.actor.post("/parked/receipts", do="retry", **{"receipt-1": "on"})
    unsaid = delivering.actor.post("/parked/receipts", do="ignore", **{"receipt-2": "on"})
    ignored = delivering.actor.post(
        "/parked/receipts", do="ignore", why="no message", **{"receipt-2": "on", "receipt-x": "on"}
    )

    assert (again.status, unsaid.status, ignored.status) == (303, 400, 303)
    found = delivering.rows("SELECT state, reason FROM receipts ORDER BY id")
    assert [row[0] for row in found] == ["pending", "filtered", "parked"]
    assert found[1][1] == "ignored by password: no message"
    assert [each[1:] for each in delivering.audit()[:2]] == [
        ("ignored", "receipts 2", ""),
        ("retried", "receipts 1", ""),
    ]
    delivering.work()  # and it still cannot be read
    assert "receipt 1</a>" in delivering.actor.get("/parked").text
    assert delivering.actor.post("/parked/receipts", do="retry").status == 409


@pytest.mark.parametrize("path", ["/parked/causes", "/parked/receipts"])
def test_only_who_may_act_acts_on_all_and_only_by_a_form_of_their_own(
    parked: Bridge, path: str
) -> None:
    parked.receive(b"{")
    fields = {"do": "retry", "receipt-4": "on", **form(parked, "Email is required")}
    looker = parked.somebody(LOOK)

    refused = [
        looker.post(path, **fields),
        parked.actor.send(path, fields),
        parked.actor.post(path, token="", **fields),
        parked.actor.post(path, token=looker.token(), **fields),
    ]

    assert [page.status for page in refused] == [403, 403, 403, 403]
    assert parked.somebody().send(path, fields).location.startswith("/console/login")
    assert states(parked) == ["parked"] * 3
    assert "<form" not in looker.get("/parked").text.partition("<main")[2]


def test_hostile_reasons_are_text_and_can_be_retried(parked: Bridge) -> None:
    reason = f"{HOSTILE}\r\n\"' " + "x" * 10_000
    parked.host.store.write(
        lambda c: (
            c.exec_driver_sql(
                "UPDATE registrations SET reason = ?, field = ? WHERE id < 3", (reason, HOSTILE)
            )
            and None
        )
    )

    page = parked.actor.get("/parked").text
    done = parked.actor.post("/parked/causes", do="retry", **form(parked, "<script>alert"))

    assert "<script>alert" not in page
    assert "\u202e" not in page
    assert len(page) < 20_000
    assert done.status == 303
    assert states(parked) == ["pending", "pending", "parked"]


def test_of_very_many_causes_those_of_most_registrations_are_listed(parked: Bridge) -> None:
    parked.host.store.write(lambda c: fill(c, 300))
    parked.write("UPDATE registrations SET client = 'acme', state = 'parked' WHERE id >= 1000")
    parked.write("UPDATE registrations SET reason = 'no ' || id WHERE id >= 1000")

    page = " ".join(parked.actor.get("/parked").text.split())

    assert "303 registrations need a person." in page
    assert page.count("<article") == 200
    assert "Email is required" in page.split("<article")[1]
    assert "102 more are parked for other causes" in page


def test_a_page_without_anything_parked_says_so(delivering: Bridge) -> None:
    page = delivering.actor.get("/parked").text

    assert "Nothing is parked: no registration needs you." in page
    assert "Every message could be read." in page


def test_however_much_the_ledger_holds_only_what_is_parked_is_read(parked: Bridge) -> None:
    parked.receive(b"{")
    store = parked.host.store
    store.write(lambda c: fill(c, 2_000))
    with recorded(parked.host) as statements:  # type: ignore[arg-type]
        store.read(causes)
        store.read(lambda c: parked_for(c, "acme", "x"))
        assert [row.id for row in store.read(unread_receipts)] == [4]

    found = store.read(lambda c: {s: scans(c, s, p) for s, p in statements})

    assert len(found) >= 5
    assert {s: scanned for s, scanned in found.items() if scanned} == {}
