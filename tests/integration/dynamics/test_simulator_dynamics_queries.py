"""Reading many records of the simulated Dataverse: filters, order, pages."""

from __future__ import annotations

import pytest
from tests.integration.dynamics.web_client import STAGING, WebClient, code_of, staging

from regbridge_dynamics.simulator import (
    ApiError,
    DataverseSimulator,
    Schema,
    StringColumn,
    Table,
)

TABLE = "new_registrationstaging"
IN = "Microsoft.Dynamics.CRM.In"


@pytest.fixture
def filled(simulator: DataverseSimulator, client: WebClient) -> WebClient:
    contact = simulator.add("contact", {"contactid": "0" * 8 + "-0000-0000-0000-" + "1" * 12})
    for number, name in enumerate(("Ann", "bob", "O'Brien", None)):
        values = staging(
            f"A{number}",
            new_name=name,
            new_guests=number,
            new_eventday=f"2027-03-0{number + 1}",
            new_ismember=number % 2 == 0,
            new_registrationstatus=100000000 + number % 2,
        )
        if number == 1:
            values["new_Contact@odata.bind"] = f"contacts({contact})"
        simulator.add(TABLE, values)
    return client


def found(client: WebClient, query: str) -> list[str]:
    answer = client.get(f"{STAGING}?{query}")
    assert answer.status_code == 200, answer.text
    return [one["new_inviteeid"] for one in answer.json()["value"]]


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        ("new_name eq 'ANN'", "0"),
        ("new_name eq 'O''Brien'", "2"),
        ("new_name eq null", "3"),
        ("new_name ne null", "012"),
        ("new_name ne 'bob'", "023"),
        ("new_guests eq 2", "2"),
        ("new_guests gt 2", "3"),
        ("new_guests ge 2 and new_guests lt 3", "2"),
        ("new_guests le 0 or new_guests eq 3", "03"),
        ("new_guests eq 0 or new_guests eq 1 and new_name eq 'bob'", "01"),
        ("(new_guests eq 0 or new_guests eq 1) and new_name eq 'bob'", "1"),
        ("not new_name eq 'bob' and not (new_guests gt 1)", "0"),
        ("new_ismember eq true", "02"),
        ("new_eventday ge 2027-03-03", "23"),
        ("createdon lt 2000-01-01T00:00:00Z", ""),
        ("new_registrationstatus eq 100000001", "13"),
        ("_new_contact_value eq 00000000-0000-0000-0000-111111111111", "1"),
        (f"{IN}(PropertyName='new_name',PropertyValues=['ann','bob'])", "01"),
        (f"{IN}(PropertyName='new_guests',PropertyValues=['0','3'])", "03"),
        (f"{IN}(PropertyName='new_guests',PropertyValues=['1']) and new_ismember eq false", "1"),
        ("new_inviteeid eq 'a0' and new_eventid eq 'E-1'", "0"),
    ],
)
def test_a_filter_lets_the_right_records_pass(filled: WebClient, text: str, numbers: str) -> None:
    assert found(filled, f"$filter={text}") == [f"A{number}" for number in numbers]


@pytest.mark.parametrize(
    ("text", "status"),
    [
        ("new_nothing eq 1", 400),
        ("new_contact eq null", 400),
        ("new_name eq 5", 400),
        ("new_guests eq '5'", 400),
        ("new_guests eq 1.5", 400),
        ("new_ismember eq 1", 400),
        ("new_eventday eq 2027-02-30", 400),
        ("new_eventday eq '2027-03-01'", 400),
        ("new_interests eq '717700000'", 400),
        ("new_name eq Ann", 400),
        ("new_name in ('Ann','bob')", 400),
        ("new_name like 'A'", 400),
        ("new_name eq 'Ann", 400),
        ("new_name eq 'Ann' and", 400),
        ("new_name eq 'Ann' new_guests eq 1", 400),
        ("(new_name eq 'Ann'", 400),
        ("new_name", 400),
        ("new_name eq @name", 400),
        (f"{IN}(PropertyName='new_name',PropertyValues=[])", 400),
        (f"{IN}(PropertyName='new_guests',PropertyValues=[1])", 400),
        ("contains(new_name,'A')", 501),
        ("(" * 60 + "new_guests eq 1" + ")" * 60, 400),
    ],
)
def test_a_filter_that_dataverse_does_not_take_is_refused(
    filled: WebClient, text: str, status: int
) -> None:
    assert filled.get(f"{STAGING}?$filter={text}").status_code == status


def test_records_are_ordered_by_columns(filled: WebClient) -> None:
    assert found(filled, "$orderby=new_guests desc") == ["A3", "A2", "A1", "A0"]
    assert found(filled, "$orderby=new_ismember,new_guests desc") == ["A3", "A1", "A2", "A0"]
    for wrong in ("new_nothing", "new_guests down"):
        assert filled.get(f"{STAGING}?$orderby={wrong}").status_code == 400


def test_pages_follow_one_another_until_all_is_read(filled: WebClient) -> None:
    answer = filled.get(
        f"{STAGING}?$select=new_name&$filter=new_guests ge 0&$count=true",
        Prefer="odata.maxpagesize=3",
    ).json()
    assert (len(answer["value"]), answer["@odata.count"]) == (3, 4)
    link = answer["@odata.nextLink"].removeprefix(f"{filled.url}/api/data/v9.2/")
    rest = filled.get(link, Prefer="odata.maxpagesize=3").json()
    assert len(rest["value"]) == 1
    assert "@odata.nextLink" not in rest


