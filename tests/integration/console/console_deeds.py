"""A host with a console, people who look and act there, and a worker that works when it is told."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest
import requests

from regbridge.cli.starter import CLIENT
from regbridge.host import Address, Host
from regbridge.sender import Sender
from regbridge.store.audit import noted
from regbridge.testing import payloads
from regbridge.worker.loop import Worker

TOKEN = "hunter2hunter2"
ACT, LOOK = "a password to act", "a password to look"
PATH = "/cvent/acme/CventReg"
HOSTILE = "<script>alert(1)</script>\u202e=cmd()"


@dataclass
class Page:
    """What somebody sees."""

    status: int
    text: str
    location: str = ""


@dataclass
class Somebody:
    """A browser of somebody who may have logged in."""

    url: str
    session: requests.Session = field(default_factory=requests.Session)

    def __post_init__(self) -> None:
        self.session.trust_env = False

    def log_in(self, password: str) -> Somebody:
        page = self.post("/login", token="", password=password)
        assert page.status == 303
        return self

    def get(self, path: str) -> Page:
        return self._page(self.session.get(self._at(path), allow_redirects=False))

    def post(self, path: str, token: str | None = None, **fields: str) -> Page:
        """Send a form, with the token of an own page unless another one is given."""
        sent = {"token": self.token() if token is None else token, **fields}
        return self.send(path, sent)

    def send(self, path: str, fields: Mapping[str, str]) -> Page:
        return self._page(self.session.post(self._at(path), fields, allow_redirects=False))

    def token(self) -> str:
        [token] = set(re.findall(r'name="token" value="(\w+)"', self.get("").text))
        return str(token)

    def _at(self, path: str) -> str:
        return f"{self.url}/console{path}"

    @staticmethod
    def _page(answer: requests.Response) -> Page:
        return Page(answer.status_code, answer.text, unquote(answer.headers.get("Location", "")))


class Bridge:
    """A host whose worker works when it is told."""

    def __init__(self, host: Host) -> None:
        self.host = host
        self.actor = Somebody(host.url).log_in(ACT)
        self.woken: list[tuple[str, str]] = []

    def somebody(self, password: str = "") -> Somebody:
        person = Somebody(self.host.url)
        return person.log_in(password) if password else person

    def receive(self, *bodies: bytes) -> None:
        with Sender(self.host.url + PATH, TOKEN) as sender:
            for body in bodies:
                sender.send(body)

    def work(self) -> None:
        Worker(self.host.store, self.host.clients, self.host.file.config.worker).run_once()

    def process(self, *bodies: bytes) -> None:
        self.receive(*bodies)
        self.work()

    def rows(self, statement: str) -> list[Any]:
        return list(self.host.store.read(lambda c: c.exec_driver_sql(statement).all()))

    def write(self, statement: str) -> None:
        self.host.store.write(lambda c: c.exec_driver_sql(statement) and None)

    def audit(self) -> list[tuple[str, str, str, str]]:
        """Return who did what about what, and the text, the newest first."""
        rows = self.host.store.read(lambda c: noted(c, 0, 100))
        return [(row.who, row.what, row.about, row.text) for row in rows]


def registered(record: Mapping[str, Any], time: str = payloads.TIME) -> bytes:
    return payloads.encode(payloads.live("InviteeOrGuestAccepted", record, time))


@contextmanager
def running(folder: Path, *changes: tuple[str, str]) -> Iterator[Bridge]:
    """Run a host whose client file has some texts replaced."""
    (folder / "clients").mkdir(parents=True, exist_ok=True)
    text = CLIENT.replace("<NAME>", "acme").replace("<PATH>", PATH)
    text = text.replace("<TOKEN>", "ACME_CVENT_TOKEN")
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    (folder / "clients" / "acme.yaml").write_text(text, encoding="utf-8")
    (folder / "base.yaml").write_text(
        "host:\n  console:\n    password: {env: ACT_PASSWORD}\n"
        "    look_password: {env: LOOK_PASSWORD}\nplugins: [cvent-token]\n",
        encoding="utf-8",
    )
    host = Host(folder, worker=False, address=Address("127.0.0.1", 0))
    try:
        host.start()
        yield Bridge(host)
    finally:
        host.stop()


NO_EMAIL = ("Email: email", "Email: {from: nowhere, required: true}")
"""Parks every registration, until `nowhere` is corrected."""


@pytest.fixture
def passwords(monkeypatch: pytest.MonkeyPatch) -> None:
    """The environment of the host."""
    monkeypatch.setenv("ACME_CVENT_TOKEN", TOKEN)
    monkeypatch.setenv("ACT_PASSWORD", ACT)
    monkeypatch.setenv("LOOK_PASSWORD", LOOK)


@pytest.fixture
def delivering(tmp_path: Path, passwords: None) -> Iterator[Bridge]:
    """A host whose registrations are delivered."""
    with running(tmp_path) as bridge:
        yield bridge


@pytest.fixture
def parking(tmp_path: Path, passwords: None) -> Iterator[Bridge]:
    """A host whose registrations are parked, because a field has no value."""
    with running(tmp_path, NO_EMAIL) as bridge:
        yield bridge
