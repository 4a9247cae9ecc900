"""CreateMultiple, UpdateMultiple and UpsertMultiple of the simulated Dataverse."""

from __future__ import annotations

from typing import Any

import pytest
from tests.integration.dynamics.web_client import (
    STAGING,
    STAGING_TYPE,
    WebClient,
    code_of,
    key,
    staging,
    target,
)

from regbridge_dynamics.simulator import DataverseSimulator

TABLE = "new_registrationstaging"
MISSING = "00000000-0000-0000-0000-000000000001"
CONTACT = {"@odata.type": "Microsoft.Dynamics.CRM.contact", "lastname": "x"}


def typed(values: dict[str, Any]) -> dict[str, Any]:
    return {"@odata.type": STAGING_TYPE, **values}


def names(simulator: DataverseSimulator) -> dict[str, Any]:
    return {str(one["new_inviteeid"]): one["new_name"] for one in simulator.tables[TABLE]}


def test_create_multiple_answers_the_ids_in_order(
    simulator: DataverseSimulator, client: WebClient
) -> None:
    answer = client.bulk("CreateMultiple", [typed(staging("A")), typed(staging("B"))])
    assert answer.status_code == 200
    assert answer.json()["Ids"] == [one[f"{TABLE}id"] for one in simulator.tables[TABLE]]


def test_upsert_multiple_makes_and_changes_and_answers_nothing(
    simulator: DataverseSimulator, client: WebClient
) -> None:
    client.patch(key("A"), {"new_name": "old"})
    targets = [target("A", new_name="a"), target("B", new_name="b")]
    answer = client.bulk("UpsertMultiple", targets)
    assert (answer.status_code, answer.text) == (204, "")
    assert names(simulator) == {"A": "a", "B": "b"}
    assert simulator.calls.records_written == 3


def test_upsert_multiple_takes_the_id_in_the_body_or_no_address_at_all(
    simulator: DataverseSimulator, client: WebClient
) -> None:
    client.patch(key("A"), {})
    by_id = {f"{TABLE}id": simulator.tables[TABLE][0][f"{TABLE}id"], "new_name": "a"}
    fresh = staging("B", new_name="b")
    assert client.bulk("UpsertMultiple", [typed(by_id), typed(fresh)]).status_code == 204
    assert names(simulator) == {"A": "a", "B": "b"}


def test_update_multiple_changes_by_id_or_by_key(
    simulator: DataverseSimulator, client: WebClient
) -> None:
    client.bulk("UpsertMultiple", [target("A"), target("B")])
    by_id = {f"{TABLE}id": simulator.tables[TABLE][0][f"{TABLE}id"], "new_name": "a"}
    answer = client.bulk("UpdateMultiple", [typed(by_id), target("B", new_name="b")])
    assert (answer.status_code, answer.text) == (204, "")
    assert names(simulator) == {"A": "a", "B": "b"}


def test_update_multiple_takes_one_record_twice_and_never_creates(
    simulator: DataverseSimulator, client: WebClient
) -> None:
    client.patch(key("A"), {})
    twice = [target("A", new_name="1"), target("A", new_name="2")]
    assert client.bulk("UpdateMultiple", twice).status_code == 204
    assert names(simulator) == {"A": "2"}
    assert code_of(client.bulk("UpdateMultiple", [target("B")])) == (404, "0x80060891")
    gone = typed({f"{TABLE}id": MISSING})
    assert code_of(client.bulk("UpdateMultiple", [gone])) == (404, "0x80040217")
    nobody = typed({"new_name": "x"})
    assert code_of(client.bulk("UpdateMultiple", [nobody])) == (400, "0x80040203")


@pytest.mark.parametrize(
    ("bad", "status", "code"),
    [
        ({"new_guests": "2"}, 400, "0x80048d19"),
        ({"new_name": "x" * 101}, 400, "0x80044331"),
        ({"new_registrationstatus": 7}, 400, "0x8004431A"),
        ({"new_Contact@odata.bind": f"contacts({MISSING})"}, 404, "0x80040217"),
        ({"statecode": 1}, 400, "0x80048408"),
    ],
)
def test_one_bad_record_rolls_back_all_the_others(
    simulator: DataverseSimulator, client: WebClient, bad: dict[str, Any], status: int, code: str
) -> None:
    client.patch(key("A"), {"new_name": "old"})
    targets = [target("A", new_name="new"), target("B"), target("C", **bad)]
    assert code_of(client.bulk("UpsertMultiple", targets)) == (status, code)
    assert names(simulator) == {"A": "old"}
    assert simulator.calls.records_written == 1


