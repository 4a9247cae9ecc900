"""The console's pages on a ledger of a million registrations, against one of a thousand.

`python bench/console.py [registrations] [requests]`
"""

from __future__ import annotations

import json
import os
import secrets
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from http.client import HTTPConnection
from pathlib import Path
from urllib.parse import quote, urlencode, urlsplit

from common import middle, running_host, verdict, write_configuration
from ledger import PART, rows_of
from sqlalchemy import Connection, insert, select, update

from regbridge.store.engine import Store
from regbridge.store.search import add_all_terms
from regbridge.store.tables import deliveries, receipts, registrations
from regbridge.store.upgrades import upgrade

FEW = 1000
LIMIT = 2.0
PARKED_EACH = 10
"""One registration in so many is parked."""

_SKIPPED = ("registration_payloads", "dedupe_keys")
"""No page of these reads them, and they are most of the disk."""


class Side:
    """A host with a ledger of so many registrations, and somebody who has logged in."""

    def __init__(self, url: str, password: str, email: str, name: str) -> None:
        self.email = email
        self.name = name
        self._connection = HTTPConnection(str(urlsplit(url).netloc), timeout=120)
        form = {"Content-Type": "application/x-www-form-urlencoded"}
        body = urlencode({"password": password})
        self._connection.request("POST", "/console/login", body, form)
        answer = self._connection.getresponse()
        answer.read()
        self._headers = {"Cookie": str(answer.headers["Set-Cookie"]).partition(";")[0]}

    def time(self, path: str) -> float:
        """Return the milliseconds until a page is here, whole."""
        begun = time.perf_counter()
        self._connection.request("GET", path, headers=self._headers)
        answer = self._connection.getresponse()
        answer.read()
        assert answer.status == 200, (path, answer.status)
        return 1000 * (time.perf_counter() - begun)


PAGES: Mapping[str, Callable[[Side], str]] = {
    "overview": lambda _: "/console",
    "registrations": lambda _: "/console/registrations",
    "search by e-mail": lambda side: f"/console/registrations?search={quote(side.email)}",
    "search by name": lambda side: f"/console/registrations?search={quote(side.name)}",
    "an address that nobody has": lambda _: "/console/registrations?search=nobody@example.com",
    "filter by state": lambda _: "/console/registrations?state=delivered&client=bench",
    "received since a day": lambda _: "/console/registrations?from=2020-01-01",
    "filter by target and state": lambda _: "/console/registrations?target=crm&state=parked",
}
WALKS: Mapping[str, Callable[[Side], str]] = {
    "reason that nothing has": lambda _: "/console/registrations?reason=nothing+has+it",
}
"""What looks at many registrations: it is printed, and has no limit."""


def main() -> int:
    """Fill two ledgers, then ask for each page of both in turn."""
    held, requests = [*map(int, sys.argv[1:]), *(1_000_000, 100)[len(sys.argv) - 1 :]]
    os.environ["BENCH_PASSWORD"] = password = secrets.token_urlsafe(16)
    with tempfile.TemporaryDirectory() as temporary, ExitStack() as stack:
        sides = {Path(temporary) / "few": FEW, Path(temporary) / "many": held}
        people = {folder: _prepare(folder, count) for folder, count in sides.items()}
        few, many = (_start(stack, *side, password) for side in people.items())
        holds = True
        for name, page in PAGES.items():
            ratio = _compare(name, page, few, many, requests)
            holds &= verdict(f"{name}, {held} registrations against {FEW}", ratio, LIMIT)
        for name, page in WALKS.items():
            _compare(name, page, few, many, min(requests, 20))
    return 0 if holds else 1


def _compare(name: str, page: Callable[[Side], str], few: Side, many: Side, requests: int) -> float:
    small: list[float] = []
    large: list[float] = []
    for _ in range(requests):
        small.append(few.time(page(few)))
        large.append(many.time(page(many)))
    print(f"{name}: {middle(small):.1f} ms of {FEW}, {middle(large):.1f} ms of all")
    return middle(large) / middle(small)


def _prepare(folder: Path, count: int) -> tuple[str, str]:
    """Make a configuration and its ledger; return the address and the name of somebody in it."""
    write_configuration(folder)
    console = {"password": {"env": "BENCH_PASSWORD"}}
    text = json.dumps({"host": {"console": console}})
    (folder / "base.yaml").write_text(text, encoding="utf-8")
    begun = time.perf_counter()
    store = Store(f"sqlite:///{(folder / 'regbridge.db').as_posix()}")
    upgrade(store)
    fill(store, count)
    person = select(registrations.c.email, registrations.c.search_name)
    one = store.read(lambda c: c.execute(person.where(registrations.c.id == count // 2)).one())
    store.close()
    print(f"a ledger of {count}: made in {time.perf_counter() - begun:.0f} s")
    return one.email, one.search_name


def _start(stack: ExitStack, folder: Path, person: tuple[str, str], password: str) -> Side:
    host = stack.enter_context(running_host(folder, "--no-worker"))
    return Side(host.url, password, *person)


def fill(store: Store, count: int) -> None:
    """Write so many registrations, in receipts of some thousands, some of them parked."""
    part = min(PART, count // 10)
    for receipt, start in enumerate(range(1, count + 1, part), start=1):
        numbers = range(start, min(start + part, count + 1))
        store.write(lambda c, numbers=numbers, receipt=receipt: _write(c, numbers, receipt))  # type: ignore[misc]
    store.write(add_all_terms)


def _write(connection: Connection, numbers: range, receipt: int) -> None:
    for table, rows in rows_of(numbers, receipt, b"{}" * 200):
        if table.name not in _SKIPPED:
            connection.execute(insert(table), list(rows))
    now = time.time_ns() // 1_000_000
    connection.execute(update(receipts).where(receipts.c.id == receipt).values(received_at=now))
    parked = {"state": "parked", "reason": "the CRM refuses it"}
    for table in (registrations, deliveries):
        chosen = table.c.id.between(numbers[0], numbers[-1]), table.c.id % PARKED_EACH == 0
        connection.execute(update(table).where(*chosen).values(parked))


if __name__ == "__main__":
    sys.exit(main())
