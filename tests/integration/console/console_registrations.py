"""A console with a ledger that a test fills, and a browser that reads its pages."""

from __future__ import annotations

import http.client
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from html.parser import HTMLParser
from itertools import count
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urlsplit

import pytest
from sqlalchemy import insert, select
from tests.postgres import new_schema

from regbridge.host import Address, Host
from regbridge.store.audit import noted
from regbridge.store.engine import Store
from regbridge.store.search import add_terms, search_form
from regbridge.store.tables import deliveries, receipts, registrations
from regbridge.store.upgrades import upgrade

SUMMIT = "7c1e5a52-9b0e-4f3d-8a67-2d4b61f0c9e3"
GALA = "0b4c4410-1d46-43cd-a903-e8cf9de6ade5"
NOON = 1_800_014_400_000  # 2027-01-15 12:00:00 UTC
SECOND = 1000
PASSWORD = "look and act here"
LOOK_PASSWORD = "look, nothing else"


@dataclass
class View:
    """An answer as a browser shows it."""

    status: int
    headers: http.client.HTTPMessage
    body: bytes
    known: Mapping[str, str] = field(default_factory=dict)
    page: Reader = field(init=False)

    def __post_init__(self) -> None:
        self.page = Reader()
        if (self.headers["Content-Type"] or "").startswith("text/html"):
            self.page.feed(self.text)

    @property
    def text(self) -> str:
        return self.body.decode()

    @property
    def names(self) -> list[str]:
        """Return who is listed; a list that nobody searched in has numbers alone."""
        return [self.known.get(row[0], row[0]) for row in self.page.rows]

    def follow(self, text: str) -> str:
        return self.page.links[text]


class Reader(HTMLParser):
    """Reads the rows of the table, the links, the fields and all tags of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.rows: list[list[str]] = []
        self.links: dict[str, str] = {}
        self.fields: dict[str, str | None] = {}
        self.tags: list[str] = []
        self.words = ""
        self._cell = False
        self._link = ""
        self._select = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = dict(attrs)
        self.tags.append(tag)
        if tag == "tr":
            self.rows.append([])
        elif tag == "td":
            self.rows[-1].append("")
        elif tag == "a":
            self._link = found["href"] or ""
        elif tag == "input":
            self.fields[str(found["name"])] = found.get("value")
        elif tag == "select":
            self._select = str(found["name"])
            self.fields[self._select] = ""
        elif tag == "option" and "selected" in found:
            self.fields[self._select] = found["value"]
        self._cell = tag == "td" or (self._cell and tag not in ("tr", "table"))

    def handle_endtag(self, tag: str) -> None:
        if tag == "td":
            self._cell = False
        elif tag == "a":
            self._link = ""
        elif tag == "thead":
            self.rows.clear()

    def handle_data(self, data: str) -> None:
        self.words += data
        if self._cell:
            self.rows[-1][-1] += data
        if self._link:
            self.links[data] = self._link


class Console:
    """Talks to a running host, and writes into its ledger what a test wants to find there."""

    def __init__(self, host: Host) -> None:
        self.host = host
        self._numbers = count(1)
        self._names: dict[str, str] = {}
        self._cookie = ""
        self.log_in(PASSWORD)

    def log_in(self, password: str) -> None:
        form = {"Content-Type": "application/x-www-form-urlencoded"}
        answer = self._ask("POST", "/console/login", urlencode({"password": password}), form)
        self._cookie = str(answer.headers["Set-Cookie"]).partition(";")[0]

    def get(self, path: str = "/console/registrations", **query: Any) -> View:
        """Open a page. A query's name may end in `_`, as `from_`."""
        fields = {name.removesuffix("_"): value for name, value in query.items()}
        address = path + (f"?{urlencode(fields)}" if fields else "")
        return self._ask("GET", address, None, {"Cookie": self._cookie})

    def anonymous(self, path: str) -> View:
        return self._ask("GET", path, None, {})

    def add(self, name: str = "Ada Byron", at: int = NOON, **values: Any) -> int:
        """Write a receipt with one registration; return its number."""
        number = next(self._numbers)
        return self.add_records([{"name": name, **values}], at, first=number * 1000)[0]

    def add_records(self, rows: list[dict[str, Any]], at: int, first: int) -> list[int]:
        """Write one receipt with its registrations, and a delivery for each that has a target."""
        receipt = {"client": rows[0].get("client", "acme"), "endpoint": "CventReg"}
        made: list[int] = []

        def write(connection: Any) -> None:
            done = connection.execute(
                insert(receipts).values(**receipt, state="split", received_at=at)
            )
            for position, given in enumerate(rows):
                row = dict(given)
                there = row.pop("there", None)
                name = row.get("name", "")
                values = {
                    "receipt_id": done.inserted_primary_key[0],
                    "position": position,
                    "client": "acme",
                    "endpoint": "CventReg",
                    "kind": "registration",
                    "event_stub": SUMMIT,
                    "email": f"number{first + position}@example.com",
                    "confirmation": f"C{first + position}",
                    "search_name": search_form(name),
                    "ordered_at": at,
                    "state": "delivered",
                    **row,
                }
                new = connection.execute(insert(registrations).values(values))
                made.append(new.inserted_primary_key[0])
                add_terms(connection, [(made[-1], {"invitee_stub": "", **values})])
                self._names[str(made[-1])] = name
                if there:
                    connection.execute(
                        insert(deliveries).values(
                            registration_id=made[-1],
                            client=values["client"],
                            created_at=at,
                            **there,
                        )
                    )

        self.host.store.write(write)
        return made

    def audit(self) -> list[tuple[str, str, str]]:
        rows = self.host.store.read(lambda c: noted(c, 0, 100))
        return [(row.what, row.about, row.text) for row in rows]

    def count(self) -> int:
        return len(self.host.store.read(lambda c: c.execute(select(registrations.c.id)).all()))

    def _ask(self, method: str, path: str, body: str | None, headers: dict[str, str]) -> View:
        parts = urlsplit(self.host.url)
        connection = http.client.HTTPConnection(str(parts.hostname), parts.port, timeout=60)
        try:
            connection.request(method, path, body, headers)
            answer = connection.getresponse()
            return View(answer.status, answer.headers, answer.read(), self._names)
        finally:
            connection.close()


