"""A host that enriches: what becomes of a sync when the quota ends in the middle of it."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from regbridge.clients import Clients, start_clients
from regbridge.config.schema import WorkerConfig
from regbridge.limits import Limiters
from regbridge.store import report
from regbridge.store.engine import Store
from regbridge.store.intake import Arrival, Intake
from regbridge.store.limits import LedgerPlaces
from regbridge.store.upgrades import upgrade
from regbridge.testing import payloads
from regbridge.worker.loop import Worker
from regbridge_cvent.refusals import next_midnight
from regbridge_cvent.simulator import Behaviour, CventSimulator, Population, Tier

CLIENT = """
client: apap
endpoints: {CventReg: {path: /cvent/apap/CventReg, tokens: [{env: APAP_TOKEN}]}}
events: {conference: {id: %s, questions: {member_id: {code: MEMBERID}}}}
plugins:
  - cvent-token
  - use: cvent-enrich
    settings:
      account:
        url: {env: CVENT_URL}
        client_id: {env: CVENT_ID}
        client_secret: {env: CVENT_SECRET}
      include: [answers]
targets:
  crm:
    use: files
    settings: {path: crm.jsonl}
    map: {Member: answers.member_id, Email: email}
"""


class Bridge:
    """A ledger and a worker whose time tests move, on a simulated account."""

    def __init__(self, folder: Path, simulator: CventSimulator) -> None:
        self.simulator = simulator
        self.offset = 0.0
        self.store = Store(f"sqlite:///{(folder / 'ledger.db').as_posix()}")
        upgrade(self.store)
        limiters = Limiters(LedgerPlaces(self.store), self.seconds)
        self.clients: Clients = start_clients(folder, limiters)
        self.intake = Intake(self.store)
        self.worker = Worker(
            self.store,
            self.clients,
            WorkerConfig(),
            clock=lambda: round(self.seconds() * 1000),
            jitter=lambda: 0.0,
        )

    def seconds(self) -> float:
        return time.time() + self.offset

    def moment(self) -> datetime:
        return datetime.fromtimestamp(self.seconds(), UTC)

    def receive(self, *messages: dict[str, Any]) -> None:
        for message in messages:
            body = payloads.encode(message)
            size = len(message["message"])
            self.intake.accept(
                Arrival(
                    "apap", "CventReg", body, self.moment(), message["eventType"], record_count=size
                )
            )

    def states(self) -> Counter[str]:
        rows = self.store.read(report.count_registrations)
        return Counter({row.state: row.count for row in rows})

    def close(self) -> None:
        self.intake.close()
        self.clients.close()
        self.store.close()
        self.simulator.stop()


@pytest.fixture
def bridge(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Bridge]:
    bridges: list[Bridge] = []

    def moment() -> datetime:
        return bridges[0].moment() if bridges else datetime.now(UTC)

    simulator = CventSimulator(
        Population(900, guests_every=0), Behaviour(Tier("tiny", 4, 500, 500)), clock=moment
    )
    monkeypatch.setenv("APAP_TOKEN", "a token")
    monkeypatch.setenv("CVENT_URL", simulator.start())
    monkeypatch.setenv("CVENT_ID", "simulator")
    monkeypatch.setenv("CVENT_SECRET", "simulator-secret")
    (tmp_path / "clients").mkdir()
    (tmp_path / "base.yaml").write_text("time_zone: UTC\n", encoding="utf-8")
    (tmp_path / "clients" / "apap.yaml").write_text(CLIENT % payloads.EVENT, encoding="utf-8")
    bridges.append(Bridge(tmp_path, simulator))
    yield bridges[0]
    bridges[0].close()


def test_a_quota_that_ends_in_the_middle_of_a_sync_pauses_it_until_midnight_and_loses_nothing(
    bridge: Bridge,
) -> None:
    bridge.receive(payloads.sync(900))

    bridge.worker.run_once()

    before = bridge.states()
    assert before["delivered"] == 400
    assert before["pending"] == 500
    [pause] = bridge.store.read(report.all_pauses)
    midnight = next_midnight(bridge.moment())
    assert (pause.upstream, pause.cause) == ("cvent-enrich", "quota")
    assert pause.until == round(midnight.timestamp() * 1000)
    made = len(bridge.simulator.calls)
    bridge.worker.run_once()
    assert len(bridge.simulator.calls) == made

    bridge.offset = midnight.timestamp() - time.time() + 1
    bridge.simulator.calls.clear()
    for _ in range(4):  # the next days buy the rest
        bridge.worker.run_once()
        bridge.offset += 86_400
    assert bridge.states() == Counter({"delivered": 900})
    assert bridge.store.read(report.all_pauses) == []


def test_no_attempt_is_burnt_while_the_quota_is_used_up(bridge: Bridge) -> None:
    bridge.receive(payloads.sync(900))
    bridge.worker.run_once()

    found = bridge.store.read(
        lambda c: report.find_registrations(c, payloads.registrant(900)["email"])
    )

    assert [(row.state, row.attempts) for row in found] == [("pending", 0)]


def test_a_registration_that_cvent_does_not_show_is_parked_with_that_reason_at_last(
    bridge: Bridge,
) -> None:
    record = payloads.registrant(5000)
    bridge.receive(payloads.live("InviteeOrGuestAccepted", record))
    for _ in range(40):
        bridge.worker.run_once()
        bridge.offset += 86_400

    [row] = bridge.store.read(lambda c: report.find_registrations(c, record["email"]))

    assert row.state == "parked"
    assert row.reason.startswith("Cvent does not show this registration yet, or no more")


def test_the_ledger_counts_the_calls_of_the_account(bridge: Bridge) -> None:
    from regbridge.store.limits import calls_since

    bridge.receive(payloads.live("InviteeOrGuestAccepted", payloads.registrant(1)))
    bridge.worker.run_once()

    [row] = bridge.store.read(lambda c: calls_since(c, "2020-01-01"))
    assert row.key.startswith("cvent ")
    assert row.calls == len(bridge.simulator.calls)
    assert row.left == 4 - row.calls  # of the tier of this account
