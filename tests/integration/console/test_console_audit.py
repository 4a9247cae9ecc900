"""The audit: who did or saw what, for who may act."""

from __future__ import annotations

import re

import pytest
from tests.integration.console.conftest import Site
from tests.integration.console.console_words import HOSTILE, actor, looker, rows_of, text_of

from regbridge.store.audit import note
from regbridge.web.console import audit as page_module

TABLE = "Who did or saw what, the newest first"


def test_what_was_noted_is_shown_the_newest_first(site: Site) -> None:
    browser = actor(site)
    site.host.store.write(
        lambda c: note(c, 1_800_000_000_000, "anna", "10.1.2.3", "ignored", "message 7", "a test")
    )

    _, *rows = rows_of(browser.get("/audit").text, TABLE)

    assert rows[0] == ["2027-01-15 08:00:00", "anna", "10.1.2.3", "ignored", "message 7", "a test"]
    assert rows[1][1:4] == ["nobody", "127.0.0.1", "logged in"]


def test_it_is_paged_and_shows_each_once(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(page_module, "LIMIT", 4)
    browser = actor(site)
    for number in range(9):
        site.host.store.write(lambda c, n=number: note(c, n, "anna", "", "looked at", f"n {n}"))  # type: ignore[misc]
    path, about = "/audit", []
    while path:
        page = browser.get(path).text
        about += [row[4] for row in rows_of(page, TABLE)[1:]]
        older = re.search(r'<a href="/console(/audit\?before=\d+)">Older', page)
        path = older[1] if older else ""

    assert about == [f"n {number}" for number in range(8, -1, -1)] + [""]


def test_who_may_only_look_neither_sees_it_nor_is_led_there(site: Site) -> None:
    browser = looker(site)

    assert browser.get("/audit").status_code == 403
    assert "/console/audit" not in browser.get("/messages").text
    assert "/console/audit" in actor(site).get("/messages").text


def test_hostile_names_are_text(site: Site) -> None:
    site.host.store.write(lambda c: note(c, 1, HOSTILE, HOSTILE, "x", HOSTILE, HOSTILE))

    page = actor(site).get("/audit").text

    assert "<script>alert" not in page
    assert "\u202e" not in page
    assert "<bdi>&lt;script&gt;" in page
    assert len(text_of(page)) < 2_000