def test_what_is_rolled_back_can_be_written_afterwards(
    simulator: DataverseSimulator, client: WebClient
) -> None:
    client.bulk("UpsertMultiple", [target("A"), target("B", new_guests="x")])
    assert client.bulk("UpsertMultiple", [target("A"), target("B")]).status_code == 204
    assert sorted(names(simulator)) == ["A", "B"]


def test_every_target_must_name_its_type(simulator: DataverseSimulator, client: WebClient) -> None:
    nameless = {"@odata.id": key("B")}
    answer = client.bulk("UpsertMultiple", [target("A"), nameless])
    assert code_of(answer) == (400, "0x80048d19")
    assert "@odata.type" in answer.json()["error"]["message"]
    other = {**CONTACT, "@odata.id": key("B")}
    assert code_of(client.bulk("UpsertMultiple", [target("A"), other])) == (400, "0x80048d19")
    assert simulator.tables[TABLE] == []


def test_key_columns_beside_the_address_spoil_a_create_and_not_an_update(
    simulator: DataverseSimulator, client: WebClient
) -> None:
    both = target("A", new_inviteeid="A", new_name="x")
    assert code_of(client.bulk("UpsertMultiple", [both])) == (400, "0x80040216")
    assert simulator.tables[TABLE] == []
    client.patch(key("A"), {})
    assert client.bulk("UpsertMultiple", [both]).status_code == 204


@pytest.mark.parametrize("second", ["A", "a"])
def test_two_targets_with_the_same_key_are_refused(
    simulator: DataverseSimulator, client: WebClient, second: str
) -> None:
    targets = [target("A"), target("B"), target(second)]
    assert code_of(client.bulk("UpsertMultiple", targets)) == (412, "0x80040237")
    assert simulator.tables[TABLE] == []


def test_two_targets_with_the_same_id_are_refused(client: WebClient) -> None:
    by_id = typed({f"{TABLE}id": MISSING, **staging("A")})
    by_address = typed({"@odata.id": f"{STAGING}({MISSING})", **staging("B")})
    answer = client.bulk("UpsertMultiple", [by_id, by_address])
    assert code_of(answer) == (412, "0x80040237")


def test_a_body_with_the_key_of_another_record_is_refused(client: WebClient) -> None:
    client.bulk("UpsertMultiple", [target("A")])
    made = client.bulk("CreateMultiple", [typed(staging("B")), typed(staging("A"))])
    assert code_of(made) == (412, "0x80060892")
    assert client.get(key("B")).status_code == 404


@pytest.mark.parametrize("action", ["CreateMultiple", "UpdateMultiple", "UpsertMultiple"])
def test_a_table_without_bulk_operations_refuses_them(client: WebClient, action: str) -> None:
    answer = client.bulk(action, [CONTACT], entity_set="contacts")
    assert code_of(answer) == (400, "0x80040800")
    assert f"'{action}' method does not support entities of type 'contact'" in answer.text


def test_delete_multiple_is_for_elastic_tables_alone(client: WebClient) -> None:
    answer = client.bulk("DeleteMultiple", [target("A")])
    assert code_of(answer) == (400, "0x80040800")


@pytest.mark.parametrize("address", ["contacts(new_cventcontactid='A')", 7, "$1"])
def test_an_address_in_another_table_or_of_no_record_is_refused(
    client: WebClient, address: Any
) -> None:
    answer = client.bulk("UpsertMultiple", [typed({"@odata.id": address})])
    assert code_of(answer) == (400, "0x80048d19")


def test_an_address_and_an_id_must_agree(client: WebClient) -> None:
    both = target("A", **{f"{TABLE}id": MISSING})
    assert code_of(client.bulk("UpsertMultiple", [both])) == (404, "0x80040217")


def test_a_create_has_no_address(client: WebClient) -> None:
    assert code_of(client.bulk("CreateMultiple", [target("A")])) == (400, "0x80048d19")


@pytest.mark.parametrize(
    "body", [{}, {"Targets": []}, {"Targets": {}}, {"Targets": [1]}, {"targets": [target("A")]}]
)
def test_the_targets_must_be_a_list_of_records(client: WebClient, body: Any) -> None:
    answer = client.post(f"{STAGING}/Microsoft.Dynamics.CRM.UpsertMultiple", body)
    assert code_of(answer) == (400, "0x80048d19")


def test_the_action_is_bound_to_the_set_and_posted(client: WebClient) -> None:
    action = "Microsoft.Dynamics.CRM.UpsertMultiple"
    assert code_of(client.get(f"{STAGING}/{action}")) == (404, "")
    body = {"Targets": [target("A")]}
    assert client.post(f"{key('A')}/{action}", body).status_code == 404
    assert client.post(f"{STAGING}/{action}/x", body).status_code == 404
    assert client.post(f"{STAGING}/UpsertMultiple", body).status_code == 501
