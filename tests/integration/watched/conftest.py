"""Hosts that are watched: their configuration, how to ask them, what they say."""

from __future__ import annotations

import http.client
import json
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event
from typing import Any
from urllib.parse import urlsplit

import pytest
from prometheus_client.core import Metric
from prometheus_client.parser import text_string_to_metric_families

from regbridge.demo import wait_settled
from regbridge.host import Address, Host
from regbridge.sender import Sender
from regbridge.testing import payloads

TOKEN = "a-token-of-the-prometheus-0001"
CVENT_TOKEN = "a-token-of-cvent"
PATH = "/cvent/acme/CventReg"
TIMEOUT = 30

BASE = """
time_zone: UTC
plugins: [cvent-token]
host:
  database: sqlite:///ledger.db
  trusted_proxy: 127.0.0.1
  worker: {poll_seconds: 0.05}
"""
OPEN = "  metrics: {open: true}\n"
CLIENT = f"""
client: acme
endpoints:
  CventReg: {{path: {PATH}, tokens: [{{env: ACME_CVENT_TOKEN}}]}}
events:
  conference: {{id: {payloads.EVENT}}}
targets:
  crm:
    use: files
    settings: {{path: delivered.jsonl}}
    map: {{Email: {{from: email, required: true}}, Name: fullName}}
"""


@dataclass(frozen=True)
class Answer:
    """What a host answered."""

    status: int
    headers: http.client.HTTPMessage
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def metrics(self) -> Mapping[str, Metric]:
        families = text_string_to_metric_families(self.body.decode())
        return {family.name: family for family in families}


def value(metrics: Mapping[str, Metric], sample: str, **labels: str) -> float:
    """Return the value of the one sample that has these labels."""
    found = [
        each.value
        for metric in metrics.values()
        for each in metric.samples
        if each.name == sample and labels.items() <= each.labels.items()
    ]
    assert len(found) == 1, (sample, labels, found)
    return found[0]


@dataclass
class Site:
    """A configuration folder, and the hosts that a test starts on it."""

    folder: Path
    hosts: list[Host] = field(default_factory=list)

    @classmethod
    def made(cls, folder: Path) -> Site:
        """Make a folder with one client."""
        (folder / "clients").mkdir(parents=True)
        (folder / "clients/acme.yaml").write_text(CLIENT, encoding="utf-8")
        return cls(folder)

    def start(self, base: str = BASE + OPEN, *, worker: bool = True) -> Host:
        """Start a host with this base.yaml."""
        (self.folder / "base.yaml").write_text(base, encoding="utf-8")
        host = Host(self.folder, worker=worker, address=Address("127.0.0.1", 0))
        self.hosts.append(host)
        host.start()
        return host

    def stop(self, host: Host) -> None:
        """Stop a host before the end of the test."""
        self.hosts.remove(host)
        host.stop()


def ask(
    host: Host, path: str, headers: Mapping[str, str] | None = None, body: bytes | None = None
) -> Answer:
    """Send one request in a connection of its own: a POST, if it has a body."""
    parts = urlsplit(host.url)
    connection = http.client.HTTPConnection(str(parts.hostname), parts.port, timeout=TIMEOUT)
    try:
        method = "GET" if body is None else "POST"
        connection.request(method, path, body, dict(headers or {}))
        response = connection.getresponse()
        return Answer(response.status, response.headers, response.read())
    finally:
        connection.close()


def send(host: Host, *messages: bytes) -> list[int]:
    """Send messages as Cvent does; return their receipts when all is settled."""
    with Sender(host.url + PATH, CVENT_TOKEN) as sender:
        answers = [sender.send(message) for message in messages]
    receipts = [answer.receipt for answer in answers if answer.receipt is not None]
    if host._worker:
        wait_settled(host, receipts)
    return receipts


def scrape(host: Host) -> Mapping[str, Metric]:
    """Return the metrics by name, with what is counted in the background counted now."""
    for tally in host.counting.tallies:
        host.counting.count(tally)
    answer = ask(host, "/metrics")
    assert answer.status == 200, answer.body
    return answer.metrics


def until(condition: Callable[[], bool]) -> None:
    """Wait for what other threads bring about."""
    deadline = time.monotonic() + TIMEOUT
    never = Event()
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        never.wait(0.02)


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    """A folder with one client; what still runs at the end is stopped."""
    monkeypatch.setenv("ACME_CVENT_TOKEN", CVENT_TOKEN)
    monkeypatch.setenv("METRICS_TOKEN", TOKEN)
    site = Site.made(tmp_path / "configs")
    yield site
    for host in site.hosts:
        host.stop()
