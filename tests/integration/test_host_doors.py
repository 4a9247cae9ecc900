"""Whom a whole host lets in, as its files say, and what is known of those that it does not."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import requests

from regbridge.host import Address, Host
from regbridge.status import figures

TOKEN = "a-token-that-cvent-sends"
API_TOKEN = "a-token-of-the-monitoring-0001"
PATHS = ("/cvent/apap/CventReg", "/cvent/apap/Open", "/console/login", "/api/v1/status", "/health")
CVENT, OFFICE, MONITOR, STRANGER = "203.0.113.7", "198.51.100.7", "198.51.100.99", "192.0.2.66"

BASE = """
host:
  database: sqlite:///regbridge.db
  trusted_proxy: [127.0.0.1, 10.0.0.0/8]
  {allow}
  console:
    password: {{env: CONSOLE_PASSWORD}}
    {console}
  api:
    tokens: [{{env: API_TOKEN}}]
    {api}
plugins: [cvent-token]
"""
CLIENT = """
client: apap
endpoints:
  CventReg: {path: /cvent/apap/CventReg, tokens: [{env: APAP_TOKEN}]}
  Open:
    path: /cvent/apap/Open
    tokens: [{env: APAP_TOKEN}]
    allow_from: [0.0.0.0/0, "::/0"]
targets: {file: {use: files, settings: {path: a.jsonl}, map: {A: email}}}
"""


class Site:
    """A host behind two proxies."""

    def __init__(self, host: Host) -> None:
        self.host = host

    def ask(self, address: str, path: str, **headers: str) -> requests.Response:
        sent = {"Authorization": TOKEN, "X-Forwarded-For": f"{address}, 10.1.1.1", **headers}
        if path.startswith("/api"):
            sent["Authorization"] = f"Bearer {API_TOKEN}"
        url = self.host.url + path
        return requests.get(url, headers=sent, timeout=30, allow_redirects=False)

    def statuses(self, address: str) -> list[int]:
        return [self.ask(address, path).status_code for path in PATHS]

    def refused(self) -> list[Mapping[str, Any]]:
        """Return what `regbridge status` shows of refused requests."""
        self.host._admission_flush.flush()
        found: list[Mapping[str, Any]] = figures(self.host.store, 0)["refused"]
        return sorted(found, key=lambda row: (row["endpoint"], row["address"]))


@pytest.fixture
def start(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Site]]:
    """Starts a host with lists of networks."""
    monkeypatch.setenv("APAP_TOKEN", TOKEN)
    monkeypatch.setenv("API_TOKEN", API_TOKEN)
    monkeypatch.setenv("CONSOLE_PASSWORD", "a password of the console")
    (tmp_path / "clients").mkdir()
    (tmp_path / "clients/apap.yaml").write_text(CLIENT, encoding="utf-8")
    hosts: list[Host] = []

    def start(allow: str = "", console: str = "", api: str = "") -> Site:
        base = BASE.format(allow=allow, console=console, api=api)
        (tmp_path / "base.yaml").write_text(base, encoding="utf-8")
        hosts.append(Host(tmp_path, worker=False, address=Address("127.0.0.1", 0)))
        hosts[0].start()
        return Site(hosts[0])

    yield start
    for host in hosts:
        host.stop()


def test_without_lists_everybody_is_let_in(start: Callable[..., Site]) -> None:
    assert start().statuses(STRANGER) == [200] * 5


def test_one_list_holds_for_all_but_health_and_what_has_its_own(
    start: Callable[..., Site],
) -> None:
    site = start(allow=f"allow_from: [{CVENT}, '2001:db8::/32']")

    assert site.statuses(CVENT) == [200, 200, 200, 200, 200]
    assert site.statuses("2001:db8::7") == [200, 200, 200, 200, 200]
    assert site.statuses(STRANGER) == [403, 200, 403, 403, 200]


def test_console_and_api_may_have_lists_of_their_own(start: Callable[..., Site]) -> None:
    site = start(
        allow=f"allow_from: {CVENT}",
        console=f"allow_from: {OFFICE}",
        api=f"allow_from: [{MONITOR}, {OFFICE}]",
    )

    assert site.statuses(CVENT) == [200, 200, 403, 403, 200]
    assert site.statuses(OFFICE) == [403, 200, 200, 200, 200]
    assert site.statuses(MONITOR) == [403, 200, 403, 200, 200]


def test_whoever_is_refused_is_in_the_status_with_how_often_and_why(
    start: Callable[..., Site],
) -> None:
    site = start(allow=f"allow_from: {CVENT}")
    for _ in range(3):
        site.ask(STRANGER, PATHS[0])
    site.ask(STRANGER, PATHS[0], Authorization="a-wrong-one")
    site.ask(CVENT, PATHS[0], Authorization="a-wrong-one")
    site.ask(STRANGER, "/console")

    rows = [
        tuple(row[name] for name in ("endpoint", "cause", "address", "by_cvent", "requests"))
        for row in site.refused()
    ]

    assert rows == [
        ("/console", "not in allow_from", STRANGER, False, 1),
        ("CventReg", "not in allow_from", STRANGER, True, 4),
        ("CventReg", "wrong token", CVENT, False, 1),
    ]
    assert TOKEN not in json.dumps(site.refused())


def test_a_token_is_known_from_the_start_and_its_use_afterwards(
    start: Callable[..., Site],
) -> None:
    site = start()

    def uses() -> list[tuple[str, str, int]]:
        site.host._admission_flush.flush()
        found = figures(site.host.store, 0)["tokens"]
        return [(row["endpoint"], row["token"], row["uses"]) for row in found]

    assert uses() == [("CventReg", "env APAP_TOKEN", 0), ("Open", "env APAP_TOKEN", 0)]
    site.ask(CVENT, PATHS[0])
    assert uses() == [("CventReg", "env APAP_TOKEN", 1), ("Open", "env APAP_TOKEN", 0)]


def test_the_console_leads_nowhere_else_whatever_host_a_request_names(
    start: Callable[..., Site],
) -> None:
    site = start()

    for headers in ({"Host": "evil.example"}, {"X-Forwarded-Host": "evil.example"}):
        answer = site.ask(OFFICE, "/console", **headers)
        assert answer.status_code == 302
        assert answer.headers["Location"].startswith("/console/login")
        assert "evil" not in answer.headers["Location"] + answer.text


def test_the_cookie_of_the_console_is_for_https_alone_when_a_proxy_says_so(
    start: Callable[..., Site],
) -> None:
    site = start()

    def cookie(proto: str) -> str:
        answer = requests.post(
            f"{site.host.url}/console/login",
            data={"password": "a password of the console"},
            headers={"X-Forwarded-For": OFFICE, "X-Forwarded-Proto": proto},
            allow_redirects=False,
            timeout=30,
        )
        return answer.headers["Set-Cookie"]

    assert "Secure" in cookie("https")
    assert "Secure" not in cookie("http")
    assert "Secure" not in cookie("<script>")
