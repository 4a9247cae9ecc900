"""Every sample payload, sent as Cvent would, ends as its folder says."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from sqlalchemy import Connection

from regbridge.demo import (
    CLIENT,
    compare,
    demo_stage,
    endings,
    run_demo,
    wait_settled,
)
from regbridge.host import Host
from regbridge.store.report import count_deliveries, deliveries_of
from regbridge.testing.samples import Sample, read_samples, rounds

SAMPLES = Path(__file__).parents[2] / "sample_payloads"


@pytest.fixture(scope="module")
def results(
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[tuple[Host, dict[str, list[int]], dict[str, list[int]]]]:
    """Send all samples to one host, round by round; statuses and receipts by sample."""
    statuses: dict[str, list[int]] = {}
    receipts: dict[str, list[int]] = {}
    with demo_stage(tmp_path_factory.mktemp("samples")) as stage:
        host = stage.host
        with stage.sender(CLIENT) as sender:
            for batch in rounds(read_samples(SAMPLES)):
                for sample in batch:
                    stage.learn(sample.body)
                    answers = [
                        sender.send(sample.body, sample.headers)
                        for _ in range(sample.expected.send)
                    ]
                    statuses[sample.name] = [answer.status for answer in answers]
                    receipts[sample.name] = [answer.receipt or 0 for answer in answers]
                assert wait_settled(host, [r for found in receipts.values() for r in found])
        yield host, statuses, receipts


@pytest.mark.parametrize("sample", read_samples(SAMPLES), ids=lambda sample: sample.name)
def test_a_sample_is_answered_and_ends_as_expected(
    sample: Sample, results: tuple[Host, dict[str, list[int]], dict[str, list[int]]]
) -> None:
    host, statuses, receipts = results
    assert statuses[sample.name] == [sample.expected.status] * sample.expected.send
    ended = endings(host, receipts[sample.name]) if sample.expected.status == 200 else []
    assert compare(sample, ended) == []
    assert records(host, [ending.registration for ending in ended]) == {
        target: list(fields) for target, fields in sample.records.items()
    }


def test_the_demo_accounts_for_every_registration(tmp_path: Path) -> None:
    with demo_stage(tmp_path) as stage:
        account = run_demo(stage, 50, lambda *_: None)
        clients = len(stage.host.clients.running)
        staged = dict(stage.host.store.read(staged_deliveries))
    expected = sum(len(s.expected.registrations) for s in read_samples(SAMPLES)) + 50
    assert account.mistakes == []
    assert account.sent == account.ended.total() == expected * clients
    assert account.malformed == clients
    assert sum(account.delivered.values()) >= sum(
        count
        for (client, state, _), count in account.ended.items()
        if (client, state) == (CLIENT, "delivered")
    )
    assert 0 < account.figures["calls of Cvent's API"] < 60
    received = account.figures["records that Protech's staging service received"]
    assert received == staged["delivered"]
    assert account.figures["of them doubles"] == 0
    assert ("apap", "filtered", "no member id; not cancelled") in account.ended


def staged_deliveries(connection: Connection) -> list[tuple[str, int]]:
    rows = count_deliveries(connection)
    return [(r.state, r.count) for r in rows if (r.client, r.target) == ("apap", "staging")]


def test_the_demo_notices_a_sum_that_is_off(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        "regbridge.demo.endings", lambda host, found: list(endings(host, found))[1:]
    )
    with demo_stage(tmp_path) as stage:
        account = run_demo(stage, 5, lambda *_: None)
    assert any("were sent and" in mistake for mistake in account.mistakes)


def records(host: Host, ids: Sequence[int]) -> dict[str, list[dict[str, object]]]:
    """Return the records that were delivered, by target."""
    found: dict[str, list[dict[str, object]]] = {}
    for row in host.store.read(lambda connection: deliveries_of(connection, ids)):
        if row.state == "delivered":
            found.setdefault(row.target, []).append(json.loads(row.record))
    return found
