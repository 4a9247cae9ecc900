"""From Cvent's request to the call of the CRM and back, by the log and the ledger."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.integration.watched.conftest import BASE, CVENT_TOKEN, OPEN, PATH, Site, ask, send

from regbridge.cli.logs import LogSettings, logged
from regbridge.demo import wait_settled
from regbridge.story import receipt_story, registration_story
from regbridge.testing.payloads import encode, live, registrant, sync
from regbridge.testing.server import LocalServer

PLUGIN = '''
"""Sends records to a service, many with one call."""

import json

from regbridge import Outcome, Settings, TargetPlugin, hookimpl
from regbridge.http import Outbound, Tracing


class Crm(TargetPlugin):
    """A target with a service behind it."""

    settings_model = Settings
    idempotent = True
    batch_size = 50

    def __init__(self, settings, context):
        super().__init__(settings, context)
        tracing = Tracing("X-Call", "X-Batch")
        self._outbound = Outbound("the CRM", "URL", tracing=tracing, shows_path=True)

    def close(self):
        self._outbound.close()

    @hookimpl
    def deliver_records(self, records):
        body = json.dumps([record.fields for record in records])
        self._outbound.send("POST", "URL/records?key=hunter2", body=body)
        return [Outcome.created(str(record.delivery)) for record in records]
'''
TARGET = "    use: files\n    settings: {path: delivered.jsonl}\n"


class Service:
    """The CRM: it remembers what it was called with."""

    def __init__(self) -> None:
        self.calls: list[tuple[str, str, int]] = []

    def __call__(self, environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
        records = json.loads(environ["wsgi.input"].read(int(environ["CONTENT_LENGTH"])))
        call = environ["HTTP_X_CALL"], environ["HTTP_X_BATCH"], len(records)
        self.calls.append(call)
        start("200 OK", [])
        return [b"{}"]


@pytest.fixture
def crm(site: Site) -> Iterator[Service]:
    """A service, and a client whose target is a plugin that calls it."""
    service = Service()
    with LocalServer(service) as server:
        plugin = PLUGIN.replace("URL", server.url)
        (site.folder / "clients/crm.py").write_text(plugin, encoding="utf-8")
        client = site.folder / "clients/acme.yaml"
        text = client.read_text(encoding="utf-8").replace(TARGET, "    use: crm.py\n")
        client.write_text(text, encoding="utf-8")
        yield service


@pytest.fixture
def log(tmp_path: Path) -> Iterator[Callable[[], list[Any]]]:
    """Keeps the log in a file, as a service does, and returns its entries."""
    path = tmp_path / "regbridge.log"

    def entries() -> list[Any]:
        return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]

    with logged(LogSettings("debug", file=path)):
        yield entries


def one(entries: list[Any], event: str, **facts: Any) -> Any:
    """Return the one entry of an event that has some facts."""
    found = [e for e in entries if e["event"] == event and facts.items() <= e.items()]
    assert len(found) == 1, (event, found)
    return found[0]


def test_a_message_is_followed_from_cvents_request_to_the_call_and_back(
    site: Site, crm: Service, log: Callable[[], list[Any]]
) -> None:
    host = site.start()
    headers = {"Authorization": CVENT_TOKEN, "Request-ID": "547c3e6c-cvent"}
    body = live("InviteeOrGuestAccepted", registrant(1))
    answer = ask(host, PATH, headers, encode(body))
    receipt = answer.json["receipt"]
    wait_settled(host, [receipt])
    site.stop(host)

    assert answer.headers["X-Request-Id"] == "547c3e6c-cvent"
    entries = log()
    stored = one(entries, "message stored", request="547c3e6c-cvent")
    assert (stored["receipt"], stored["message"]) == (receipt, body["messageStub"])
    [(call, batch, records)] = crm.calls
    assert records == 1
    called = one(entries, "call answered", call=call)
    assert called["receipts"] == [receipt]
    assert (called["step"], called["client"], called["target"]) == ("deliver", "acme", "crm")
    assert (called["batch"], called["path"], called["status"]) == (batch, "/records", 200)
    sent = one(entries, "records sent", batch=batch)
    assert (sent["receipts"], sent["delivered"]) == ([receipt], 1)

    story: Any = registration_story(host.store, 1, body=False)
    [delivery] = story["registrations"][0]["deliveries"]
    assert delivery["batch"] == batch
    receipt_told = receipt_story(host.store, receipt, body=False)
    assert receipt_told is not None
    assert receipt_told["message_stub"] == stored["message"]


def test_a_call_of_many_registrations_names_the_receipts_that_it_served(
    site: Site, crm: Service, log: Callable[[], list[Any]]
) -> None:
    receiving = site.start(worker=False)
    first = send(receiving, encode(sync(30)))
    others = send(
        receiving,
        *(encode(live("InviteeOrGuestAccepted", registrant(n))) for n in range(100, 130)),
    )
    site.stop(receiving)
    host = site.start(BASE + OPEN)
    wait_settled(host, [*first, *others])
    site.stop(host)

    calls = [entry for entry in log() if entry["event"] == "call answered"]
    assert {entry["call"] for entry in calls} == {call for call, _, _ in crm.calls}
    assert all(len(entry["receipts"]) <= 20 for entry in calls)
    named = {receipt for entry in calls for receipt in entry["receipts"]}
    more = sum(entry.get("more_receipts", 0) for entry in calls)
    assert named <= {*first, *others}
    assert len(named) + more >= 31
    lines = [entry for entry in log() if entry.get("step") or entry.get("receipt")]
    assert len(lines) < 31 + 10 * len(calls), "no line is about a single registration of a sync"


def test_no_line_holds_personal_data_a_token_or_a_query(
    site: Site, crm: Service, log: Callable[[], list[Any]]
) -> None:
    host = site.start()
    people = [registrant(number) for number in range(1, 6)]
    send(host, *(encode(live("InviteeOrGuestAccepted", person)) for person in people))
    ask(host, PATH, {"Authorization": "a-wrong-token"}, b"{}")
    ask(host, PATH, {"Authorization": CVENT_TOKEN}, encode(people[0])[:-20])
    site.stop(host)

    text = json.dumps(log())
    for person in people:
        for name in ("email", "firstName", "lastName", "confirmationNumber", "inviteeStub"):
            assert str(person[name]) not in text, name
    for secret in (CVENT_TOKEN, "a-wrong-token", "hunter2"):
        assert secret not in text


def test_what_is_refused_names_its_request_and_leaves_nothing_to_the_next(
    site: Site, crm: Service, log: Callable[[], list[Any]]
) -> None:
    host = site.start()
    ask(host, PATH, {"Authorization": CVENT_TOKEN, "Request-ID": "first"}, b"no JSON")
    ask(host, "/nowhere", {"Request-ID": "second"})
    answer = ask(host, PATH, {"Authorization": "wrong", "Request-ID": "not a word"}, b"{}")
    site.stop(host)

    refused = [entry for entry in log() if entry["event"] == "request refused"]
    assert [entry["request"] for entry in refused[:2]] == ["first", "second"]
    assert "receipt" in refused[0]
    assert refused[2]["request"] == answer.headers["X-Request-Id"] != "not a word"
    assert "request" not in one(log(), "stopped")