def test_top_ends_the_pages_earlier(filled: WebClient) -> None:
    assert found(filled, "$top=2") == ["A0", "A1"]
    answer = filled.get(f"{STAGING}?$top=2", Prefer="odata.maxpagesize=2").json()
    assert "@odata.nextLink" not in answer


@pytest.mark.parametrize(
    "query",
    [
        "$top=-1",
        "$top=x",
        "$skip=1",
        "$skiptoken=x",
        "$search=x",
        "$select=",
        "$select=new_Name",
        "$select=new_contact",
        "fetchXml=x",
        "$top=1&$top=2",
    ],
)
def test_an_option_that_dataverse_does_not_take_here_is_refused(
    client: WebClient, query: str
) -> None:
    assert code_of(client.get(f"{STAGING}?{query}"))[0] == 400


def test_only_selected_columns_come_and_the_id_always(filled: WebClient) -> None:
    [one] = filled.get(f"{STAGING}?$select=new_guests&$top=1").json()["value"]
    assert set(one) == {"@odata.etag", "new_guests", f"{TABLE}id"}


def test_a_page_has_5000_records_whatever_is_preferred(
    simulator: DataverseSimulator, client: WebClient
) -> None:
    for number in range(5001):
        simulator.add("account", {"name": str(number)})
    for headers in ({}, {"Prefer": "odata.maxpagesize=5001"}):
        answer = client.send("GET", "accounts?$select=name", headers=headers).json()
        assert len(answer["value"]) == 5000
        assert "@odata.nextLink" in answer


@pytest.mark.parametrize("change", ["$select=new_guests", "$filter=new_guests ge 1", "$count=true"])
def test_a_skip_token_is_good_for_its_own_question_alone(filled: WebClient, change: str) -> None:
    link = filled.get(f"{STAGING}?$select=new_name", Prefer="odata.maxpagesize=3").json()
    token = link["@odata.nextLink"].partition("$skiptoken=")[2]
    assert filled.get(f"{STAGING}?$select=new_name&$skiptoken={token}").status_code == 200
    assert code_of(filled.get(f"{STAGING}?{change}&$skiptoken={token}"))[0] == 400


@pytest.mark.parametrize("token", ["MA==", "LTM6eA==", "", "%20", "ä"])
def test_a_skip_token_that_was_never_given_is_refused(filled: WebClient, token: str) -> None:
    assert code_of(filled.get(f"{STAGING}?$skiptoken={token}"))[0] == 400


def test_lookups_and_columns_of_a_key_are_filtered_together(filled: WebClient) -> None:
    assert found(filled, "$filter=_new_contact_value ne null and new_eventid ne null") == ["A1"]
    assert filled.get(f"{STAGING}?$filter=new_contact ne null").status_code == 400


def test_who_may_not_read_a_table_gets_no_page_of_it(filled: WebClient) -> None:
    filled.simulator.denied.add("prvReadnew_RegistrationStaging")
    assert code_of(filled.get(STAGING)) == (403, "0x80040220")


def test_a_column_that_is_not_read_is_unknown_and_a_secured_one_is_null() -> None:
    columns = (
        StringColumn(name="new_name"),
        StringColumn(name="new_hidden", read=False),
        StringColumn(name="new_secret", secured=True),
    )
    table = Table(
        name="new_t", entity_set="new_ts", primary_name="new_name", keys=(), columns=columns
    )
    with DataverseSimulator(Schema(table)) as simulator:
        simulator.add("new_t", {"new_name": "a", "new_hidden": "b", "new_secret": "c"})
        client = WebClient(simulator)
        [row] = client.get("new_ts").json()["value"]
        for query in (
            "$select=new_hidden",
            "$filter=new_hidden ne null",
            "$orderby=new_hidden",
        ):
            assert client.get(f"new_ts?{query}").status_code == 400
        path = "EntityDefinitions(LogicalName='new_t')/Attributes?$select=LogicalName"
        told = client.get(f"{path},IsValidForRead,IsSecured").json()["value"]
        client.session.close()

    assert (row["new_name"], row["new_secret"]) == ("a", None)
    assert "new_hidden" not in row
    marks = {one["LogicalName"]: (one["IsValidForRead"], one["IsSecured"]) for one in told}
    assert marks["new_hidden"] == (False, False)
    assert marks["new_secret"] == (True, True)


def test_a_person_in_the_crm_changes_and_deletes_records(
    simulator: DataverseSimulator, client: WebClient
) -> None:
    simulator.denied.update({"prvWriteAccount", "prvDeleteAccount"})
    first, second = (simulator.add("account", {"name": name}) for name in "ab")
    simulator.change("account", first, {"name": "c"})
    simulator.remove("account", second)

    assert [one["name"] for one in client.get("accounts").json()["value"]] == ["c"]
    with pytest.raises(ApiError, match="Does Not Exist"):
        simulator.change("account", second, {"name": "d"})
    with pytest.raises(ApiError, match="maximum allowed length"):
        simulator.change("account", first, {"name": "x" * 161})
