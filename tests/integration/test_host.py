"""The whole service of one process, with real plugins, over real HTTP."""

from __future__ import annotations

import gzip
import http.client
import json
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from queue import Queue
from threading import Event
from typing import Any
from urllib.parse import urlsplit

import falcon
import pytest

from regbridge import ConfigError, StoreUnavailableError
from regbridge.alerts import watch
from regbridge.host import Address, Host
from regbridge.store.report import (
    count_registrations,
    endings_of,
    parked_receipts,
    unsettled,
)
from regbridge.testing.payloads import encode, live, message, registrant, sync
from regbridge.testing.server import LocalServer

BODY_LIMIT = 50_000
TOKEN = "hunter2hunter2"
PATH = "/cvent/apap/CventReg"
DEADLINE = 30.0

BASE = f"""\
host:
  port: 0
  threads: 4
  body_limit: {BODY_LIMIT}
  database: sqlite:///regbridge.db
  worker: {{poll_seconds: 0.05}}
plugins: [cvent-token]
"""
CLIENT = """\
client: apap
endpoints:
  CventReg:
    path: /cvent/apap/CventReg
    tokens: [{env: APAP_TOKEN}, {env: APAP_TOKEN_OLD}]
plugins: [cvent-token, skip-guests]
targets:
  crm:
    use: files
    settings: {path: out.jsonl}
    map:
      Email: {from: email, required: true}
      Name: lastName
"""


@dataclass
class Site:
    """A configuration folder, and the hosts that a test starts on it."""

    folder: Path
    hosts: list[Host] = field(default_factory=list)

    def host(self, *, web: bool = True, worker: bool = True) -> Host:
        host = Host(self.folder, web=web, worker=worker)
        self.hosts.append(host)
        return host

    def started(self, **parts: bool) -> Host:
        host = self.host(**parts)
        host.start()
        return host

    def stop(self, host: Host) -> bool:
        self.hosts.remove(host)
        return host.stop()

    def client(self, name: str, text: str) -> None:
        (self.folder / "clients" / f"{name}.yaml").write_text(text, encoding="utf-8")

    def delivered(self) -> list[str]:
        """Return the e-mail addresses in the delivered file, in order."""
        file = self.folder / "out.jsonl"
        lines = file.read_text(encoding="utf-8").splitlines() if file.exists() else []
        return [json.loads(line)["Email"] for line in lines]


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    """A folder with one client; what is still running at the end is stopped."""
    monkeypatch.setenv("APAP_TOKEN", TOKEN)
    monkeypatch.setenv("APAP_TOKEN_OLD", "older-token")
    (tmp_path / "clients").mkdir()
    (tmp_path / "base.yaml").write_text(BASE, encoding="utf-8")
    site = Site(tmp_path)
    site.client("apap", CLIENT)
    yield site
    for host in site.hosts:
        host.stop()


def ask(
    host: Host,
    method: str = "GET",
    path: str = PATH,
    body: Any = None,
    *,
    token: str | bytes | None = TOKEN,
    headers: Mapping[str, str] | None = None,
) -> tuple[int, Any]:
    """Return status and JSON of an answer; each request has a connection of its own."""
    address = urlsplit(host.url)
    connection = http.client.HTTPConnection(str(address.hostname), address.port, timeout=DEADLINE)
    try:
        connection.putrequest(method, path)
        if body is not None:
            connection.putheader("Content-Length", str(len(body)))
        if token is not None:
            connection.putheader("Authorization", token)
        for name, value in (headers or {}).items():
            connection.putheader(name, value)
        connection.endheaders(body)
        response = connection.getresponse()
        return response.status, json.loads(response.read() or b"null")
    finally:
        connection.close()


def post(host: Host, body: Any, **options: Any) -> tuple[int, Any]:
    return ask(host, "POST", body=body if isinstance(body, bytes) else encode(body), **options)


def until(condition: Callable[[], bool]) -> None:
    """Wait for what other threads bring about."""
    deadline = time.monotonic() + DEADLINE
    never = Event()
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        never.wait(0.02)


def settled(host: Host, *receipts: int) -> Sequence[str]:
    """Return the states of the registrations of receipts once none of them is on its way."""
    until(lambda: not host.store.read(lambda c: unsettled(c, receipts)))
    return [ending.state for ending in host.store.read(lambda c: endings_of(c, receipts))]


def emails(*numbers: int) -> list[str]:
    return [registrant(number)["email"] for number in numbers]


