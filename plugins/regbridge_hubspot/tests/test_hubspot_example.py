"""The example client passes its check, and its registrations arrive in a simulated account."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from regbridge.cli import app
from regbridge.testing.payloads import registrant, substitution, sync
from regbridge.testing.trial import Trial
from regbridge_hubspot.deliver import Hubspot
from regbridge_hubspot.simulator import Fault, HubspotSimulator

EXAMPLES = Path(__file__).parents[1] / "configs"
CLIENT = EXAMPLES / "clients" / "hubspot.yaml"
EVENT = "0b4c4410-1d46-43cd-a903-e8cf9de6ade5"


@pytest.fixture
def simulator() -> Iterator[HubspotSimulator]:
    with HubspotSimulator() as simulator:
        yield simulator


@pytest.fixture
def trial(simulator: HubspotSimulator) -> Iterator[Trial]:
    environ = {
        "HUBSPOT_CVENT_TOKEN": "a token of Cvent's",
        "HUBSPOT_URL": simulator.url,
        "HUBSPOT_ACCESS_TOKEN": simulator.credentials.service_key,
    }
    start = datetime(2027, 3, 4, 9, 30, tzinfo=UTC)
    with Trial(CLIENT, plugins={"hubspot": Hubspot}, environ=environ, start=start) as trial:
        yield trial


@pytest.mark.parametrize("online", [[], ["--online"]], ids=["offline", "online"])
def test_the_example_passes_its_check(
    simulator: HubspotSimulator,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    online: list[str],
) -> None:
    """The class is named where the package need not be installed."""
    folder = tmp_path / "example"
    shutil.copytree(EXAMPLES, folder)
    file = folder / "clients" / "hubspot.yaml"
    text = file.read_text(encoding="utf-8")
    named = text.replace("use: hubspot", "use: regbridge_hubspot.deliver:Hubspot")
    file.write_text(named, encoding="utf-8")
    monkeypatch.setenv("HUBSPOT_CVENT_TOKEN", "a-token-of-cvents-that-is-long-enough-0123456789")
    monkeypatch.setenv("HUBSPOT_URL", simulator.url)
    monkeypatch.setenv("HUBSPOT_ACCESS_TOKEN", simulator.credentials.service_key)

    found = CliRunner().invoke(app, ["check", "--configs", str(folder), *online])

    assert found.exit_code == 0, found.output
    assert "3 cases" in found.output
    assert simulator.calls.batches == []


def test_a_message_becomes_contacts_and_registrations(
    trial: Trial, simulator: HubspotSimulator
) -> None:
    trial.send(sync(120, event=EVENT))
    trial.settle()

    assert trial.states() == {"delivered": 120}
    assert len(simulator.records("contacts")) == 120
    assert len(simulator.records("registrations")) == 120
    assert sum(simulator.calls.batches) == 240
    assert len(simulator.calls.batches) <= 10


def test_a_substitution_leaves_both_persons_and_one_registration(
    trial: Trial, simulator: HubspotSimulator
) -> None:
    trial.send(sync(1, event=EVENT))
    trial.settle()
    trial.send(substitution(registrant(1, EVENT), registrant(2, EVENT)))
    trial.settle()

    assert len(simulator.records("contacts")) == 2
    [registration] = simulator.records("registrations")
    newest = simulator.records("contacts")[1]
    assert registration["cvent_contact_id"] == newest["cvent_contact_id"]


def test_only_the_person_with_a_wrong_address_is_parked_and_is_retried_when_it_is_right(
    trial: Trial, simulator: HubspotSimulator
) -> None:
    message: dict[str, Any] = sync(5, event=EVENT)
    message["message"][2]["email"] = "no address"
    trial.send(message)
    trial.settle()

    parked = [one for one in trial.deliveries("contact") if one.state == "parked"]
    assert [one.field for one in parked] == ["email"]
    assert len(simulator.records("contacts")) == 4


def test_an_outage_is_waited_for(trial: Trial, simulator: HubspotSimulator) -> None:
    simulator.fail(Fault.UNAVAILABLE, times=3)
    trial.send(sync(3, event=EVENT))
    trial.settle(minutes=60)
    assert trial.states() == {"delivered": 3}
