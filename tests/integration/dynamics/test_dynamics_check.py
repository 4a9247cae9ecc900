"""`check --online` finds what is wrong before the first registration, and changes nothing."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from tests.integration.dynamics.delivery import changed_schema, make_plugin

from regbridge import Finding, Level, Target
from regbridge.http import Answer
from regbridge_dynamics.client import WebApi
from regbridge_dynamics.deliver import Dynamics
from regbridge_dynamics.errors import Refusal, Trouble
from regbridge_dynamics.simulator import (
    Application,
    DataverseSimulator,
    Fault,
    Key,
    KeyStatus,
    Limits,
)

MAP: dict[str, Any] = {
    "new_inviteeid": "registration.inviteeStub",
    "new_eventid": "event.id",
    "new_firstname": {"from": "firstName", "max_length": 50, "too_long": "cut"},
    "new_registrationstatus": {"from": "status", "lookup": {"OK": "Accepted"}, "default": None},
    "new_contact": "registration.contactStub",
}
GUID = "0f8fad5b-d9cb-469f-a165-70867728950e"
LOOKUPS = {"new_contact": {"table": "contact", "key": "new_cventcontactid"}}
Check = Callable[..., list[Finding]]


@pytest.fixture
def check(tmp_path: Path) -> Iterator[Check]:
    """Return what checks a target with a map and settings."""
    made: list[Dynamics] = []

    def run(
        simulator: DataverseSimulator, mapped: dict[str, Any] | None = None, **changes: Any
    ) -> list[Finding]:
        target = Target("staging", map={**MAP, **(mapped or {})})
        plugin = make_plugin(simulator, tmp_path, target, **{"lookups": LOOKUPS, **changes})
        made.append(plugin)
        found = plugin.check_connection(target)
        assert found is not None
        return list(found)

    yield run
    for plugin in made:
        plugin.close()


def wrong(findings: list[Finding]) -> list[tuple[str, str]]:
    """Return the paths and texts of what is not well."""
    return [
        (".".join(map(str, finding.path)), str(finding))
        for finding in findings
        if finding.level is not Level.OK
    ]


def test_a_target_that_is_well_says_so_and_nothing_is_changed(
    simulator: DataverseSimulator, check: Check
) -> None:
    findings = check(simulator)
    assert wrong(findings) == []
    said = "\n".join(map(str, findings))
    assert "the environment knows us as the application user" in said
    assert "and is written by UpsertMultiple" in said
    assert "has all privileges" in said
    assert simulator.calls.records_written == 0


def test_another_targets_plugin_has_nothing_to_check(
    simulator: DataverseSimulator, tmp_path: Path
) -> None:
    plugin = make_plugin(simulator, tmp_path)
    assert plugin.check_connection(Target("other")) is None
    plugin.close()


def test_a_table_without_bulk_operations_is_said_to_take_batches(check: Check) -> None:
    with DataverseSimulator(changed_schema("new_registrationstaging", bulk=False)) as simulator:
        assert any("by batches" in str(finding) for finding in check(simulator))


@pytest.mark.parametrize(
    ("mapped", "settings", "path", "said"),
    [
        ({}, {"table": "new_registrationstagings"}, "settings.table", "'new_registrationstaging'?"),
        ({}, {"key": "new_inviteeid"}, "settings.key", "no alternate key of new_inviteeid"),
        ({"new_frstname": "x"}, {}, "map.new_frstname", "did you mean 'new_firstname'?"),
        ({"createdon": "x"}, {}, "map.createdon", "cannot be written"),
        (
            {"new_registrationstatus": {"value": "Waiting"}},
            {},
            "map.new_registrationstatus.value",
            "100000000 Accepted, 100000001 Cancelled, 100000002 Waitlisted",
        ),
        (
            {"new_firstname": {"from": "x", "max_length": 99, "too_long": "cut"}},
            {},
            "map.new_firstname.max_length",
            "write max_length: 50",
        ),
        (
            {},
            {"lookups": {"new_contact": {"table": "contacts", "key": "new_cventcontactid"}}},
            "settings.lookups.new_contact.table",
            "did you mean 'contact'?",
        ),
        (
            {},
            {"lookups": {"new_contact": {"table": "account", "key": "accountnumber"}}},
            "settings.lookups.new_contact.table",
            "it refers to contact",
        ),
        (
            {},
            {"lookups": {"new_contact": {"table": "contact", "key": "emailaddress1"}}},
            "settings.lookups.new_contact.key",
            "no alternate key of emailaddress1; its keys are new_cventcontactid",
        ),
        ({}, {"lookups": {}}, "map.new_contact", "add new_contact: {table: contact, key: COLUMN}"),
    ],
)
def test_what_does_not_fit_is_found_where_it_stands(
    simulator: DataverseSimulator,
    check: Check,
    mapped: dict[str, Any],
    settings: dict[str, Any],
    path: str,
    said: str,
) -> None:
    [(place, text)] = wrong(check(simulator, mapped, **settings))
    assert place == f"targets.staging.{path}"
    assert said in text


def test_all_that_is_wrong_is_found_at_once(simulator: DataverseSimulator, check: Check) -> None:
    mapped = {"new_frstname": "x", "createdon": "x", "new_registrationstatus": {"value": "Waiting"}}
    assert len(wrong(check(simulator, mapped))) == 3


@pytest.mark.parametrize("status", [KeyStatus.PENDING, KeyStatus.IN_PROGRESS, KeyStatus.FAILED])
def test_a_key_must_be_active(check: Check, status: KeyStatus) -> None:
    keys = (Key("new_inviteeevent", ("new_inviteeid", "new_eventid"), status),)
    with DataverseSimulator(changed_schema("new_registrationstaging", keys=keys)) as simulator:
        [(place, text)] = wrong(check(simulator))
    assert place == "targets.staging.settings.key"
    assert f"is {status.value}" in text


@pytest.mark.parametrize(
    ("denied", "headers"),
    [
        ("prvWritenew_RegistrationStaging", {}),
        ("prvAppendnew_RegistrationStaging", {}),
        ("prvAppendToContact", {}),
        ("prvReadContact", {}),
        ("prvBypassCustomBusinessLogic", {"bypass_logic": ["sync"]}),
        (
            "prvActOnBehalfOfAnotherUser",
            {"caller_object_id": GUID},
        ),
    ],
)
def test_a_missing_privilege_is_named(
    simulator: DataverseSimulator, check: Check, denied: str, headers: dict[str, Any]
) -> None:
    simulator.denied.add(denied)
    [(_, text)] = wrong(check(simulator, headers=headers))
    assert f"lack {denied}; add them to its role" in text


def test_more_parallelism_than_is_recommended_is_remarked_upon(check: Check) -> None:
    with DataverseSimulator(limits=Limits(dop_hint=2)) as simulator:
        [(place, text)] = wrong(check(simulator))
    assert place == "targets.staging.settings.concurrency"
    assert "write concurrency: 2" in text


def test_credentials_that_are_refused_are_a_finding(check: Check) -> None:
    with DataverseSimulator(applications=[Application(secret="another")]) as simulator:
        [(place, text)] = wrong(check(simulator))
    assert place == "targets.staging.settings"
    assert "AADSTS7000215" in text


def test_a_user_that_is_not_let_in_is_a_finding(check: Check) -> None:
    with DataverseSimulator(applications=[Application(enabled=False)]) as simulator:
        [(place, text)] = wrong(check(simulator))
    assert place == "targets.staging.settings.client_id"
    assert "make an application user" in text


def test_an_environment_that_does_not_answer_is_a_finding(check: Check) -> None:
    with DataverseSimulator() as simulator:
        simulator.fail_next(Fault.UNAVAILABLE)
        [(place, text)] = wrong(check(simulator))
    assert place == "targets.staging.settings.url"
    assert "503" in text
    [(_, text)] = wrong(check(simulator))  # it has stopped
    assert "no connection" in text


def test_privileges_that_cannot_be_read_are_only_doubtful(
    simulator: DataverseSimulator, check: Check, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = WebApi.get

    def get(web: WebApi, path: str, params: Mapping[str, str] | None = None) -> Answer | Refusal:
        if "RetrieveUserPrivileges" in path:
            return Refusal(Trouble.RIGHTS, 403, "", "not allowed")
        return real(web, path, params)

    monkeypatch.setattr(WebApi, "get", get)
    [(_, text)] = wrong(check(simulator))
    assert "cannot be read: not allowed" in text


@pytest.mark.parametrize(("others", "number"), [((), 1), (("Local",), 0)])
def test_a_right_to_read_no_more_than_the_users_own_rows_is_remarked_upon(
    simulator: DataverseSimulator,
    check: Check,
    monkeypatch: pytest.MonkeyPatch,
    others: tuple[str, ...],
    number: int,
) -> None:
    real = WebApi.get
    name = "prvReadnew_RegistrationStaging"

    def get(web: WebApi, path: str, params: Mapping[str, str] | None = None) -> Answer | Refusal:
        found = real(web, path, params)
        if "RetrieveUserPrivileges" not in path or isinstance(found, Refusal):
            return found
        held = [one for one in found.json()["RolePrivileges"] if one["PrivilegeName"] != name]
        held += [{"PrivilegeName": name, "Depth": depth} for depth in ("Basic", *others)]
        return Answer(200, found.headers, json.dumps({"RolePrivileges": held}).encode())

    monkeypatch.setattr(WebApi, "get", get)
    texts = [text for _, text in wrong(check(simulator))]
    assert len(texts) == number
    assert all(f"give {name} for its own rows alone" in text for text in texts)
