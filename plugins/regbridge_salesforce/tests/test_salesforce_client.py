"""A whole client delivers to the simulated org, by the example that the README shows."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

import pytest
from typer.testing import CliRunner

from regbridge.cli import app
from regbridge.testing.payloads import live, registrant, substitution, sync
from regbridge.testing.trial import Trial
from regbridge_salesforce.deliver import Salesforce
from regbridge_salesforce.simulator import Fault, SalesforceSimulator

PACKAGE = Path(__file__).parents[1]
EXAMPLE = PACKAGE / "configs"
CLIENT = EXAMPLE / "clients" / "salesforce-direct.yaml"


@pytest.fixture
def simulator() -> Iterator[SalesforceSimulator]:
    with SalesforceSimulator() as running:
        yield running


def environment(simulator: SalesforceSimulator) -> Mapping[str, str]:
    return {
        "SALESFORCE_CVENT_TOKEN": "a-long-random-text-for-cvent",
        "SALESFORCE_URL": simulator.url,
        "SALESFORCE_CLIENT_ID": simulator.app.client_id,
        "SALESFORCE_CLIENT_SECRET": simulator.app.secret,
    }


@pytest.fixture
def trial(simulator: SalesforceSimulator) -> Iterator[Trial]:
    with Trial(
        CLIENT, plugins={"salesforce": Salesforce}, environ=environment(simulator)
    ) as running:
        yield running


def test_a_sync_becomes_contacts_and_registrations_that_refer_to_them(
    simulator: SalesforceSimulator, trial: Trial
) -> None:
    trial.send(sync(30))
    trial.settle(minutes=60)
    contacts = {row["Id"] for row in simulator.records("Contact")}
    registrations = simulator.records("Event_Registration__c")
    assert trial.states() == {"delivered": 30}
    assert len(contacts) == len(registrations) == 30
    assert {row["Contact__c"] for row in registrations} == contacts
    assert simulator.calls["upsert"] <= 4


def test_a_substitute_gets_a_contact_of_their_own(
    simulator: SalesforceSimulator, trial: Trial
) -> None:
    trial.send(live("InviteeOrGuestAccepted", registrant(1)))
    trial.settle()
    [before] = simulator.records("Contact")
    trial.send(substitution(registrant(1), registrant(2)))
    trial.settle(minutes=60)
    contacts = simulator.records("Contact")
    [registration] = simulator.records("Event_Registration__c")
    assert contacts[0] == before
    assert registration["Contact__c"] == contacts[1]["Id"]


def test_an_outage_loses_nothing_and_doubles_nothing(
    simulator: SalesforceSimulator, trial: Trial
) -> None:
    simulator.fail_next(Fault.DROPPED_AFTER)
    simulator.fail_next(Fault.UNAVAILABLE, 3)
    trial.send(sync(10))
    trial.settle(minutes=24 * 60)
    assert trial.states() == {"delivered": 10}
    assert len(simulator.records("Contact")) == 10
    assert len(simulator.records("Event_Registration__c")) == 10


def test_the_orgs_own_day_is_waited_for(simulator: SalesforceSimulator, trial: Trial) -> None:
    simulator.limits.by_others = simulator.limits.per_day
    trial.send(sync(1))
    trial.settle(minutes=30)
    assert trial.states() == {"pending": 1}
    simulator.limits.by_others = 0
    trial.settle(minutes=24 * 60)
    assert trial.states() == {"delivered": 1}


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The entry points of pyproject.toml are found, whether the package is installed or not."""
    try:
        distribution("regbridge-salesforce")
    except PackageNotFoundError:
        project = tomllib.loads((PACKAGE / "pyproject.toml").read_text(encoding="utf-8"))["project"]
        info = tmp_path / "regbridge_salesforce-0.1.0.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(
            "Metadata-Version: 2.1\nName: regbridge-salesforce\nVersion: 0.1.0\n", encoding="utf-8"
        )
        lines = [
            f"[{group}]\n" + "".join(f"{name} = {value}\n" for name, value in entries.items())
            for group, entries in project["entry-points"].items()
        ]
        (info / "entry_points.txt").write_text("\n".join(lines), encoding="utf-8")
        monkeypatch.syspath_prepend(tmp_path)


@pytest.mark.usefixtures("installed")
def test_the_example_passes_regbridge_check_and_its_cases(
    simulator: SalesforceSimulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in environment(simulator).items():
        monkeypatch.setenv(name, value)
    result = CliRunner().invoke(app, ["check", "--online", "--configs", str(EXAMPLE)])
    assert result.exit_code == 0, result.output
    assert "4 cases" in result.output
    assert "of its 100,000 calls of 24 hours are left" in result.output


@pytest.mark.usefixtures("installed")
@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["plugins"], "salesforce"),
        (["salesforce", "fields", "--help"], "Print an object's fields"),
        (["simulate", "salesforce", "--help"], "Simulate a Salesforce org"),
    ],
)
def test_its_entry_points_are_found(arguments: list[str], said: str) -> None:
    result = CliRunner().invoke(app, arguments)
    assert result.exit_code == 0, result.output
    assert said in result.output
