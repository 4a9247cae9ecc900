"""A client file is edited while the service runs."""

from __future__ import annotations

import gc
import json
import threading
import time
import weakref
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
from tests.client_folder import Folder
from tests.typed import typed

from regbridge.demo import endings, wait_settled
from regbridge.host import Address, Host
from regbridge.pipeline import Pipeline
from regbridge.sender import Sender
from regbridge.testing.payloads import encode, live, registrant

DEADLINE = 30.0
BASE = """\
host:
  port: 0
  reload_seconds: 0
  worker: {poll_seconds: 0.05}
  api: {tokens: [{env: API_TOKEN}]}
plugins: [cvent-token]
"""
API_TOKEN = "a token of the API, that is long".replace(" ", "-").replace(",", "")


class Site:
    """A host on a folder that is edited. It looks at the files when the test says so."""

    def __init__(self, folder: Folder) -> None:
        self.folder = folder
        self.hosts: list[Host] = []

    def start(self, *, web: bool = True, worker: bool = True) -> Host:
        host = Host(self.folder.path, web=web, worker=worker, address=Address("127.0.0.1", 0))
        self.hosts.append(host)
        host.start()
        return host

    @property
    def host(self) -> Host:
        return self.hosts[0]

    def look(self) -> None:
        """Let all hosts see what changed: once, and again when it rests."""
        for host in self.hosts:
            host.reload.look()
            host.reload.look()

    def send(self, number: int, path: str = "/apap", token: str = "hunter2") -> int | None:
        """Send what Cvent sends when somebody registers; return the receipt."""
        with Sender(self.host.url + path, token) as sender:
            answer = sender.send(encode(live("InviteeOrGuestAccepted", registrant(number))))
        assert answer.status == 200, answer.text
        return answer.receipt

    def deliver(self, number: int, **options: Any) -> dict[str, Any]:
        """Send a registration, and return the line that it becomes."""
        receipt = self.send(number, **options)
        assert receipt is not None
        assert wait_settled(self.host, [receipt])
        assert [each.state for each in endings(self.host, [receipt])] == ["delivered"]
        lines = (self.folder.path / "out.jsonl").read_text(encoding="utf-8").splitlines()
        line: dict[str, Any] = json.loads(lines[-1])
        return line

    def health(self) -> Any:
        return requests.get(f"{self.host.url}/health", timeout=DEADLINE).json()


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    monkeypatch.setenv("ROSTER_TOKEN", "hunter2")
    monkeypatch.setenv("API_TOKEN", API_TOKEN)
    folder = Folder(tmp_path / "configs")
    folder.base(BASE)
    folder.write("apap")
    site = Site(folder)
    yield site
    for host in site.hosts:
        assert host.stop()


def until(condition: Callable[[], bool]) -> None:
    """Wait for what other threads bring about."""
    deadline = time.monotonic() + DEADLINE
    never = threading.Event()
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        never.wait(0.02)


def edit(site: Site, old: str, new: str, file: str = "apap") -> None:
    path = site.folder.clients / f"{file}.yaml"
    site.folder.put(path, path.read_text(encoding="utf-8").replace(old, new))


def test_a_changed_mapping_maps_what_arrives_from_then_on(site: Site) -> None:
    site.start()
    assert site.deliver(1).keys() == {"_delivery", "Email"}
    edit(site, "Email: email", "Mail: email, Name: lastName")

    site.look()

    assert site.deliver(2).keys() == {"_delivery", "Mail", "Name"}
    assert site.health() == {"status": "ok", "clients": ["apap"], "refused": []}


def test_the_service_sees_a_change_by_itself(site: Site) -> None:
    site.folder.base(BASE.replace("reload_seconds: 0", "reload_seconds: 0.05"))
    host = site.start()
    before = host.clients.running["apap"]
    edit(site, "Email: email", "Mail: email")

    until(lambda: host.clients.running["apap"] is not before)
    assert "Mail" in site.deliver(1)


def test_a_refused_change_is_told_everywhere_and_what_ran_goes_on(
    site: Site, capsys: pytest.CaptureFixture[str]
) -> None:
    site.start()
    site.folder.write("acme")
    site.look()
    edit(site, "use: files", "use: filez")
    site.look()

    assert "Email" in site.deliver(1)
    assert site.health() == {
        "status": "degraded",
        "clients": ["acme", "apap"],
        "refused": ["apap"],
    }
    out = status(site, capsys)
    assert "client apap: the file changed at 20" in out
    assert "is refused; the configuration of 20" in out
    assert "apap.yaml:5: targets.crm.use: no plugin 'filez'; did you mean 'files'?" in out
    assert "acme" in out
    assert "client acme:" not in out
    found = asked(site)
    assert found == json.loads(status(site, capsys, "--json"))["clients"]
    assert [(row["client"], row["standing"]) for row in found] == [
        ("acme", "runs"),
        ("apap", "refused"),
    ]
    edit(site, "use: filez", "use: files")
    site.look()

    assert site.health()["status"] == "ok"
    assert [row["standing"] for row in asked(site)] == ["runs", "runs"]


def status(site: Site, capsys: pytest.CaptureFixture[str], *more: str) -> str:
    """Return what `regbridge status` prints, which is another process on the same ledger."""
    capsys.readouterr()
    typed("status", "--configs", str(site.folder.path), *more)
    return capsys.readouterr().out


