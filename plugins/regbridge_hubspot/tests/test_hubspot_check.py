"""`check --online` finds what is wrong before the first registration, and changes nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import pytest

from regbridge import Finding, Level, Target
from regbridge.testing.building import build_plugin
from regbridge.testing.clock import SteppedClock
from regbridge_hubspot.deliver import Hubspot
from regbridge_hubspot.simulator import Fault, HubspotSimulator, Limits

MAP: Mapping[str, Any] = {
    "cvent_contact_id": "registration.contactStub",
    "email": "email",
    "registered_at": {"from": "registrationDate", "format": "%Y-%m-%dT%H:%M:%S%z"},
    "cvent_status": {"from": "status", "lookup": {"OK": "accepted"}, "default": None},
}
Check = Callable[..., list[Finding]]


@pytest.fixture
def simulator() -> Iterator[HubspotSimulator]:
    with HubspotSimulator(limits=Limits(100, 1000)) as simulator:
        yield simulator


@pytest.fixture
def check(simulator: HubspotSimulator) -> Iterator[Check]:
    """Return what checks a target with changes of its map and its settings."""
    made: list[Hubspot] = []

    def run(
        map: Mapping[str, Any] | None = None,  # noqa: A002
        secret: str = simulator.credentials.service_key,
        **settings: Any,
    ) -> list[Finding]:
        target = Target("crm", map={**MAP, **(map or {})})
        plugin = build_plugin(
            Hubspot,
            {"url": simulator.url, "id_property": "cvent_contact_id", **settings},
            target=target,
            secrets={"access_token": secret},
            limiters=SteppedClock().limiters(),
        )
        made.append(plugin)
        found = plugin.check_connection(target)
        assert found is not None
        assert plugin.check_connection(Target("another")) is None
        return list(found)

    yield run
    for plugin in made:
        plugin.close()


def wrong(findings: list[Finding]) -> list[Finding]:
    return [finding for finding in findings if finding.level is not Level.OK]


def test_a_target_that_fits_is_well_and_says_with_whom_it_speaks(
    check: Check, simulator: HubspotSimulator
) -> None:
    found = check()
    assert wrong(found) == []
    said = "\n".join(map(str, found))
    assert "the standard account 47110815" in said
    assert "of the day's 1,000 calls were made" in said
    assert "contacts are known by cvent_contact_id" in said
    assert set(simulator.calls.by_operation) == {"properties", "account", "usage"}


@pytest.mark.parametrize(
    ("map_", "path", "said"),
    [
        ({"first_name": "firstName"}, ("first_name",), "did you mean 'firstname'?"),
        ({"hs_object_id": "x"}, ("hs_object_id",), "is read-only; remove it"),
        (
            {"cvent_status": {"value": "OK"}},
            ("cvent_status", "value"),
            "no such option; write a lookup in the map; it takes accepted, declined",
        ),
        (
            {"cvent_status": {"from": "s", "lookup": {"OK": "okay"}, "default": None}},
            ("cvent_status", "lookup", "OK"),
            "cvent_status does not take 'okay'",
        ),
        ({"age": {"value": "old"}}, ("age", "value"), "the value is not a number"),
        ({"age": {"from": "a", "type": "boolean"}}, ("age", "type"), "leave type out"),
        (
            {"registered_at": {"from": "d", "format": "%m/%d/%Y %H"}},
            ("registered_at", "format"),
            "does not take dates in this form",
        ),
        (
            {"notes": {"from": "n", "max_length": 70_000, "too_long": "cut"}},
            ("notes", "max_length"),
            "write max_length: 65536",
        ),
    ],
)
def test_an_entry_that_hubspot_does_not_take_is_found_at_its_place(
    check: Check, map_: Mapping[str, Any], path: tuple[str, ...], said: str
) -> None:
    [finding] = wrong(check(map_))
    assert finding.path == ("targets", "crm", "map", *path)
    assert said in str(finding)


def test_a_property_without_unique_values_is_no_id(check: Check) -> None:
    [finding] = wrong(check({"firstname": "f"}, id_property="firstname"))
    assert finding.level is Level.ERROR
    assert finding.path == ("targets", "crm", "settings", "id_property")
    assert finding.remedy == "those that do are cvent_contact_id"


def test_email_is_the_second_best(check: Check) -> None:
    [finding] = wrong(check(id_property="email"))
    assert finding.level is Level.WARNING
    assert "becomes a second contact" in finding.message
    assert "partial upserts" in finding.message


def test_more_calls_than_the_plan_has_are_a_warning(check: Check) -> None:
    [finding] = wrong(check(calls_per_10_seconds=190))
    assert finding.remedy == "write calls_per_10_seconds: 100"


def test_a_day_that_is_nearly_used_up_is_a_warning(
    check: Check, simulator: HubspotSimulator
) -> None:
    check()
    simulator.spend(950)
    [finding] = wrong(check())
    assert "of the day's 1,000 calls were made" in finding.message


def test_an_account_that_hides_its_time_zone_is_a_warning(
    check: Check, simulator: HubspotSimulator
) -> None:
    simulator.denied.add("oauth")
    [finding] = wrong(check())
    assert "tried again each hour" in finding.message


def test_a_wrong_key_is_a_finding_at_the_setting(check: Check) -> None:
    [finding] = check(secret="a-secret-of-mine")
    assert finding.path == ("targets", "crm", "settings", "access_token")
    assert "a-secret-of-mine" not in str(finding)


def test_missing_scopes_are_a_finding_with_their_names(
    check: Check, simulator: HubspotSimulator
) -> None:
    rights = ("objects.contacts.read", "schemas.contacts.read", "objects.contacts.write")
    simulator.denied.update(f"crm.{right}" for right in rights)
    [finding] = check()
    assert "the scopes crm.objects.contacts.read, crm.schemas.contacts.read" in finding.message


@pytest.mark.parametrize("fault", [Fault.UNAVAILABLE, Fault.FAILED, Fault.LOGIN_PAGE, Fault.DAILY])
def test_an_account_that_does_not_answer_is_a_finding(
    check: Check, simulator: HubspotSimulator, fault: Fault
) -> None:
    simulator.fail(fault, times=None)
    [finding] = check()
    assert finding.level is Level.ERROR
    assert finding.remedy


def test_a_type_that_is_not_there_is_a_finding(check: Check) -> None:
    [finding] = check(object_type="companies")
    assert "object_type" in finding.remedy
