"""The simulator refuses what HubSpot refuses."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from regbridge.http import Answer, Outbound
from regbridge.testing.clock import SteppedClock
from regbridge_hubspot.simulator import Fault, HubspotSimulator, Limits

UPSERT = "/crm/objects/2026-03/contacts/batch/upsert"


@pytest.fixture
def clock() -> SteppedClock:
    return SteppedClock()


@pytest.fixture
def simulator(clock: SteppedClock) -> Iterator[HubspotSimulator]:
    with HubspotSimulator(limits=Limits(5, 12), clock=clock.seconds) as simulator:
        yield simulator


def call(
    simulator: HubspotSimulator,
    method: str,
    path: str,
    body: Any = None,
    **headers: str,
) -> Answer:
    given = {
        "Authorization": f"Bearer {simulator.credentials.service_key}",
        "Content-Type": "application/json",
        **{name.replace("_", "-"): value for name, value in headers.items()},
    }
    outbound = Outbound("HubSpot", simulator.url)
    text = body if isinstance(body, str) else json.dumps(body)
    try:
        return outbound.send(
            method, f"{simulator.url}{path}", headers=given, body=None if body is None else text
        )
    finally:
        outbound.close()


def upsert(simulator: HubspotSimulator, *inputs: Mapping[str, Any]) -> Answer:
    return call(simulator, "POST", UPSERT, {"inputs": list(inputs)})


def one(id_: str, trace: str = "", **properties: Any) -> dict[str, Any]:
    found = {"id": id_, "idProperty": "cvent_contact_id", "properties": properties}
    return {**found, "objectWriteTraceId": trace} if trace else found


def test_without_trace_ids_one_bad_input_spoils_all_and_nothing_is_written(
    simulator: HubspotSimulator,
) -> None:
    simulator.add("contacts", "email", "taken@example.org")
    bad_value = upsert(simulator, one("1"), one("2", email="bad"))
    conflict = upsert(simulator, one("1"), one("2", email="taken@example.org"))
    assert (bad_value.status, bad_value.json()["category"]) == (400, "VALIDATION_ERROR")
    assert "INVALID_EMAIL" in bad_value.json()["message"]
    assert (conflict.status, conflict.json()["category"]) == (409, "CONFLICT")
    assert len(simulator.records()) == 1


def test_with_trace_ids_each_input_is_by_itself(simulator: HubspotSimulator) -> None:
    answer = upsert(simulator, one("1", "a"), one("2", "b", email="bad"), one("3", "c"))
    said = answer.json()
    assert (answer.status, said["status"], said["numErrors"]) == (207, "COMPLETE", 1)
    assert {result["objectWriteTraceId"] for result in said["results"]} == {"a", "c"}
    assert all(result["new"] is True for result in said["results"])
    assert said["errors"][0]["context"] == {"objectWriteTraceId": ["b"]}


def test_results_do_not_come_in_the_order_of_the_inputs(simulator: HubspotSimulator) -> None:
    inputs = [one(str(number), str(number)) for number in range(50)]
    traces = [found["objectWriteTraceId"] for found in upsert(simulator, *inputs).json()["results"]]
    assert traces != [str(number) for number in range(50)]
    assert sorted(traces, key=int) == [str(number) for number in range(50)]


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ({"inputs": []}, "maximum number of inputs"),
        ({"inputs": [one(str(number)) for number in range(101)]}, "is 100"),
        ({"inputs": [one("1", "a"), one("1", "b")]}, "Duplicate IDs found in batch input: [1]"),
        (
            {"inputs": [{**one("1"), "idProperty": "firstname"}]},
            "non-unique 0-1 property firstname",
        ),
        ({"inputs": [{"id": "1", "properties": {}}]}, "non-unique 0-1 property hs_object_id"),
        ({"inputs": [one("1", age=3)]}, "Invalid input JSON"),
        ({"inputs": [{**one("1"), "associations": []}]}, "Invalid input JSON"),
        ("{", "Invalid input JSON"),
    ],
)
def test_a_batch_that_is_wrong_is_refused_as_a_whole(
    simulator: HubspotSimulator, body: Any, said: str
) -> None:
    answer = call(simulator, "POST", UPSERT, body)
    assert answer.status == 400
    assert said in answer.json()["message"]
    assert simulator.records() == []


@pytest.mark.parametrize(
    ("name", "value", "code"),
    [
        ("shoe_size", "44", "PROPERTY_DOESNT_EXIST"),
        ("hs_object_id", "1", "READ_ONLY_VALUE"),
        ("createdate", "1804152600000", "READ_ONLY_VALUE"),
        ("email", "zoe@", "INVALID_EMAIL"),
        ("cvent_status", "Accepted", "INVALID_OPTION"),
        ("interests", "art;Law", "INVALID_OPTION"),
        ("member", "yes", "INVALID_OPTION"),
        ("age", "old", "INVALID_FLOAT"),
        ("date_of_birth_known", "1804152600000", "INVALID_DATE"),
        ("date_of_birth_known", "3/4/2027", "INVALID_DATE"),
        ("registered_at", "2027-03-04T09:30:00", "INVALID_LONG"),
        ("registered_at", "tomorrow", "INVALID_LONG"),
        ("notes", "x" * 65_537, "VALUE_TOO_LONG"),
    ],
)
def test_a_value_that_a_property_does_not_take_is_refused_with_its_code(
    simulator: HubspotSimulator, name: str, value: str, code: str
) -> None:
    message = upsert(simulator, one("1", **{name: value})).json()["message"]
    [problem] = json.loads(message.removeprefix("Property values were not valid: "))
    assert (problem["name"], problem["error"]) == (name, code)


def test_values_are_kept_as_hubspot_keeps_them_and_an_empty_text_clears(
    simulator: HubspotSimulator,
) -> None:
    upsert(simulator, one("1", email="Zoe@Example.ORG", registered_at="1804152600000", notes="x"))
    upsert(simulator, one("1", date_of_birth_known="1804118400000", notes=""))
    [kept] = simulator.records()
    assert kept["email"] == "zoe@example.org"
    assert kept["registered_at"] == "2027-03-04T09:30:00Z"
    assert kept["date_of_birth_known"] == "2027-03-04"
    assert "notes" not in kept


def test_a_value_that_must_be_unique_is_nobody_elses(simulator: HubspotSimulator) -> None:
    simulator.add("contacts", "cvent_contact_id", "1", email="a@example.org")
    by_email = {**one("b@example.org", cvent_contact_id="1"), "idProperty": "email"}
    assert "CONFLICTING_UNIQUE_VALUE" in upsert(simulator, by_email).json()["message"]


@pytest.mark.parametrize(
    ("method", "path", "headers", "status"),
    [
        ("POST", UPSERT, {"Content_Type": "text/plain"}, 415),
        ("PUT", UPSERT, {}, 405),
        ("POST", "/crm/objects/2026-03/contacts", {}, 405),
        ("GET", "/crm/objects/2026-04/contacts", {}, 404),
        ("GET", "/crm/v3/objects/contacts/search", {}, 404),
        ("GET", "/crm/v3/objects/companies", {}, 400),
        ("GET", "/crm/v3/objects/contacts?limit=101", {}, 400),
        ("GET", "/crm/v3/objects/contacts?after=x", {}, 400),
        ("GET", "/crm/v3/objects/contacts", {"Authorization": "Bearer nobody"}, 401),
        ("GET", "/crm/v3/objects/contacts", {"Authorization": "Basic abc"}, 401),
        ("POST", "/oauth/2026-03/token", {}, 415),
    ],
)
def test_a_call_that_is_wrong_is_refused(
    simulator: HubspotSimulator, method: str, path: str, headers: dict[str, str], status: int
) -> None:
    answer = call(simulator, method, path, {"inputs": [one("1")]}, **headers)
    assert answer.status == status
    assert answer.json()["category"]


def test_an_exchange_takes_the_right_form_alone(simulator: HubspotSimulator) -> None:
    own = simulator.credentials
    form = f"grant_type=refresh_token&client_id={own.client_id}&client_secret={own.client_secret}"
    kind = {"Content_Type": "application/x-www-form-urlencoded"}
    wrong = call(simulator, "POST", "/oauth/v3/token", f"{form}&refresh_token=x", **kind)
    right = f"{form}&refresh_token={own.refresh_token}"
    token = call(simulator, "POST", "/oauth/v3/token", right, **kind).json()
    assert (wrong.status, wrong.json()["status"]) == (400, "BAD_REFRESH_TOKEN")
    assert token["expires_in"] == 1800
    bearer = {"Authorization": f"Bearer {token['access_token']}"}
    assert call(simulator, "GET", "/account-info/v3/details", **bearer).status == 200


def test_more_calls_than_ten_seconds_may_hold_are_refused_with_headers(
    simulator: HubspotSimulator, clock: SteppedClock
) -> None:
    statuses = [call(simulator, "GET", "/account-info/v3/details").status for _ in range(6)]
    refused = call(simulator, "GET", "/account-info/v3/details")
    assert statuses == [200] * 5 + [429]
    assert refused.json()["policyName"] == "TEN_SECONDLY_ROLLING"
    assert refused.headers["X-HubSpot-RateLimit-Remaining"] == "0"
    assert refused.headers["X-HubSpot-RateLimit-Interval-Milliseconds"] == "10000"
    clock.sleep(10)
    assert call(simulator, "GET", "/account-info/v3/details").status == 200


def test_a_days_calls_are_counted_until_the_accounts_midnight(
    simulator: HubspotSimulator, clock: SteppedClock
) -> None:
    simulator.spend(0)
    assert call(simulator, "GET", "/account-info/v3/details").status == 200
    simulator.spend(11)
    refused = call(simulator, "GET", "/account-info/v3/details")
    assert (refused.status, refused.json()["policyName"]) == (429, "DAILY")
    clock.sleep(19.4 * 3600)  # from 4:30 in New York
    assert call(simulator, "GET", "/account-info/v3/details").status == 429
    clock.sleep(0.2 * 3600)
    assert call(simulator, "GET", "/account-info/v3/details").status == 200


def test_scopes_are_asked_for(simulator: HubspotSimulator) -> None:
    simulator.denied.add("crm.objects.contacts.read")
    assert call(simulator, "GET", "/crm/v3/properties/contacts").status == 200
    refused = call(simulator, "GET", "/crm/v3/objects/contacts").json()
    assert refused["category"] == "MISSING_SCOPES"
    scopes = refused["errors"][0]["context"]["requiredGranularScopes"]
    assert scopes == ["crm.objects.contacts.read"]


def test_the_list_has_pages_of_what_is_asked_for(simulator: HubspotSimulator) -> None:
    for number in range(3):
        simulator.add("contacts", "cvent_contact_id", str(number))
    path = "/crm/v3/objects/contacts?limit=2&properties=cvent_contact_id,no_such,notes"
    first = call(simulator, "GET", path).json()
    last = call(simulator, "GET", f"{path}&after={first['paging']['next']['after']}").json()
    shown = [found["properties"] for found in (*first["results"], *last["results"])]
    assert shown == [{"cvent_contact_id": str(number), "notes": None} for number in range(3)]
    assert "paging" not in last


def test_a_fault_happens_as_often_as_it_is_told_to(simulator: HubspotSimulator) -> None:
    simulator.fail(Fault.UNAVAILABLE, times=2)
    simulator.fail(Fault.LOCKED, times=None)
    statuses = [call(simulator, "GET", "/account-info/v3/details").status for _ in range(4)]
    simulator.heal()
    assert statuses == [503, 503, 423, 423]
    assert call(simulator, "GET", "/account-info/v3/details").status == 200