def asked(site: Site) -> list[dict[str, Any]]:
    """Return what the API says of the clients."""
    url = f"{site.host.url}/api/v1/status"
    headers = {"Authorization": f"Bearer {API_TOKEN}"}
    found: list[dict[str, Any]] = requests.get(url, headers=headers, timeout=DEADLINE).json()[
        "clients"
    ]
    return found


def test_each_host_notices_by_itself_and_status_tells_them_apart(
    site: Site, capsys: pytest.CaptureFixture[str]
) -> None:
    web, work = site.start(worker=False), site.start(web=False)
    assert "client apap" not in status(site, capsys)
    edit(site, "use: files", "use: filez")
    for _ in range(2):
        web.reload.look()

    out = status(site, capsys)

    assert f"client apap at {web._presence.host}: the file changed at" in out
    assert f"client apap at {work._presence.host}" not in out
    assert site.hosts.pop().stop()
    assert "client apap: the file changed at" in status(site, capsys)


def test_after_the_stop_nobody_is_there(site: Site, capsys: pytest.CaptureFixture[str]) -> None:
    site.start()
    assert "What runs" in status(site, capsys)
    assert site.hosts.pop().stop()

    assert "What runs" not in status(site, capsys)


def test_a_client_that_loses_its_file_goes_on_and_status_says_so(
    site: Site, capsys: pytest.CaptureFixture[str]
) -> None:
    site.start()
    site.folder.delete("apap")

    site.look()

    assert "Email" in site.deliver(1)
    assert "client apap: no file defines it since 20" in status(site, capsys)
    assert site.health()["status"] == "ok"


def test_a_client_that_is_added_receives_and_delivers(site: Site) -> None:
    site.start()
    site.folder.write("acme")

    site.look()

    assert "Email" in site.deliver(1, path="/acme")


def test_a_token_in_a_file_is_replaced_without_a_restart(site: Site) -> None:
    token = site.folder.path / "token"
    site.folder.put(token, "first token")
    edit(site, "{env: ROSTER_TOKEN}", "{file: token}")
    site.start()
    site.deliver(1, token="first token")
    site.folder.put(token, "other token")

    site.look()

    site.deliver(2, token="other token")
    assert (
        requests.get(
            site.host.url + "/apap", headers={"Authorization": "first token"}, timeout=DEADLINE
        ).status_code
        == 401
    )


def test_a_host_block_that_changed_is_told_and_holds_after_a_restart(
    site: Site, capsys: pytest.CaptureFixture[str]
) -> None:
    host = site.start()
    site.folder.base(BASE.replace("port: 0", "port: 0\n  threads: 5"))

    site.look()

    assert "the host: block, or a secret of it, changed at 20" in status(site, capsys)
    assert host.file.config.threads != 5
    assert site.health()["status"] == "ok"


def test_a_request_under_way_keeps_its_plugins_open(site: Site) -> None:
    (site.folder.clients / "slow.py").write_text(SLOW, encoding="utf-8")
    edit(site, "targets:", "plugins: [./slow.py]\ntargets:")
    host = site.start()
    [slow] = [n.plugin for n in host.clients.running["apap"].plugins if n.name == "slow"]
    answers: list[int] = []
    request = threading.Thread(
        target=lambda: answers.append(
            requests.get(host.url + "/apap", timeout=DEADLINE).status_code
        )
    )
    request.start()
    assert slow.entered.wait(DEADLINE)  # type: ignore[attr-defined]
    edit(site, "Email: email", "Mail: email")
    site.look()

    assert not slow.closed.is_set()  # type: ignore[attr-defined]
    slow.opened.set()  # type: ignore[attr-defined]
    request.join(DEADLINE)
    assert answers == [200]
    assert slow.closed.wait(DEADLINE)  # type: ignore[attr-defined]
    [new] = [n.plugin for n in host.clients.running["apap"].plugins if n.name == "slow"]
    assert not new.closed.is_set()  # type: ignore[attr-defined]


SLOW = """
import threading
from regbridge import Identity, Plugin, hookimpl


class Slow(Plugin):
    def __init__(self, settings, context):
        super().__init__(settings, context)
        self.entered, self.opened, self.closed = (threading.Event() for _ in range(3))

    @hookimpl
    def authenticate_request(self):
        assert not self.closed.is_set()
        self.entered.set()
        self.opened.wait(30)
        return Identity("anybody")

    def close(self):
        self.closed.set()
"""


def test_many_changes_leave_nothing_behind(site: Site) -> None:
    (site.folder.clients / "slow.py").write_text(SLOW, encoding="utf-8")
    host = site.start()
    threads = threading.active_count()
    old: list[weakref.ref[Pipeline]] = []
    edit(site, "targets:", "plugins: [cvent-token, ./slow.py]\ntargets:")
    site.look()
    for number in range(50):
        old.append(weakref.ref(host.clients.running["apap"]))
        edit(site, "map: {", f"map: {{F{number}: email, ")
        site.look()
        assert len(host.clients.running["apap"].client.targets["crm"].map) == number + 2
    site.deliver(1)
    until(lambda: threading.active_count() == threads)
    host.reload.look()
    gc.collect()

    assert [ref() for ref in old if ref() is not None] == []
    assert threading.active_count() == threads
