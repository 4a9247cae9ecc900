"""What the simulated Dataverse takes and refuses for a column of each type."""

from __future__ import annotations

from typing import Any

import pytest
from tests.integration.dynamics.web_client import STAGING, WebClient, code_of, key, staging

from regbridge_dynamics.simulator import DataverseSimulator

PAYLOAD = "0x80048d19"
MISSING = "00000000-0000-0000-0000-000000000001"

TAKEN: list[tuple[str, Any, Any]] = [
    ("new_name", "O'Brien", "O'Brien"),
    ("new_name", "", None),
    ("new_name", None, None),
    ("new_name", "é" * 100, "é" * 100),
    ("new_answers", "one\ntwo", "one\ntwo"),
    ("new_guests", 0, 0),
    ("new_sourceversion", 2**62, 2**62),
    ("new_discount", 7, 7.0),
    ("new_discount", 1.005, 1.01),
    ("new_score", 0.123456, 0.12346),
    ("new_amountpaid", 99.95, 99.95),
    ("new_ismember", True, True),
    ("new_registeredon", "2027-03-01T10:00:00Z", "2027-03-01T10:00:00Z"),
    ("new_registeredon", "2027-03-01T10:00:00", "2027-03-01T10:00:00Z"),
    ("new_registeredon", "2027-03-01T10:00:00.123-05:00", "2027-03-01T15:00:00Z"),
    ("new_doorsopen", "2027-03-01T10:00:00-05:00", "2027-03-01T10:00:00Z"),
    ("new_eventday", "2027-03-01", "2027-03-01"),
    ("new_registrationstatus", 100000001, 100000001),
    ("new_interests", "717700000,717700002", "717700000,717700002"),
    ("new_interests", "", None),
    ("new_batchid", "7D0B0C0E-5B1D-4A6F-9A3E-2F1C7C1F4B02", "7d0b0c0e-5b1d-4a6f-9a3e-2f1c7c1f4b02"),
]

