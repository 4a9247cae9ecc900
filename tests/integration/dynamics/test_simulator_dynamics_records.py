"""Making, changing, reading and removing single records."""

from __future__ import annotations

import pytest
from tests.integration.dynamics.web_client import STAGING, WebClient, code_of, key, staging

from regbridge_dynamics.simulator import (
    DataverseSimulator,
    Key,
    Schema,
    StringColumn,
    Table,
)

MISSING = "00000000-0000-0000-0000-000000000001"
TABLE = "new_registrationstaging"


def id_of(client: WebClient, invitee: str) -> str:
    return str(client.get(f"{key(invitee)}?$select=new_name").json()[f"{TABLE}id"])


def test_a_create_answers_204_with_the_address_by_id(
    simulator: DataverseSimulator, client: WebClient
) -> None:
    answer = client.post(STAGING, staging("A", new_name="x"))
    assert (answer.status_code, answer.text) == (204, "")
    [record] = simulator.tables[TABLE]
    expected = f"{client.url}/api/data/v9.2/{STAGING}({record[f'{TABLE}id']})"
    assert answer.headers["OData-EntityId"] == expected


def test_a_create_answers_201_with_the_record_when_that_is_preferred(client: WebClient) -> None:
    answer = client.post(
        f"{STAGING}?$select=new_name", staging("A", new_name="x"), Prefer="return=representation"
    )
    assert answer.status_code == 201
    assert answer.headers["Preference-Applied"] == "return=representation"
    assert answer.json()["new_name"] == "x"
    assert "new_guests" not in answer.json()


def test_a_create_may_choose_its_id_once(client: WebClient) -> None:
    body = staging("A", new_registrationstagingid=MISSING)
    assert client.post(STAGING, body).status_code == 204
    other = staging("B", new_registrationstagingid=MISSING)
    assert code_of(client.post(STAGING, other)) == (412, "0x80040237")


def test_an_upsert_by_key_says_neither_whether_it_was_new_nor_its_id(client: WebClient) -> None:
    first = client.patch(key("A"), {"new_name": "x"})
    second = client.patch(key("A"), {"new_name": "y"})
    assert first.status_code == second.status_code == 204
    assert first.text == second.text == ""
    address = f"{client.url}/api/data/v9.2/{key('A')}"
    assert first.headers["OData-EntityId"] == second.headers["OData-EntityId"] == address


def test_an_upsert_says_it_when_the_record_is_asked_for(client: WebClient) -> None:
    path = f"{key('A')}?$select={TABLE}id"
    first = client.patch(path, {"new_name": "x"}, Prefer="return=representation")
    second = client.patch(path, {"new_name": "y"}, Prefer="return=representation")
    assert (first.status_code, second.status_code) == (201, 200)
    assert first.json()[f"{TABLE}id"] == second.json()[f"{TABLE}id"]


def test_an_upsert_leaves_what_it_does_not_name(
    simulator: DataverseSimulator, client: WebClient
) -> None:
    client.patch(key("A"), {"new_name": "x", "new_guests": 2})
    client.patch(key("A"), {"new_name": None})
    [record] = simulator.tables[TABLE]
    assert (record["new_name"], record["new_guests"]) == (None, 2)


def test_key_columns_in_the_body_are_dropped_from_an_update_and_win_over_a_create(
    simulator: DataverseSimulator, client: WebClient
) -> None:
    client.patch(key("A"), {"new_inviteeid": "B"})
    assert [one["new_inviteeid"] for one in simulator.tables[TABLE]] == ["B"]
    client.patch(key("B"), {"new_inviteeid": "C", "new_name": "x"})
    [record] = simulator.tables[TABLE]
    assert (record["new_inviteeid"], record["new_name"]) == ("B", "x")


def test_an_upsert_by_id_makes_the_record_with_that_id(
    simulator: DataverseSimulator, client: WebClient
) -> None:
    assert client.patch(f"{STAGING}({MISSING})", staging("A")).status_code == 204
    assert simulator.tables[TABLE][0][f"{TABLE}id"] == MISSING


