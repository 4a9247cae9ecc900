"""A host with a console, and a browser without a screen: requests with a cookie."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from regbridge.host import Address, Host
from regbridge.sender import Sender

TOKEN = "a token that Cvent sends"
ACT = "the password of who may act"
LOOK = "the password of who may look"
PATH = "/cvent/acme/CventReg"

CLIENT = f"""
client: acme
endpoints:
  CventReg: {{path: {PATH}, tokens: [{{env: ACME_CVENT_TOKEN}}]}}
events:
  conference: {{id: 0B4C4410-1D46-43CD-A903-E8CF9DE6ADE5}}
targets:
  file:
    use: files
    settings: {{path: delivered.jsonl}}
    map:
      Name: fullName || firstName
      Company: {{from: company, required: true}}
"""

BASE = """
host:
  database: sqlite:///regbridge.db
  worker: {{poll_seconds: 0.05}}
  trusted_proxy: {proxy}
  console:
    password: {{env: CONSOLE_PASSWORD}}
    look_password: {{env: CONSOLE_LOOK_PASSWORD}}
    identity_header: X-Remote-User
    act: [ACME\\anna]
    look: ["*"]
plugins:
  - cvent-token
"""


class Browser:
    """Somebody who looks at the console; follows redirects, keeps cookies."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.session = requests.Session()

    def get(self, path: str = "", **options: Any) -> requests.Response:
        return self.session.get(f"{self.url}/console{path}", timeout=30, **options)

    def post(self, path: str, data: dict[str, str], **options: Any) -> requests.Response:
        return self.session.post(f"{self.url}/console{path}", data=data, timeout=30, **options)

    def log_in(self, password: str) -> Browser:
        answer = self.post("/login", {"password": password})
        assert answer.status_code == 200, answer.text
        return self

    def token(self, path: str = "") -> str:
        """Return the token that forms of a page bring along."""
        found = re.search(r'name="token" value="([0-9a-f]+)"', self.get(path).text)
        assert found is not None
        return found[1]


class Site:
    """A host with its console."""

    def __init__(self, host: Host) -> None:
        self.host = host

    def browser(self) -> Browser:
        return Browser(self.host.url)

    def send(self, *bodies: bytes) -> None:
        """Send messages as Cvent does."""
        with Sender(self.host.url + PATH, TOKEN) as sender:
            for body in bodies:
                sender.send(body)


@pytest.fixture
def new_site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Site]]:
    """Starts a host; `proxy` is whose identity header is believed, `worker` says if it works."""
    monkeypatch.setenv("ACME_CVENT_TOKEN", TOKEN)
    monkeypatch.setenv("CONSOLE_PASSWORD", ACT)
    monkeypatch.setenv("CONSOLE_LOOK_PASSWORD", LOOK)
    hosts: list[Host] = []

    def start(proxy: str = "10.9.8.7", *, worker: bool = True, base: str = BASE) -> Site:
        configs = tmp_path / "configs"
        (configs / "clients").mkdir(parents=True, exist_ok=True)
        (configs / "base.yaml").write_text(base.format(proxy=proxy), encoding="utf-8")
        (configs / "clients" / "acme.yaml").write_text(CLIENT, encoding="utf-8")
        host = Host(configs, worker=worker, address=Address("127.0.0.1", 0))
        hosts.append(host)
        host.start()
        return Site(host)

    yield start
    for host in hosts:
        host.stop()


@pytest.fixture
def site(new_site: Callable[..., Site]) -> Site:
    return new_site()