REFUSED: list[tuple[str, Any, str]] = [
    ("new_name", 5, PAYLOAD),
    ("new_name", True, PAYLOAD),
    ("new_name", ["a"], PAYLOAD),
    ("new_name", "x" * 101, "0x80044331"),
    ("new_name", "\N{GRINNING FACE}" * 51, "0x80044331"),
    ("new_name", "a\x00b", "0x80040278"),
    ("new_name", "\ud800", PAYLOAD),
    ("new_answers", "x" * 10_001, "0x80044331"),
    ("new_guests", "2", PAYLOAD),
    ("new_guests", 2.0, PAYLOAD),
    ("new_guests", True, PAYLOAD),
    ("new_guests", 2**31, PAYLOAD),
    ("new_guests", 101, "0x8004432f"),
    ("new_sourceversion", "1", PAYLOAD),
    ("new_sourceversion", 2**63, PAYLOAD),
    ("new_discount", "1.5", PAYLOAD),
    ("new_discount", False, PAYLOAD),
    ("new_discount", 10**12, "0x80044330"),
    ("new_score", "0.5", PAYLOAD),
    ("new_amountpaid", "99.95", PAYLOAD),
    ("new_amountpaid", 10**15, "0x80044330"),
    ("new_ismember", "true", PAYLOAD),
    ("new_ismember", 1, PAYLOAD),
    ("new_registeredon", "2027-03-01", PAYLOAD),
    ("new_registeredon", "01/03/2027", PAYLOAD),
    ("new_registeredon", "2027-03-01 10:00:00Z", PAYLOAD),
    ("new_registeredon", "2027-03-01T10:00:00+01:00Z", PAYLOAD),
    ("new_registeredon", "2027-02-30T10:00:00Z", "0x80040239"),
    ("new_registeredon", "1752-12-31T23:00:00Z", "0x80040239"),
    ("new_registeredon", 1_800_000_000, PAYLOAD),
    ("new_eventday", "2027-03-01T00:00:00Z", PAYLOAD),
    ("new_eventday", "2027-02-30", "0x80040239"),
    ("new_eventday", "1752-12-31", "0x80040239"),
    ("new_doorsopen", "10:00", PAYLOAD),
    ("new_registrationstatus", "Accepted", PAYLOAD),
    ("new_registrationstatus", "100000000", PAYLOAD),
    ("new_registrationstatus", True, PAYLOAD),
    ("new_registrationstatus", 7, "0x8004431A"),
    ("new_interests", "Keynotes", PAYLOAD),
    ("new_interests", "717700000, 717700002", PAYLOAD),
    ("new_interests", [717700000], PAYLOAD),
    ("new_interests", 717700000, PAYLOAD),
    ("new_interests", "717700000,1", "0x8004431A"),
    ("new_batchid", "not-a-guid", PAYLOAD),
    ("new_batchid", "7d0b0c0e5b1d4a6f9a3e2f1c7c1f4b02", PAYLOAD),
    ("new_nothing", "x", PAYLOAD),
    ("New_Name", "x", PAYLOAD),
    ("statecode", 1, "0x80048408"),
    ("statuscode", 2, "0x80048408"),
    ("statuscode", None, "0x80048408"),
    ("createdon", "2027-03-01T10:00:00Z", "0x80040203"),
    ("versionnumber", 1, "0x80040203"),
    ("_new_contact_value", MISSING, "0x80060888"),
    ("new_contact", MISSING, "0x80060888"),
    ("new_Contact", MISSING, "0x80060888"),
    ("new_Contact@odata.bind", f"accounts({MISSING})", PAYLOAD),
    ("new_contact@odata.bind", f"contacts({MISSING})", PAYLOAD),
    ("new_Contact@odata.bind", 5, PAYLOAD),
    ("new_Contact@odata.bind", "contacts", "0x80060888"),
    ("new_Contact@odata.bind", "contacts(new_cventcontactid='a%23b')", "0x80060888"),
    ("new_Contact@odata.bind", "contacts(emailaddress1='a')", "0x80060888"),
    ("new_Contact@odata.bind", "$1", "0x80060888"),
    ("new_email@Some.Annotation", "x", PAYLOAD),
]


@pytest.mark.parametrize(("column", "value", "stored"), TAKEN)
def test_a_value_of_the_columns_type_is_stored(
    simulator: DataverseSimulator, client: WebClient, column: str, value: Any, stored: Any
) -> None:
    assert client.patch(key("A"), {column: value}).status_code == 204
    assert simulator.tables["new_registrationstaging"][0][column] == stored
    shown = client.get(f"{key('A')}?$select={column}").json()
    assert shown[column] == stored
    assert isinstance(shown[column], type(stored))


@pytest.mark.parametrize(("column", "value", "code"), REFUSED)
def test_a_value_that_does_not_fit_its_column_is_refused(
    simulator: DataverseSimulator, client: WebClient, column: str, value: Any, code: str
) -> None:
    answer = client.patch(key("A"), {column: value})
    assert code_of(answer) == (400, code)
    assert simulator.tables["new_registrationstaging"] == []


def test_a_required_column_must_have_a_value(client: WebClient) -> None:
    assert code_of(client.post(STAGING, {"new_inviteeid": "A"})) == (400, "0x80040200")
    client.patch(key("A"), {})
    assert code_of(client.post(STAGING, staging("B", new_eventid=None))) == (400, "0x80040200")


def test_a_column_that_only_forms_require_may_be_empty(client: WebClient) -> None:
    assert client.post(STAGING, staging("A", new_lastname=None)).status_code == 204


def test_a_state_is_set_together_with_its_status(client: WebClient) -> None:
    client.patch(key("A"), {})
    assert client.patch(key("A"), {"statecode": 1, "statuscode": 2}).status_code == 204
    assert client.patch(key("A"), {"statuscode": 1}).status_code == 400
    assert client.patch(key("A"), {"statecode": 0, "statuscode": 100000001}).status_code == 204
    shown = client.get(f"{key('A')}?$select=statecode,statuscode").json()
    assert (shown["statecode"], shown["statuscode"]) == (0, 100000001)