def test_cvents_validation_is_answered_for_a_right_token_only(site: Site) -> None:
    host = site.started()
    assert ask(host) == (200, {"client": "apap", "endpoint": "CventReg"})
    assert ask(host, token="older-token")[0] == 200
    wrong = [None, "", "wrong", f"Bearer {TOKEN}", TOKEN.upper(), "tökén".encode(), b"\xff\xfe"]
    assert [ask(host, token=token)[0] for token in wrong] == [401] * len(wrong)


def test_a_message_is_delivered_to_the_file(site: Site) -> None:
    host = site.started()
    body = live("InviteeOrGuestAccepted", registrant(7))
    status, answer = post(host, body)
    assert (status, answer["registrations"]) == (200, 1)
    assert settled(host, answer["receipt"]) == ["delivered"]
    assert site.delivered() == emails(7)


def test_a_message_may_come_with_its_type_and_stub_in_the_path(site: Site) -> None:
    host = site.started()
    body = live("InviteeOrGuestAccepted", registrant(7))
    path = f"{PATH}/InviteeOrGuestAccepted/{body['messageStub']}"
    status, answer = post(host, body, path=path)
    assert status == 200
    assert settled(host, answer["receipt"]) == ["delivered"]


def test_every_record_of_a_sync_ends_in_a_state(site: Site) -> None:
    host = site.started()
    records = [registrant(1), registrant(2, guest=True), registrant(3, email=""), "text"]
    _, answer = post(host, message("AttendeeManualSynced", records))
    assert settled(host, answer["receipt"]) == ["delivered", "filtered", "parked", "parked"]
    assert site.delivered() == emails(1)


def test_the_same_message_again_is_a_duplicate(site: Site) -> None:
    host = site.started()
    receipts = [post(host, sync(1))[1]["receipt"] for _ in range(2)]
    assert settled(host, *receipts) == ["delivered", "duplicate"]
    assert site.delivered() == emails(1)


def test_gzip_is_accepted(site: Site) -> None:
    host = site.started()
    body = gzip.compress(encode(sync(2)))
    _, answer = post(host, body, headers={"Content-Encoding": "gzip"})
    assert settled(host, answer["receipt"]) == ["delivered"] * 2


BAD_BODIES = {
    "empty": b"",
    "list": b"[]",
    "object": b"{}",
    "message null": b'{"eventType": "A", "messageStub": "s", "message": null}',
    "deep": b'{"eventType": "A", "message": [' + b"[" * 10_000 + b"]" * 10_000 + b"]}",
    "invalid UTF-8": b'{"eventType": "\xff", "message": []}',
    "NaN": b'{"eventType": "A", "message": [NaN]}',
}


def test_a_malformed_body_is_answered_400_and_parked_once(site: Site) -> None:
    host = site.started()
    for body in [*BAD_BODIES.values(), *BAD_BODIES.values()]:
        status, answer = post(host, body)
        assert status == 400
        assert answer["detail"].startswith("the body")
    parked = host.store.read(parked_receipts)
    assert len(parked) == len(BAD_BODIES)
    assert {row.arrivals for row in parked} == {2}


def test_a_byte_order_mark_is_no_fault(site: Site) -> None:
    host = site.started()
    status, answer = post(host, b"\xef\xbb\xbf" + encode(sync(1)))
    assert status == 200
    assert settled(host, answer["receipt"]) == ["delivered"]


def test_a_body_beyond_the_limit_is_refused_and_leaves_nothing(site: Site) -> None:
    host = site.started()
    bomb = gzip.compress(b" " * 20_000_000)
    assert len(bomb) < BODY_LIMIT
    assert post(host, b" " * (BODY_LIMIT + 1))[0] == 413
    assert post(host, bomb, headers={"Content-Encoding": "gzip"})[0] == 413
    assert host.store.read(parked_receipts) == []
    assert post(host, sync(1))[0] == 200


def test_a_body_that_nobody_vouches_for_is_not_stored(site: Site) -> None:
    host = site.started(worker=False)
    for token in (None, "wrong", "tökén".encode()):
        assert post(host, sync(1), token=token)[0] == 401
        assert post(host, b"no JSON", token=token)[0] == 401
    _, answer = post(host, sync(1))
    assert host.store.read(parked_receipts) == []
    assert answer["receipt"] == 1


