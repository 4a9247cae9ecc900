"""The overview says how everything stands, as the ledger does."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Callable
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from sqlalchemy import Connection
from tests.integration.console.conftest import BASE, Site
from tests.integration.console.console_words import (
    HOSTILE,
    count_now,
    eventually,
    looker,
    many,
    person,
    rows_of,
    settle,
    text_of,
)

from regbridge.store import report
from regbridge.store.clock import from_ms
from regbridge.store.pauses import Cause, pause, pause_worker
from regbridge.store.proof_tables import passes
from regbridge.store.tables import limiter_calls, registrations
from regbridge.web.console import overview as page_module

ALL = "All</caption>"


def overview(site: Site) -> str:
    count_now(site)
    return looker(site).get().text


def test_the_counts_are_those_of_the_ledger(site: Site) -> None:
    site.send(person(1), person(2, company=""), many(5, first=10))
    settle(site)

    page = overview(site)

    store = site.host.store
    here = {row.state: row.count for row in store.read(report.count_registrations)}
    there = {row.state: row.count for row in store.read(report.count_deliveries)}
    for caption in ("All", "Arrived today", "Arrived in the last 24 hours"):
        head, *lines = rows_of(page, caption)
        assert [line[:2] for line in lines] == [["acme", "registrations"], ["acme", "target file"]]
        for line, counts in zip(lines, (here, there), strict=True):
            shown = dict(zip(head[2:-1], map(int, line[2:-1]), strict=True))
            assert {state: count for state, count in shown.items() if count} == counts
            assert int(line[-1]) == sum(counts.values())


def test_the_charts_say_in_numbers_what_they_draw(site: Site) -> None:
    site.send(person(1), person(2, company=""), many(5, first=10))
    settle(site)

    page = overview(site)

    for caption, bars in (("The last 24 hours", 24), ("The last 14 days", 14)):
        head, newest, *others = rows_of(page, f"{caption}</caption>")
        assert head[1:] == ["Arrived", "Delivered"]
        assert len(others) == bars - 1
        total = [sum(int(row[column]) for row in (newest, *others)) for column in (1, 2)]
        assert total == [7, 6]
    assert "The last 14 days: 7 arrived, 6 delivered; most arrived at" in text_of(page)


def test_what_arrived_long_ago_is_neither_of_today_nor_in_the_charts(site: Site) -> None:
    site.send(person(1))
    settle(site)
    month = 30 * 86_400_000
    site.host.store.write(
        lambda c: c.exec_driver_sql(f"UPDATE receipts SET received_at = received_at - {month}")
    )

    page = overview(site)

    assert rows_of(page, ALL)[1][-1] == "1"
    assert rows_of(page, "Arrived today") == [["None."]]
    assert "The last 14 days: 0 arrived, 0 delivered." in text_of(page)


def test_an_empty_ledger_says_that_nothing_was_received(site: Site) -> None:
    page = text_of(overview(site))

    assert "Nothing was received yet." in page
    assert "Paused" not in page


def test_each_reason_why_registrations_are_parked_leads_to_their_list(site: Site) -> None:
    site.send(person(1, company=""), person(2, company=""))
    settle(site)

    page = overview(site)

    _, (client, reason, count) = rows_of(page, "The most frequent reasons")
    assert (client, count) == ("acme", "2")
    link = page.partition('data-name="Reason"><a href="')[2].partition('"')[0].replace("&amp;", "&")
    assert urlsplit(link).path == "/console/registrations"
    asked = {name: values[0] for name, values in parse_qs(urlsplit(link).query).items()}
    assert asked == {"state": "parked", "client": "acme", "reason": reason}
    listed = looker(site).get(link.removeprefix("/console"))
    assert listed.status_code == 200
    assert len(set(re.findall(r"/console/registrations/(\d+)", listed.text))) == 2


def test_the_oldest_that_waits_is_told(new_site: Callable[..., Site]) -> None:
    site = new_site(worker=False)
    assert "Nothing waits" not in text_of(overview(site))
    site.send(many(3))

    page = text_of(overview(site))

    assert "The oldest that waits arrived at" in page
    assert "3 records in messages still to be taken apart" in page


def test_pauses_are_shown_with_their_cause(site: Site) -> None:
    now = site.host.counting.clock()
    store = site.host.store
    store.write(lambda c: pause(c, "acme", "file", Cause.OUTAGE, "it is down", now + 60_000, now))
    store.write(lambda c: pause_worker(c, "a new server", now))

    page = overview(site)

    _, worker, target = rows_of(page, "What is left alone for a while")
    assert worker[:4] == ["all clients", "the worker", "operator", "a new server"]
    assert worker[-1] == "when somebody resumes it"
    assert target[:4] == ["acme", "file", "outage", "it is down"]


def test_hostile_texts_are_shown_as_text_and_cut(site: Site) -> None:
    site.send(person(1, company=""))
    settle(site)
    site.host.store.write(lambda c: c.execute(registrations.update().values(reason=HOSTILE)))

    page = overview(site)

    assert "<script>alert" not in page
    assert "\u202e" not in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt;\\u202eevil" in page
    assert len(rows_of(page, "The most frequent reasons")[1][1]) <= 200


def test_it_looks_again_by_itself_and_by_a_link(site: Site) -> None:
    page = overview(site)

    assert '<section id="overview" data-refresh="15">' in page
    assert '<a href="/console">Refresh</a>' in page


def test_a_client_that_does_not_start_is_named(
    new_site: Callable[..., Site], tmp_path: Path
) -> None:
    clients = tmp_path / "configs" / "clients"
    clients.mkdir(parents=True)
    (clients / "broken.yaml").write_text("client: broken\ntargets: 7\n", encoding="utf-8")

    page = overview(new_site())

    assert "1 of the clients do not start: broken. See why" in text_of(page)


def test_the_proofs_of_reconciling_and_the_calls_of_today_are_shown(site: Site) -> None:
    now = site.host.counting.clock()
    site.host.store.write(lambda c: add_passes(c, now))

    page = overview(site)

    _, ended, running = rows_of(page, "What reconciling with Cvent found")
    assert ended[1:3] == ["conference", "3 at Cvent, 2 here, 2 at file: 1 not here"]
    assert running[1:3] == ["summit", "under way (attendees): 200 of 1,000 attendees"]
    assert running[-1] == "not yet"
    assert [row[2:] for row in rows_of(page, "Today")[1:]] == [["1,234", "13,766"], ["7", ""]]


def add_passes(connection: Connection, now: int) -> None:
    """Add a finished pass and one under way, and the calls that they made."""
    account = {
        "at_cvent": 3,
        "here": 2,
        "forgotten": 0,
        "targets": {"file": {"there": 2, "states": {}}},
    }
    row = {"client": "acme", "made_by": "schedule", "step": "attendees", "began_at": now}
    ended = {"finished_at": now, "account": json.dumps(account)}
    running = {"attendees": 200, "total": 1000, "due_at": now + 10**9}
    for values in (
        {"event": "conference", "event_stub": "a", **ended},
        {"event": "summit", "event_stub": "b", **running},
    ):
        connection.execute(passes.insert().values({**row, **values}))
    day = f"{from_ms(now):%Y-%m-%d}"
    calls = {"key": "cvent", "day": day, "calls": 1234, "per_day": 15_000}
    connection.execute(limiter_calls.insert().values(calls))
    other = {"key": "dynamics", "day": day, "calls": 7}
    connection.execute(limiter_calls.insert().values(other))


def test_the_first_view_does_not_wait_for_a_count_that_takes_long(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(page_module, "PATIENCE", 0.01)
    counts = site.host.counts
    assert counts is not None
    released = threading.Event()
    counts.standing.take = lambda _c, _now: released.wait(30)  # type: ignore[assignment,return-value]

    page = looker(site).get().text
    released.set()

    assert "Counting…" in page


def test_the_counting_begins_with_the_first_view_and_ends_with_the_host(
    new_site: Callable[..., Site],
) -> None:
    site = new_site(base=BASE)
    counts = site.host.counts
    assert counts is not None
    assert counts.standing.found is None
    looker(site).get()

    assert eventually(lambda: counts.standing.found is not None)
    site.host.stop()
    assert not any(thread.name == "counts" for thread in threading.enumerate())
