"""What tests of the console's pages share: messages, hostile names, the text of a page."""

from __future__ import annotations

import html
import re
import time
from collections.abc import Callable
from typing import Any

from sqlalchemy import select
from tests.integration.console.conftest import ACT, LOOK, Browser, Site

from regbridge.demo import wait_settled
from regbridge.store.console_tables import audit
from regbridge.store.tables import receipts
from regbridge.testing.payloads import encode, live, registrant, sync

HOSTILE = "<script>alert(1)</script>\u202eevil" + "x" * 10_000


def person(number: int, **fields: Any) -> bytes:
    """Return the message that somebody registered."""
    return encode(live("InviteeOrGuestAccepted", registrant(number, **fields)))


def many(count: int, first: int = 1) -> bytes:
    """Return the message of a sync."""
    return encode(sync(count, first=first))


def settle(site: Site) -> None:
    """Wait until everything that was received is settled."""
    numbers = site.host.store.read(lambda c: c.scalars(select(receipts.c.id)).all())
    assert wait_settled(site.host, numbers)


def count_now(site: Site) -> None:
    """Count what the overview shows, whatever was counted before."""
    counts = site.host.counts
    assert counts is not None
    for tally in (counts.standing, counts.waiting, counts.recent, counts.course):
        site.host.counting.count(tally)


def actor(site: Site) -> Browser:
    """Return somebody who may act."""
    return site.browser().log_in(ACT)


def looker(site: Site) -> Browser:
    """Return somebody who may look alone."""
    return site.browser().log_in(LOOK)


def text_of(page: str) -> str:
    """Return what a page says: no tags, spaces made one."""
    return " ".join(html.unescape(re.sub(r"<[^>]*>", " ", page)).split())


def rows_of(page: str, caption: str) -> list[list[str]]:
    """Return the rows of a table by its caption, the head first."""
    tables = re.findall(r"<table.*?</table>", page, re.DOTALL)
    found = [each for each in tables if f"<caption>{caption}" in each]
    assert len(found) == 1, caption
    rows = re.findall(r"<tr>(.*?)</tr>", found[0], re.DOTALL)
    return [
        [text_of(cell) for cell in re.findall(r"<t[dh][^>]*>(.*?)</t[dh]>", row, re.DOTALL)]
        for row in rows
    ]


def audited(site: Site) -> list[tuple[str, str, str]]:
    """Return what the audit holds, in order."""
    rows = site.host.store.read(lambda c: c.execute(select(audit).order_by(audit.c.id)).all())
    return [(row.what, row.about, row.text) for row in rows]


def eventually(holds: Callable[[], bool], seconds: float = 20) -> bool:
    """Wait until something holds."""
    deadline = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True