def test_health_is_ok_while_every_client_runs(site: Site) -> None:
    host = site.started()
    expected = {"status": "ok", "clients": ["apap"], "refused": []}
    assert ask(host, path="/health", token=None) == (200, expected)


def test_a_refused_client_degrades_health_and_is_answered_503(site: Site) -> None:
    site.client("broken", CLIENT.replace("apap", "broken").replace("files", "filez"))
    host = site.started()
    status, health = ask(host, path="/health", token=None)
    assert (status, health["status"]) == (200, "degraded")
    assert (health["clients"], health["refused"]) == (["apap"], ["broken"])
    for method in ("GET", "POST"):
        assert ask(host, method, "/cvent/broken/CventReg", b"{}")[0] == 503
    _, answer = post(host, sync(1))
    assert settled(host, answer["receipt"]) == ["delivered"]


def test_a_restart_keeps_everything(site: Site) -> None:
    receiving = site.started(worker=False)
    _, first = post(receiving, sync(3))
    post(receiving, b"no JSON")
    assert site.stop(receiving)
    assert site.delivered() == []

    host = site.started()
    assert settled(host, first["receipt"]) == ["delivered"] * 3
    assert sorted(site.delivered()) == sorted(emails(1, 2, 3))
    assert site.stop(host)

    again = site.started()
    _, second = post(again, sync(3))
    assert settled(again, second["receipt"]) == ["duplicate"] * 3
    assert len(again.store.read(parked_receipts)) == 1
    assert len(site.delivered()) == 3
    assert sum(row.count for row in again.store.read(count_registrations)) == 6


def test_one_process_receives_and_another_one_delivers(site: Site) -> None:
    web = site.started(worker=False)
    work = site.started(web=False)
    assert work.url == ""
    receipts = [
        post(web, live("InviteeOrGuestAccepted", registrant(number)))[1]["receipt"]
        for number in range(1, 6)
    ]
    assert settled(web, *receipts) == ["delivered"] * 5
    assert sorted(site.delivered()) == sorted(emails(1, 2, 3, 4, 5))
    assert site.stop(work)
    assert site.stop(web)


def test_after_the_stop_nobody_listens(site: Site) -> None:
    host = site.started()
    assert site.stop(host)
    with pytest.raises(OSError, match=r"."):
        ask(host)


def test_a_host_that_was_never_started_can_be_stopped(site: Site) -> None:
    assert site.stop(site.host())


def test_a_port_that_is_taken_is_told_and_leaves_nothing_running(site: Site) -> None:
    port = urlsplit(site.started().url).port
    base = BASE.replace("regbridge.db", "other.db")  # that of another service
    (site.folder / "base.yaml").write_text(base, encoding="utf-8")
    second = Host(site.folder, address=Address(port=port))
    site.hosts.append(second)
    with pytest.raises(OSError, match=f"cannot listen on 127.0.0.1 port {port}"):
        second.start()
    assert site.stop(second)


def test_a_host_block_that_is_wrong_stops_the_start_with_its_line(site: Site) -> None:
    (site.folder / "base.yaml").write_text("host:\n  prt: 8080\n", encoding="utf-8")
    with pytest.raises(ConfigError, match=r"base\.yaml:2: host\.prt: unknown key 'prt'; did you"):
        site.host()


def test_health_tells_when_the_ledger_is_gone(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    def gone() -> None:
        raise StoreUnavailableError("the disk is full")

    host = site.started()
    monkeypatch.setattr(host.store, "ping", gone)
    assert ask(host, path="/health", token=None)[0] == 503


def test_an_alert_goes_where_base_yaml_says(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    posted: Queue[Any] = Queue()

    class Hook:
        def on_post(self, req: falcon.Request, _resp: falcon.Response) -> None:
            posted.put(req.get_media())

    app = falcon.App()
    app.add_route("/hook", Hook())
    monkeypatch.setattr(watch, "EVERY_SECONDS", 0.05)
    with LocalServer(app) as chat:
        monkeypatch.setenv("ALERT_URL", f"{chat.url}/hook")
        base = BASE.replace("host:", "host:\n  alerts: {webhook: {url: {env: ALERT_URL}}}")
        (site.folder / "base.yaml").write_text(base, encoding="utf-8")
        host = site.started()

        post(host, live("InviteeOrGuestModified", registrant(1, email="")))

        alert = posted.get(timeout=DEADLINE)
        site.stop(host)

    assert alert["subject"] == "apap: 1 registration is parked"
    assert posted.empty()