def test_an_update_does_not_change_an_id(client: WebClient) -> None:
    client.patch(key("A"), {})
    same, other = {f"{TABLE}id": id_of(client, "A")}, {f"{TABLE}id": MISSING}
    assert client.patch(key("A"), same).status_code == 204
    assert code_of(client.patch(key("A"), other)) == (400, "0x80040203")


def test_if_match_with_a_star_never_creates(
    simulator: DataverseSimulator, client: WebClient
) -> None:
    by_id = client.patch(f"{STAGING}({MISSING})", {}, If_Match="*")
    assert code_of(by_id) == (404, "")
    assert code_of(client.patch(key("A"), {}, If_Match="*")) == (404, "0x80060891")
    assert simulator.tables[TABLE] == []
    client.patch(key("A"), {})
    assert client.patch(key("A"), {"new_name": "x"}, If_Match="*").status_code == 204


def test_if_none_match_with_a_star_never_updates(
    simulator: DataverseSimulator, client: WebClient
) -> None:
    assert client.patch(key("A"), {"new_name": "x"}, If_None_Match="*").status_code == 204
    answer = client.patch(key("A"), {"new_name": "y"}, If_None_Match="*")
    assert code_of(answer) == (412, "")
    assert simulator.tables[TABLE][0]["new_name"] == "x"


def test_if_none_match_with_the_word_null_means_nothing(client: WebClient) -> None:
    for _ in range(2):
        assert client.patch(key("A"), {}, If_None_Match="null").status_code == 204


def test_if_match_with_a_version_lets_only_that_version_be_changed(client: WebClient) -> None:
    client.patch(key("A"), {})
    version = client.get(key("A")).json()["@odata.etag"]
    assert client.patch(key("A"), {"new_name": "x"}, If_Match=version).status_code == 204
    assert code_of(client.patch(key("A"), {"new_name": "y"}, If_Match=version)) == (412, "")
    assert code_of(client.send("DELETE", key("A"), None, {"If-Match": version})) == (412, "")


def test_a_version_that_the_caller_has_is_not_sent_again(client: WebClient) -> None:
    client.patch(key("A"), {})
    version = client.get(key("A")).headers["ETag"]
    assert client.get(key("A"), If_None_Match=version).status_code == 304
    noted = client.send(
        "GET",
        key("A"),
        None,
        {"If-None-Match": version, "Prefer": 'odata.include-annotations="*"'},
    )
    assert noted.status_code == 200


def test_a_read_record_has_all_columns_by_their_names(client: WebClient) -> None:
    client.patch(key("A"), {})
    shown = client.get(key("A")).json()
    assert shown["@odata.context"].endswith(f"$metadata#{STAGING}/$entity")
    assert shown["@odata.etag"] == f'W/"{shown["versionnumber"]}"'
    assert shown["_new_contact_value"] is None
    assert shown["new_inviteeid"] == "A"
    assert "new_contact" not in shown


def test_annotations_give_labels_and_amounts(client: WebClient) -> None:
    body = {
        "new_registrationstatus": 100000002,
        "new_interests": "717700000,717700001",
        "new_amountpaid": 1234.5,
        "new_ismember": True,
        "new_guests": 3,
    }
    client.patch(key("A"), body)
    shown = client.get(key("A"), Prefer='odata.include-annotations="*"').json()
    formatted = "OData.Community.Display.V1.FormattedValue"
    assert {name: shown[f"{name}@{formatted}"] for name in body} == {
        "new_registrationstatus": "Waitlisted",
        "new_interests": "Keynotes; Workshops",
        "new_amountpaid": "$1,234.50",
        "new_ismember": "Yes",
        "new_guests": "3",
    }


