"""`regbridge reconcile`, as somebody types it, against Cvent's simulator."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.simulated import cvent_account

from regbridge.host import Address, Host
from regbridge.testing import payloads
from regbridge.testing.payloads import encode, registrant, sync
from regbridge_cvent.simulator import CventSimulator

Run = Callable[..., Any]

CLIENT = f"""
client: acme
endpoints:
  CventReg: {{path: /cvent/acme/CventReg, tokens: [{{env: ACME_CVENT_TOKEN}}]}}
events:
  conference: {{id: {payloads.EVENT}}}
plugins:
  - cvent-token
  - use: cvent-enrich
    settings:
      account:
        url: {{env: CVENT_URL}}
        client_id: {{env: CVENT_ID}}
        client_secret: {{env: CVENT_SECRET}}
        calls_per_second: 1000
        burst: 1000
reconcile: {{every_minutes: null, grace_minutes: 0}}
targets:
  file:
    use: files
    settings: {{path: delivered.jsonl}}
    map: {{Invitee: inviteeStub, Name: fullName, Status: inviteeStatus}}
"""


@pytest.fixture
def simulator(monkeypatch: pytest.MonkeyPatch) -> Iterator[CventSimulator]:
    with cvent_account(monkeypatch, 5) as simulator:
        yield simulator


@pytest.fixture
def acme(simulator: CventSimulator, client: Path) -> Path:
    client.write_text(CLIENT, encoding="utf-8")
    client.with_name("acme.cases.yaml").unlink(missing_ok=True)
    return client


@pytest.fixture
def service(acme: Path, configs: Path) -> Iterator[Host]:
    """A service that runs beside the command."""
    host = Host(configs, address=Address("127.0.0.1", 0))
    host.start()
    yield host
    host.stop()


@pytest.fixture
def ledger(acme: Path, receive: Callable[..., None]) -> None:
    """A ledger to which one of the five was sent."""
    receive(encode(sync(1)))


def calls(simulator: CventSimulator) -> int:
    return len([call for call in simulator.calls if "attendees" in call.operation])


def delivered(configs: Path) -> list[Any]:
    file = configs / "delivered.jsonl"
    return [json.loads(line) for line in file.read_text("utf-8").splitlines()]


def test_without_a_ledger_it_says_so(run: Run, acme: Path) -> None:
    ran = run("reconcile", "--event", "conference")

    assert ran.status == 1
    assert "nothing received yet" in ran.err


def test_an_event_that_nobody_names_is_refused_with_the_nearest_name(
    run: Run, ledger: None
) -> None:
    ran = run("reconcile", "--event", "conferense")

    assert ran.status == 1
    assert "did you mean 'conference'?" in ran.err


def test_a_client_without_an_account_is_told_what_to_add(
    run: Run, client: Path, receive: Callable[..., None]
) -> None:
    receive(encode(sync(1)))

    ran = run("reconcile")

    assert ran.status == 1
    assert "cvent-enrich" in ran.err


def test_every_difference_is_named_and_nothing_is_sent(
    run: Run, service: Host, configs: Path, simulator: CventSimulator
) -> None:
    ran = run("reconcile", "--event", "conference")

    assert ran.status == 1
    assert "acme conference: 5 of 5 attendees compared, calls 1" in ran.out
    assert "5 at Cvent, 0 here, 0 at file: 5 not here." in ran.out
    assert ran.out.count("missing here") == 6
    names = {registrant(number)["fullName"] for number in range(1, 6)}
    assert all(name in ran.out for name in names)
    assert not (configs / "delivered.jsonl").exists()
    assert calls(simulator) == 1


def test_what_is_missing_is_sent_once_somebody_agrees(
    run: Run, service: Host, configs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers = iter([False, True])
    monkeypatch.setattr("typer.confirm", lambda question: next(answers))

    refused = run("reconcile", "--event", "conference", "--fix")
    assert (refused.status, (configs / "delivered.jsonl").exists()) == (1, False)
    agreed = run("reconcile", "--event", "conference", "--fix")

    assert agreed.status == 0
    assert "5 at Cvent, 5 here, 5 at file." in agreed.out
    stubs = {registrant(number)["inviteeStub"] for number in range(1, 6)}
    assert {row["Invitee"] for row in delivered(configs)} == stubs


def test_without_a_service_what_is_sent_waits_for_one(
    run: Run,
    ledger: None,
    process: Callable[..., None],
    configs: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("regbridge.cli.reconcile.PATIENCE_SECONDS", 0.0)
    process()

    ran = run("reconcile", "--fix", "--yes")
    assert "5 at Cvent, 1 here, 1 at file: 4 not here." in ran.out
    assert "On their way: 4; the service" in ran.out

    process()
    assert len(delivered(configs)) == 5
    assert "5 at Cvent, 5 here, 5 at file." in run("reconcile").out


def test_what_was_found_is_shown_again_without_asking_cvent(
    run: Run, service: Host, simulator: CventSimulator
) -> None:
    assert "never compared" in run("reconcile", "--last").out
    run("reconcile", "--event", "conference")
    asked = len(simulator.calls)

    ran = run("reconcile", "--last", "--json")

    assert len(simulator.calls) == asked
    [result] = ran.json
    assert (result["client"], result["event"], result["full"]) == ("acme", "conference", True)
    assert result["account"]["at_cvent"] == 5
    assert result["account"]["targets"]["file"]["can_be_read"] is True
    assert len(result["differences"]) == result["open"] == 5
    assert {each["kind"] for each in result["differences"]} == {"missing here"}


def test_the_second_time_only_changes_are_asked_for(
    run: Run, service: Host, simulator: CventSimulator
) -> None:
    run("reconcile", "--fix", "--yes")

    ran = run("reconcile", "--event", "conference")

    assert ran.status == 0
    assert "compared what changed" in ran.out
    assert "  5 missing here, sent." in ran.out
    assert registrant(1)["fullName"] not in ran.out
    assert registrant(1)["fullName"] in run("reconcile", "--last", "--all").out
    assert run("reconcile", "--full").out.count("compared fully") == 1


def test_status_says_when_everybody_was_proved_to_be_here(run: Run, service: Host) -> None:
    run("reconcile", "--fix", "--yes")

    [proof] = run("status", "--json").json["proofs"]
    assert proof["account"]["here"] == 5
    shown = run("status").out
    assert "5 at Cvent, 5 here, 5 at file" in shown
    assert "5 missing here (5 sent)" in shown


def test_a_comparison_that_cannot_go_on_says_why_and_goes_on_the_next_time(
    run: Run, service: Host, simulator: CventSimulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CVENT_SECRET", "wrong")

    ran = run("reconcile", "--event", "conference")
    assert ran.status == 1
    assert "the comparison of conference waits" in ran.err
    assert "run the command again" in ran.err
    monkeypatch.setenv("CVENT_SECRET", "simulator-secret")

    ran = run("reconcile", "--event", "conference", "--restart")
    assert "5 at Cvent" in ran.out


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--overwrite"], "--overwrite goes with --fix"),
        (["--fix", "--json"], "add --yes"),
    ],
)
def test_options_that_make_no_sense_are_refused(
    run: Run, acme: Path, arguments: list[str], says: str
) -> None:
    ran = run("reconcile", *arguments)

    assert ran.status == 2
    assert says in ran.err


def test_a_client_that_is_to_be_reconciled_needs_an_account(run: Run, client: Path) -> None:
    text = client.read_text("utf-8")
    client.write_text(text + "\nreconcile: {}\n", encoding="utf-8")

    ran = run("check")

    assert ran.status == 1
    assert "no plugin says whom Cvent has" in ran.out + ran.err