def test_a_lookup_is_bound_by_id_by_key_or_by_the_whole_url_and_cleared(
    simulator: DataverseSimulator, client: WebClient
) -> None:
    contact = simulator.add("contact", {"new_cventcontactid": "C-1"})
    for reference in (
        f"contacts({contact})",
        f"/contacts({contact.upper()})",
        f"{client.url}/api/data/v9.2/contacts({contact})",
        "contacts(new_cventcontactid='C-1')",
    ):
        assert client.patch(key("A"), {"new_Contact@odata.bind": reference}).status_code == 204
        shown = client.get(f"{key('A')}?$select=_new_contact_value").json()
        assert shown["_new_contact_value"] == contact
        cleared = {"new_Contact": None} if "new_" in reference else {"new_Contact@odata.bind": None}
        assert client.patch(key("A"), cleared).status_code == 204
        assert simulator.tables["new_registrationstaging"][0]["new_contact"] is None


def test_a_bind_to_a_missing_record_names_the_parent(client: WebClient) -> None:
    by_id = client.patch(key("A"), {"new_Contact@odata.bind": f"contacts({MISSING})"})
    assert code_of(by_id) == (404, "0x80040217")
    by_key = client.patch(key("A"), {"new_Contact@odata.bind": "contacts(new_cventcontactid='x')"})
    assert code_of(by_key) == (404, "0x80060891")
    assert "contact entity" in by_key.json()["error"]["message"]


def test_a_lookup_to_several_tables_has_a_navigation_property_for_each(
    simulator: DataverseSimulator, client: WebClient
) -> None:
    account = simulator.add("account", {"accountnumber": "1"})
    contact = simulator.add("contact", {"new_cventcontactid": "boss"})
    path = "contacts(new_cventcontactid='C-1')"
    accounts = {"parentcustomerid_account@odata.bind": f"accounts({account})"}
    assert client.patch(path, accounts).status_code == 204
    contacts = {"parentcustomerid_contact@odata.bind": f"contacts({contact})"}
    assert client.patch(path, contacts).status_code == 204
    assert simulator.tables["contact"][-1]["parentcustomerid"] == contact
    assert code_of(client.patch(path, accounts | contacts)) == (400, PAYLOAD)
    plain = {"parentcustomerid@odata.bind": f"accounts({account})"}
    assert code_of(client.patch(path, plain)) == (400, PAYLOAD)


def test_records_within_records_are_not_simulated(client: WebClient) -> None:
    answer = client.post(STAGING, staging("A", new_Contact={"lastname": "x"}))
    assert answer.status_code == 501


@pytest.mark.parametrize(
    "body",
    [
        "",
        "[]",
        "{",
        '{"new_name": NaN}',
        '{"new_name": "a", "new_name": "b"}',
        b'{"new_name":"\xff"}',
    ],
)
def test_a_body_that_is_not_one_json_object_is_refused(
    client: WebClient, body: str | bytes
) -> None:
    assert code_of(client.patch(key("A"), body)) == (400, PAYLOAD)


def test_a_body_of_another_media_type_is_refused(client: WebClient) -> None:
    answer = client.patch(key("A"), "{}", Content_Type="text/plain")
    assert answer.status_code == 415


def test_an_annotation_beside_its_value_is_passed_over(client: WebClient) -> None:
    body = {"new_name": "x", "new_name@Some.Annotation": "y", "@odata.etag": "z"}
    assert client.patch(key("A"), body).status_code == 204


def test_a_body_of_another_tables_type_is_refused(client: WebClient) -> None:
    body = {"@odata.type": "Microsoft.Dynamics.CRM.contact"}
    assert code_of(client.patch(key("A"), body)) == (400, PAYLOAD)
    named = {"@odata.type": "#Microsoft.Dynamics.CRM.new_registrationstaging"}
    assert client.patch(key("A"), named).status_code == 204