def client_file(name: str, **events: str) -> str:
    return json.dumps(
        {
            "client": name,
            "events": {event: {"id": stub} for event, stub in events.items()},
            "endpoints": {
                "CventReg": {"path": f"/cvent/{name}", "tokens": [{"env": "CONSOLE_PASSWORD"}]}
            },
            "plugins": ["cvent-token"],
            "targets": {
                "crm": {
                    "use": "files",
                    "settings": {"path": f"{name}.jsonl"},
                    "map": {"Email": "email"},
                }
            },
        }
    )


@pytest.fixture
def console(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Console]:
    """A console that is logged in to, with two clients and nothing received."""
    with running_console(tmp_path, monkeypatch) as console:
        yield console


@pytest.fixture(params=["sqlite", "postgresql"])
def console_on(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Console]:
    """The same on each database."""
    if request.param == "sqlite":
        with running_console(tmp_path, monkeypatch) as console:
            yield console
        return
    with new_schema() as url:
        store = Store(url)
        upgrade(store)
        store.close()
        with running_console(tmp_path, monkeypatch, database=url) as console:
            yield console


@contextmanager
def running_console(
    folder: Path, monkeypatch: pytest.MonkeyPatch, **settings: Any
) -> Iterator[Console]:
    """Start a host with a console, and stop it."""
    monkeypatch.setenv("CONSOLE_PASSWORD", PASSWORD)
    monkeypatch.setenv("CONSOLE_LOOK_PASSWORD", LOOK_PASSWORD)
    passwords = {
        "password": {"env": "CONSOLE_PASSWORD"},
        "look_password": {"env": "CONSOLE_LOOK_PASSWORD"},
    }
    (folder / "clients").mkdir()
    (folder / "base.yaml").write_text(
        json.dumps({"host": {"console": passwords, **settings}}), encoding="utf-8"
    )
    for name, events in (("acme", {"Summit": SUMMIT, "Gala": GALA}), ("zeta", {})):
        text = client_file(name, **events)
        (folder / "clients" / f"{name}.yaml").write_text(text, encoding="utf-8")
    host = Host(folder, worker=False, address=Address("127.0.0.1", 0))
    host.start()
    try:
        yield Console(host)
    finally:
        host.stop()
