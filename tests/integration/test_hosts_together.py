"""Hosts of one PostgreSQL ledger, each with threads and connections of its own."""

from __future__ import annotations

import http.client
import json
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from tests.postgres import new_schema

from regbridge.host import Host
from regbridge.store.engine import Store
from regbridge.store.upgrades import upgrade
from regbridge.testing.payloads import encode, live, registrant

TOKEN = "a token of several hosts"
SECONDS = 30
POLL_SECONDS = 60
"""So seldom that nothing would be found in time by looking for it."""

CLIENT = {
    "client": "apap",
    "endpoints": {"CventReg": {"path": "/cvent/apap", "tokens": [{"file": "token"}]}},
    "plugins": ["cvent-token"],
    "targets": {"crm": {"use": "files", "settings": {"path": "out.jsonl"}, "map": {"E": "email"}}},
}


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    """The configuration of a ledger whose tables are made."""
    with new_schema() as database:
        (tmp_path / "clients").mkdir()
        (tmp_path / "token").write_text(TOKEN, encoding="utf-8")
        host = {"database": database, "port": 0, "worker": {"poll_seconds": POLL_SECONDS}}
        (tmp_path / "base.yaml").write_text(json.dumps({"host": host}), encoding="utf-8")
        (tmp_path / "clients" / "apap.yaml").write_text(json.dumps(CLIENT), encoding="utf-8")
        store = Store(database)
        upgrade(store)
        store.close()
        yield tmp_path


@pytest.fixture
def start(folder: Path) -> Iterator[Callable[..., Host]]:
    """Start a host on the folder, `web` or `worker`; it is stopped at the end."""
    hosts: list[Host] = []

    def start(*, web: bool = True, worker: bool = True) -> Host:
        hosts.append(Host(folder, web=web, worker=worker))
        hosts[-1].start()
        return hosts[-1]

    yield start
    for host in hosts:
        host.stop()


def post(host: Host) -> None:
    place = urlsplit(host.url)
    connection = http.client.HTTPConnection(place.hostname or "", place.port, timeout=SECONDS)
    body = encode(live("InviteeOrGuestAccepted", registrant(1)))
    connection.request("POST", "/cvent/apap", body, {"Authorization": TOKEN})
    assert connection.getresponse().status == 200
    connection.close()


def test_a_message_that_one_host_takes_wakes_the_worker_of_another(
    folder: Path, start: Callable[..., Host]
) -> None:
    start(web=False)
    web = start(worker=False)
    waiting = threading.Event()
    waiting.wait(1)  # both have looked for work, and listen now

    post(web)

    for _ in range(SECONDS * 50):
        if (folder / "out.jsonl").exists():
            break
        waiting.wait(0.02)
    assert len((folder / "out.jsonl").read_text(encoding="utf-8").splitlines()) == 1


def test_a_host_whose_port_is_taken_says_so_and_closes_everything(
    folder: Path, start: Callable[..., Host]
) -> None:
    first = start(worker=False)
    base = json.loads((folder / "base.yaml").read_text(encoding="utf-8"))
    base["host"]["port"] = urlsplit(first.url).port
    (folder / "base.yaml").write_text(json.dumps(base), encoding="utf-8")
    second = Host(folder)

    with pytest.raises(OSError, match="is another program using it"):
        second.start()
    second.stop()
