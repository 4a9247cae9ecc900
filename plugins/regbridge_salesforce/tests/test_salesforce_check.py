"""`regbridge check --online` and `regbridge salesforce fields`, against the simulated org."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml
from typer.testing import CliRunner

from regbridge import Finding, Level, Target
from regbridge.testing.building import build_plugin
from regbridge_salesforce.commands import app
from regbridge_salesforce.deliver import Salesforce
from regbridge_salesforce.simulator import (
    Fault,
    FieldType,
    ObjectType,
    SalesforceSimulator,
    registration_schema,
)

MAP: dict[str, Any] = {
    "Cvent_Contact_Id__c": "registration.contactStub",
    "LastName": "lastName",
    "Account": "answers.member_id",
}
LOOKUPS = {"Account": {"key": "Member_Id__c"}}

Check = Callable[..., list[Finding]]


@pytest.fixture
def simulator() -> Iterator[SalesforceSimulator]:
    with SalesforceSimulator() as running:
        yield running


@pytest.fixture
def check(simulator: SalesforceSimulator) -> Check:
    def run(mapped: dict[str, Any] | None = None, **changes: Any) -> list[Finding]:
        target = Target("crm", map=MAP if mapped is None else mapped)
        plugin = build_plugin(
            Salesforce,
            simulator.settings(**{"lookups": LOOKUPS, **changes}),
            target=target,
            secrets={"client_secret": simulator.app.secret},
        )
        found = plugin.check_connection(target)
        assert plugin.check_connection(Target("another")) is None
        plugin.close()
        return list(found or ())

    return run


def wrong(findings: list[Finding]) -> list[tuple[str, tuple[str | int, ...]]]:
    assert all(one.remedy for one in findings if one.level is not Level.OK)
    return [(one.message, one.path) for one in findings if one.level is Level.ERROR]


def doubtful(findings: list[Finding]) -> list[str]:
    return [one.message for one in findings if one.level is Level.WARNING]


def changed(name: str, field: str, **changes: Any) -> ObjectType:
    [found] = [one for one in registration_schema() if one.name == name]
    fields = tuple(replace(one, **changes) if one.name == field else one for one in found.fields)
    return replace(found, fields=fields)


def test_all_is_well(simulator: SalesforceSimulator, check: Check) -> None:
    findings = check()
    assert {one.level for one in findings} == {Level.OK}
    assert "of its 100,000 calls of 24 hours are left" in findings[0].message
    assert simulator.records("Contact") == []


def test_what_does_not_fit_is_found_with_its_place(
    simulator: SalesforceSimulator, check: Check
) -> None:
    simulator.replace(changed("Contact", "Title", may_write=False))
    mapped = {
        **MAP,
        "Title": "title",
        "Firstname": "firstName",
        "HasOptedOutOfEmail": {"from": "optOut", "lookup": {"Yes": True, "No": "perhaps"}},
        "MailingAddress": "address",
    }
    found = wrong(check(mapped))
    assert [path for _, path in found] == [
        ("targets", "crm", "map", "Title"),
        ("targets", "crm", "map", "Firstname"),
        ("targets", "crm", "map", "HasOptedOutOfEmail", "lookup", "No"),
        ("targets", "crm", "map", "MailingAddress"),
    ]
    assert "cannot write the field Title" in found[0][0]


@pytest.mark.parametrize(
    ("changes", "mapped", "said", "path"),
    [
        ({"object": "Contacts"}, None, "sees no object 'Contacts'", ("object",)),
        ({"api_version": "62.0"}, None, "does not answer as version 62.0", ("api_version",)),
        (
            {"external_id": "Email"},
            {**MAP, "Email": "email"},
            "Email of Contact is no external id",
            ("external_id",),
        ),
        (
            {"lookups": {"Account": {"key": "Name"}}},
            None,
            "Name of Account is no external id",
            ("lookups", "Account", "key"),
        ),
        ({"client_id": "another"}, None, "client_id is not the consumer key", ()),
    ],
)
def test_settings_that_do_not_fit_are_found_with_their_place(
    check: Check, changes: dict[str, Any], mapped: Any, said: str, path: tuple[str, ...]
) -> None:
    found = wrong(check(mapped, **changes))
    assert said in found[0][0]
    assert found[0][1] == ("targets", "crm", "settings", *path)


def test_what_may_go_wrong_later_is_a_warning(simulator: SalesforceSimulator, check: Check) -> None:
    simulator.replace(changed("Contact", "Cvent_Contact_Id__c", unique=False))
    mapped = {name: entry for name, entry in MAP.items() if name != "LastName"}
    found = doubtful(check({**mapped, "Phone": {"from": "phone", "max_length": 50}}))
    assert len(found) == 3
    assert "is not unique" in found[0]
    assert "Phone takes 40 characters" in found[1]
    assert "LastName is required" in found[2]


def test_calls_that_are_nearly_used_up_are_told_because_nothing_is_delivered(
    simulator: SalesforceSimulator, check: Check
) -> None:
    simulator.limits.by_others = 99_500
    [(message, path)] = wrong(check())
    assert "the last 1,000 are left to others" in message
    assert path[-1] == "reserve_calls"


def test_an_org_that_does_not_answer_is_a_finding(
    simulator: SalesforceSimulator, check: Check
) -> None:
    simulator.faults.set(Fault.UNAVAILABLE)
    assert "SERVER_UNAVAILABLE" in wrong(check())[0][0]
    simulator.stop()
    assert "no connection" in wrong(check())[0][0]


@pytest.fixture
def configs(
    simulator: SalesforceSimulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Path:
    """A configuration whose target names the org and nothing else yet."""
    monkeypatch.setenv("SALESFORCE_CLIENT_SECRET", simulator.app.secret)
    (tmp_path / "clients").mkdir()
    (tmp_path / "base.yaml").write_text("plugins: [cvent-token]\n", encoding="utf-8")
    settings = {
        "url": simulator.url,
        "client_id": simulator.app.client_id,
        "client_secret": {"env": "SALESFORCE_CLIENT_SECRET"},
    }
    write(tmp_path, "apap", settings)
    return tmp_path


def write(folder: Path, client: str, settings: dict[str, Any]) -> None:
    text = yaml.safe_dump(
        {
            "client": client,
            "endpoints": {"reg": {"path": f"/{client}", "tokens": [{"env": "PATH"}]}},
            "targets": {"crm": {"use": "salesforce", "settings": settings}},
        }
    )
    (folder / "clients" / f"{client}.yaml").write_text(text, encoding="utf-8")


def fields(configs: Path, *arguments: str) -> str:
    result = CliRunner().invoke(app, ["fields", *arguments, "--configs", str(configs)])
    if result.exception and not isinstance(result.exception, SystemExit):
        return f"{type(result.exception).__name__}: {result.exception}"
    return result.output


def test_fields_and_a_block_to_begin_with_are_printed(configs: Path) -> None:
    said = fields(configs, "Contact")
    block = said[said.index("settings:\n") :]
    found = yaml.safe_load(block)
    assert found["settings"] == {"object": "Contact", "external_id": "Cvent_Contact_Id__c"}
    assert found["map"]["Cvent_Contact_Id__c"] == "registration.contactStub"
    assert found["map"]["LastName"] == {"from": "lastName", "max_length": 80, "too_long": "cut"}
    assert "#   Account: {key: EXTERNAL_ID}" in block
    assert "# Birthdate: {from: EXPRESSION, format: '%Y-%m-%d'}" in block


def test_the_block_passes_the_check_once_it_is_in_a_client_file(
    configs: Path, check: Check
) -> None:
    said = fields(configs, "Contact")
    found = yaml.safe_load(said[said.index("settings:\n") :])
    assert wrong(check(found["map"], **found["settings"], lookups={})) == []


def test_choices_and_relationships_are_told(configs: Path) -> None:
    said = fields(configs, "Event_Registration__c")
    assert "one of: Accepted, Cancelled" in said
    assert "#   Contact__r: {key: EXTERNAL_ID}" in said


def test_an_object_that_is_not_seen_is_told_with_the_nearest_name(configs: Path) -> None:
    said = fields(configs, "Contacts")
    assert said.startswith("ConfigError: the integration user sees no object 'Contacts'")
    assert "did you mean 'Contact'?" in said


def test_one_of_several_orgs_has_to_be_named(configs: Path, simulator: SalesforceSimulator) -> None:
    other = {
        "url": "https://contoso.my.salesforce.com",
        "client_id": "key",
        "client_secret": {"env": "SALESFORCE_CLIENT_SECRET"},
    }
    write(configs, "other", other)
    assert "there are several orgs" in fields(configs, "Contact")
    assert "settings:" in fields(configs, "Contact", "--org", simulator.url)
    assert "settings:" in fields(configs, "Contact", "--client", "apap")
    assert "no target has the url" in fields(configs, "Contact", "--org", "https://x.example")
    assert "the client third has no target" in fields(configs, "Contact", "--client", "third")


def test_an_object_with_no_external_id_says_what_is_missing(
    configs: Path, simulator: SalesforceSimulator
) -> None:
    plain = ObjectType("Contact", "003", (FieldType("LastName", length=80),))
    simulator.replace(plain)
    assert "# external_id: FIELD" in fields(configs, "Contact")