def test_a_removed_record_is_gone_and_references_to_it_are_empty(
    simulator: DataverseSimulator, client: WebClient
) -> None:
    contact = simulator.add("contact", {"new_cventcontactid": "C"})
    client.patch(key("A"), {"new_Contact@odata.bind": f"contacts({contact})"})
    assert client.send("DELETE", f"contacts({contact})").status_code == 204
    assert code_of(client.send("DELETE", f"contacts({contact})")) == (404, "0x80040217")
    assert simulator.tables[TABLE][0]["new_contact"] is None


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", "Contacts", 404, "0x8006088a"),
        ("GET", "contact", 404, "0x8006088a"),
        ("GET", "", 404, "0x8006088a"),
        ("POST", "WhoAmI", 404, ""),
        ("PUT", "contacts", 405, "0x80060888"),
        ("PUT", f"contacts({MISSING})", 405, "0x80060888"),
        ("GET", f"contacts({MISSING})/fullname", 501, ""),
        ("GET", "$metadata", 404, "0x8006088a"),
        ("GET", "contacts(", 400, "0x80060888"),
        ("GET", "$batch", 404, ""),
        ("DELETE", f"contacts({MISSING})?$top=1", 400, "0x80060888"),
        ("GET", f"contacts({MISSING})?$top=1", 400, "0x80060888"),
        ("GET", f"contacts({MISSING})?$expand=x", 501, ""),
        ("GET", f"contacts({MISSING})?$select=Lastname", 400, "0x80060888"),
    ],
)
def test_what_is_not_there_is_refused(
    client: WebClient, method: str, path: str, status: int, code: str
) -> None:
    assert code_of(client.send(method, path)) == (status, code)


def test_another_version_of_the_api_is_not_there(client: WebClient) -> None:
    answer = client.session.get(f"{client.url}/api/data/v9.1/WhoAmI", timeout=30)
    assert answer.status_code == 404


def test_duplicate_rules_hold_for_calls_that_turn_them_on(client: WebClient) -> None:
    body = {"lastname": "x", "emailaddress1": "a@example.org"}
    assert client.post("contacts", body).status_code == 204
    assert client.post("contacts", body).status_code == 204
    headers = {"MSCRM.SuppressDuplicateDetection": "false"}
    assert code_of(client.send("POST", "contacts", body, headers)) == (500, "0x80040333")


def test_a_plug_in_refuses_with_its_own_words() -> None:
    table = Table(
        name="new_thing",
        entity_set="new_things",
        primary_name="new_text",
        keys=(Key("new_key", ("new_text",)),),
        columns=(StringColumn(name="new_text"),),
        plug_in=lambda values: "no bad things" if values["new_text"] == "bad" else None,
    )
    with DataverseSimulator(Schema(table)) as simulator:
        client = WebClient(simulator)
        assert client.post("new_things", {"new_text": "good"}).status_code == 204
        answer = client.post("new_things", {"new_text": "bad"})
        assert code_of(answer) == (400, "0x80040265")
        assert answer.json()["error"]["message"] == "no bad things"


@pytest.mark.parametrize(
    ("privilege", "method", "path"),
    [
        ("prvCreateContact", "PATCH", "contacts(new_cventcontactid='new')"),
        ("prvWriteContact", "PATCH", "contacts(new_cventcontactid='C')"),
        ("prvReadContact", "GET", "contacts(new_cventcontactid='C')"),
        ("prvReadContact", "GET", "contacts"),
        ("prvDeleteContact", "DELETE", "contacts(new_cventcontactid='C')"),
        ("prvAppendnew_RegistrationStaging", "PATCH", key("A")),
        ("prvAppendToContact", "PATCH", key("A")),
    ],
)
def test_a_missing_privilege_is_named(
    simulator: DataverseSimulator, client: WebClient, privilege: str, method: str, path: str
) -> None:
    contact = simulator.add("contact", {"new_cventcontactid": "C"})
    simulator.denied.add(privilege)
    bind = {"new_Contact@odata.bind": f"contacts({contact})"}
    body = None if method in ("GET", "DELETE") else bind if STAGING in path else {}
    answer = client.send(method, path, body)
    assert code_of(answer) == (403, "0x80040220")
    assert privilege in answer.json()["error"]["message"]
