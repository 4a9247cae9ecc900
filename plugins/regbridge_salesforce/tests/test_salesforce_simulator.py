"""The simulated org refuses what Salesforce refuses."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from typing import Any

import pytest

from regbridge.http import Answer, Outbound
from regbridge_salesforce.simulator import SalesforceSimulator

CONTACTS = "/composite/sobjects/Contact/Cvent_Contact_Id__c"


class Asker:
    """Calls the simulated org as anybody could."""

    def __init__(self, simulator: SalesforceSimulator) -> None:
        self.simulator = simulator
        self.outbound = Outbound("the simulator", simulator.url)
        self.token = ""
        self.token = self.login()["access_token"]

    def login(self, **changes: str) -> dict[str, Any]:
        form = {
            "grant_type": "client_credentials",
            "client_id": self.simulator.app.client_id,
            "client_secret": self.simulator.app.secret,
            **changes,
        }
        body = "&".join(f"{name}={value}" for name, value in form.items())
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        url = f"{self.simulator.url}/services/oauth2/token"
        found = self.outbound.send("POST", url, headers=headers, body=body).json()
        assert isinstance(found, dict)
        return found

    def ask(self, path: str, method: str = "GET", body: Any = None, **more: Any) -> Answer:
        headers = {
            "Authorization": f"Bearer {self.token}",
            "Content-Type": "application/json",
            **more.pop("headers", {}),
        }
        version = more.pop("version", "64.0")
        given = body if isinstance(body, str | None) else json.dumps(body)
        url = f"{self.simulator.url}/services/data/v{version}{path}"
        return self.outbound.send(method, url, headers=headers, body=given, **more)

    def upsert(self, *records: Any, path: str = CONTACTS, **more: Any) -> Answer:
        document = {"allOrNone": False, "records": list(records), **more}
        return self.ask(path, "PATCH", document)


@pytest.fixture
def simulator() -> Iterator[SalesforceSimulator]:
    with SalesforceSimulator() as running:
        yield running


@pytest.fixture
def asker(simulator: SalesforceSimulator) -> Iterator[Asker]:
    found = Asker(simulator)
    yield found
    found.outbound.close()


def contact(number: int, **fields: Any) -> dict[str, Any]:
    own = {"Cvent_Contact_Id__c": f"c-{number}", "LastName": "Lovelace"}
    return {"attributes": {"type": "Contact"}, **own, **fields}


def code(answer: Answer) -> tuple[int, str]:
    return answer.status, answer.json()[0]["errorCode"]


def codes(answer: Answer) -> list[str]:
    assert answer.status == 200
    return [one["errors"][0]["statusCode"] if one["errors"] else "" for one in answer.json()]


@pytest.mark.parametrize(
    ("record", "refusal"),
    [
        ({"LastName": "x"}, "INVALID_INPUT"),
        ({**contact(1), "attributes": {}}, "INVALID_INPUT"),
        ({**contact(1), "attributes": {"type": "Account"}}, "INVALID_INPUT"),
        (contact(1, Id="003000000000001AAA"), "INVALID_FIELD"),
        (contact(1, Nickname="Ada"), "INVALID_FIELD"),
        (contact(1, Account={"Name": "Contoso"}), "INVALID_FIELD"),
        (contact(1, Account="M-1"), "JSON_PARSER_ERROR"),
        (contact(1, Birthdate="04/03/2027"), "JSON_PARSER_ERROR"),
        (contact(1, HasOptedOutOfEmail="yes"), "JSON_PARSER_ERROR"),
        (contact(1, FirstName=5), "JSON_PARSER_ERROR"),
    ],
)
def test_what_cannot_be_read_spoils_the_call_for_all(
    simulator: SalesforceSimulator, asker: Asker, record: Any, refusal: str
) -> None:
    assert code(asker.upsert(contact(0), record)) == (400, refusal)
    assert simulator.records("Contact") == []


@pytest.mark.parametrize(
    ("fields", "refusal"),
    [
        ({"LastName": " "}, "REQUIRED_FIELD_MISSING"),
        ({"FirstName": "x" * 41}, "STRING_TOO_LONG"),
        ({"Email": "nobody"}, "INVALID_EMAIL_ADDRESS"),
        ({"HasOptedOutOfEmail": None}, "INVALID_TYPE_ON_FIELD_IN_RECORD"),
        ({"Account": {"Member_Id__c": "M-1"}}, "INVALID_FIELD"),
        ({"Cvent_Contact_Id__c": None}, "MISSING_ARGUMENT"),
    ],
)
def test_what_is_wrong_with_one_record_spoils_no_other(
    asker: Asker, fields: dict[str, Any], refusal: str
) -> None:
    assert codes(asker.upsert(contact(0), contact(1, **fields), contact(2))) == ["", refusal, ""]


def test_an_external_id_twice_in_a_call_is_refused_in_any_capitals(asker: Asker) -> None:
    twin = contact(1, Cvent_Contact_Id__c="C-1 ")
    assert codes(asker.upsert(contact(1), contact(2), twin)) == [
        "DUPLICATE_VALUE",
        "",
        "DUPLICATE_VALUE",
    ]


def test_200_records_are_taken_and_201_are_not(
    simulator: SalesforceSimulator, asker: Asker
) -> None:
    records = [contact(number) for number in range(201)]
    assert code(asker.upsert(*records)) == (400, "EXCEEDED_ID_LIMIT")
    assert codes(asker.upsert(*records[:200])) == [""] * 200
    assert len(simulator.records("Contact")) == 200


def test_all_or_none_keeps_none(simulator: SalesforceSimulator, asker: Asker) -> None:
    answer = asker.upsert(contact(1), contact(2, LastName=None), allOrNone=True)
    assert codes(answer) == ["ALL_OR_NONE_OPERATION_ROLLED_BACK", "REQUIRED_FIELD_MISSING"]
    assert simulator.records("Contact") == []


@pytest.mark.parametrize(
    "path",
    [
        "/composite/sobjects/Contact/Email",
        "/composite/sobjects/Contact/Id",
        "/composite/sobjects/Kontakt/Cvent_Contact_Id__c",
        "/composite/sobjects/Contact",
    ],
)
def test_only_an_external_id_of_an_object_is_a_place_to_upsert(asker: Asker, path: str) -> None:
    assert code(asker.upsert(contact(1), path=path)) == (404, "NOT_FOUND")


def test_bodies_that_are_none_are_refused(asker: Asker) -> None:
    for body in ("{", "[]", '{"records": []}', '{"records": {}}'):
        assert code(asker.ask(CONTACTS, "PATCH", body)) == (400, "JSON_PARSER_ERROR")
    assert code(asker.upsert(contact(1), allOrNone="no")) == (400, "JSON_PARSER_ERROR")
    form = {"Content-Type": "text/plain"}
    assert asker.ask(CONTACTS, "PATCH", "{}", headers=form).status == 415


def test_a_version_that_the_org_does_not_have_is_not_found(asker: Asker) -> None:
    assert code(asker.ask("/limits", version="45.0")) == (404, "NOT_FOUND")
    assert asker.ask("/limits", version="63.0").status == 200


@pytest.mark.parametrize(
    ("query", "refusal"),
    [
        ("SELECT Id FROM Contact", "MALFORMED_QUERY"),
        ("SELECT Id,LastName FROM Contact WHERE Email != null", "MALFORMED_QUERY"),
        ("SELECT Id FROM Contact WHERE Email != null LIMIT 5", "MALFORMED_QUERY"),
        ("SELECT Id, Id FROM Contact WHERE Email != null", "MALFORMED_QUERY"),
        ("SELECT Id FROM Contact WHERE Email = 'x' OR Email != null", "MALFORMED_QUERY"),
        ("SELECT Nickname FROM Contact WHERE Email != null", "INVALID_FIELD"),
        ("SELECT Id FROM Contact WHERE Nickname != null", "INVALID_FIELD"),
        ("SELECT Payer.Name FROM Contact WHERE Email != null", "INVALID_FIELD"),
        ("SELECT Id FROM Kontakt WHERE Email != null", "INVALID_TYPE"),
        ("", "MALFORMED_QUERY"),
    ],
)
def test_every_other_query_is_malformed(asker: Asker, query: str, refusal: str) -> None:
    assert code(asker.ask("/query", params={"q": query})) == (400, refusal)


def test_pages_have_no_more_records_than_salesforce_gives(asker: Asker) -> None:
    for start in range(0, 2200, 200):
        asker.upsert(*(contact(start + number) for number in range(200)))
    params = {"q": "SELECT Id FROM Contact WHERE Cvent_Contact_Id__c != null"}

    def page(size: int) -> tuple[int, bool]:
        headers = {"Sforce-Query-Options": f"batchSize={size}"}
        found = asker.ask("/query", params=params, headers=headers).json()
        return len(found["records"]), "nextRecordsUrl" in found

    assert [page(1), page(5000)] == [(200, True), (2000, True)]


@pytest.mark.parametrize(
    ("form", "error"),
    [
        ({"grant_type": "password"}, "unsupported_grant_type"),
        ({"client_id": "x"}, "invalid_client_id"),
        ({"client_secret": "x"}, "invalid_client"),
        ({"grant_type": "urn:ietf:params:oauth:grant-type:jwt-bearer"}, "invalid_grant"),
    ],
)
def test_a_wrong_login_gets_no_token(asker: Asker, form: dict[str, str], error: str) -> None:
    assert asker.login(**form)["error"] == error


def test_a_token_has_no_time_to_live_and_ends_all_the_same(
    simulator: SalesforceSimulator, asker: Asker
) -> None:
    assert "expires_in" not in asker.login()
    assert asker.ask("/limits").status == 200
    simulator.logins.expire_all()
    assert code(asker.ask("/limits")) == (401, "INVALID_SESSION_ID")
    assert asker.outbound.send("GET", f"{simulator.url}/services/data").status == 200


def test_every_answer_says_how_many_calls_were_made(
    simulator: SalesforceSimulator, asker: Asker
) -> None:
    simulator.limits.per_day = 2
    headers = [asker.ask(path).headers["Sforce-Limit-Info"] for path in ("/limits", "/nowhere")]
    assert [one.partition(";")[0] for one in headers] == ["api-usage=1/2", "api-usage=2/2"]
    answer = asker.ask("/limits")
    assert code(answer) == (403, "REQUEST_LIMIT_EXCEEDED")
    assert "Retry-After" not in answer.headers


def test_calls_of_24_hours_ago_count_no_more() -> None:
    now = [1_000_000.0]
    with SalesforceSimulator(clock=lambda: now[0]) as simulator:
        asker = Asker(simulator)
        simulator.limits.per_day = 1
        assert asker.ask("/limits").status == 200
        assert asker.ask("/limits").status == 403
        now[0] += 86_400
        assert asker.ask("/limits").status == 200
        asker.outbound.close()


def test_while_too_many_long_calls_are_under_way_no_other_is_let_in(
    simulator: SalesforceSimulator, asker: Asker
) -> None:
    simulator.limits.long_calls, simulator.limits.long_seconds = 1, 0.0
    entered, leave = threading.Event(), threading.Event()

    def hold(seconds: float) -> None:
        entered.set()
        assert leave.wait(30)

    simulator.take_longer(1.0, hold)
    statuses: list[int] = []
    thread = threading.Thread(target=lambda: statuses.append(asker.ask("/limits").status))
    thread.start()
    assert entered.wait(30)
    simulator.take_longer(0.0)
    assert code(asker.ask("/limits")) == (403, "REQUEST_LIMIT_EXCEEDED")
    leave.set()
    thread.join()
    assert statuses == [200]
    assert asker.ask("/limits").status == 200


def test_a_uri_that_is_too_long_is_refused(asker: Asker) -> None:
    assert asker.ask("/query", params={"q": "x" * 17_000}).status == 414
