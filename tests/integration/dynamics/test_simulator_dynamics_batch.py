"""`$batch` of the simulated Dataverse: order, failures, change sets, and what is refused."""

from __future__ import annotations

import pytest
from tests.integration.dynamics.web_client import (
    STAGING,
    WebClient,
    change_set,
    code_of,
    key,
    multipart,
    read_batch,
    request_part,
    staging,
    target,
)

from regbridge_dynamics.simulator import DataverseSimulator

BASE = "/api/data/v9.2"
TABLE = "new_registrationstaging"
CONTINUE = "odata.continue-on-error"
TOO_LONG = "x" * 101


def upsert(invitee: str, name: str = "x", content_id: str = "") -> str:
    return request_part(
        "PATCH", f"{BASE}/{key(invitee)}", {"new_name": name}, content_id=content_id
    )


def invitees(simulator: DataverseSimulator) -> list[object]:
    return [one["new_inviteeid"] for one in simulator.tables[TABLE]]


@pytest.mark.parametrize("boundary", ['"b"', "b"])
def test_the_answers_come_in_the_order_of_the_requests(
    simulator: DataverseSimulator, client: WebClient, boundary: str
) -> None:
    parts = [
        upsert("A", "a"),
        request_part("GET", f"{BASE}/{key('A')}?$select=new_name"),
        request_part("POST", f"{client.url}{BASE}/{STAGING}", staging("B")),
        request_part("DELETE", f"{BASE}/{key('A')}"),
    ]
    answer = client.batch(multipart(parts), boundary)
    assert answer.status_code == 200
    found = read_batch(answer)
    assert [one.status for one in found] == [204, 200, 204, 204]
    assert found[1].body["new_name"] == "a"
    assert found[2].headers["location"] == found[2].headers["odata-entityid"]
    assert invitees(simulator) == ["B"]
    assert simulator.calls.total == 1
    assert simulator.calls.parts == {"upsert": 1, "retrieve": 1, "create": 1, "delete": 1}


def test_a_bulk_action_may_be_a_part(simulator: DataverseSimulator, client: WebClient) -> None:
    url = f"{BASE}/{STAGING}/Microsoft.Dynamics.CRM.UpsertMultiple"
    parts = [request_part("POST", url, {"Targets": [target("A"), target("B")]})]
    assert [one.status for one in read_batch(client.batch(multipart(parts)))] == [204]
    assert invitees(simulator) == ["A", "B"]


def test_with_continue_on_error_a_failure_stands_among_the_others(
    simulator: DataverseSimulator, client: WebClient
) -> None:
    parts = [upsert("A"), upsert("B", TOO_LONG), upsert("C")]
    answer = client.batch(multipart(parts), Prefer=CONTINUE)
    assert answer.status_code == 200
    found = read_batch(answer)
    assert [one.status for one in found] == [204, 400, 204]
    assert found[1].code == "0x80044331"
    assert found[1].headers["req_id"]
    assert invitees(simulator) == ["A", "C"]


def test_without_it_the_first_failure_ends_the_batch_and_is_all_that_is_shown(
    simulator: DataverseSimulator, client: WebClient
) -> None:
    parts = [upsert("A"), upsert("B", TOO_LONG), upsert("C")]
    answer = client.batch(multipart(parts))
    assert answer.status_code == 400
    assert answer.headers["Content-Type"].startswith("multipart/mixed")
    assert [one.code for one in read_batch(answer)] == ["0x80044331"]
    assert invitees(simulator) == ["A"]


def test_the_same_key_may_come_twice(simulator: DataverseSimulator, client: WebClient) -> None:
    parts = [upsert("A", "1"), upsert("A", "2")]
    assert [one.status for one in read_batch(client.batch(multipart(parts)))] == [204, 204]
    assert simulator.tables[TABLE][0]["new_name"] == "2"


def test_errors_of_parts_have_details_when_they_are_asked_for(client: WebClient) -> None:
    prefer = f'{CONTINUE}, odata.include-annotations="*"'
    [part] = read_batch(client.batch(multipart([upsert("A", TOO_LONG)]), Prefer=prefer))
    assert part.body["error"]["@Microsoft.PowerApps.CDS.ErrorDetails.OperationStatus"] == "0"


def test_a_part_has_its_own_headers(simulator: DataverseSimulator, client: WebClient) -> None:
    parts = [
        request_part("PATCH", f"{BASE}/{key('A')}", {}, headers={"If-Match": "*"}),
        request_part(
            "PATCH", f"{BASE}/{key('B')}", {}, headers={"Prefer": "return=representation"}
        ),
        request_part(
            "PATCH", f"{BASE}/{key('C')}?tag=sync", {}, headers={"CallerObjectId": "nobody"}
        ),
    ]
    found = read_batch(client.batch(multipart(parts), Prefer=CONTINUE))
    assert [one.status for one in found] == [404, 201, 400]
    assert found[1].body["new_inviteeid"] == "B"
    assert simulator.calls.options == {"tag=sync": 1, "callerobjectid=nobody": 1}


def test_a_change_set_is_done_as_a_whole(simulator: DataverseSimulator, client: WebClient) -> None:
    parts = [change_set([upsert("A", content_id="1"), upsert("B", content_id="2")]), upsert("C")]
    found = read_batch(client.batch(multipart(parts)))
    assert [(one.status, one.content_id) for one in found] == [(204, "1"), (204, "2"), (204, "")]
    assert invitees(simulator) == ["A", "B", "C"]


def test_a_change_set_with_a_failure_is_not_done_at_all(
    simulator: DataverseSimulator, client: WebClient
) -> None:
    inner = [upsert("A", content_id="1"), upsert("B", TOO_LONG, content_id="2")]
    parts = [change_set(inner), upsert("C")]
    found = read_batch(client.batch(multipart(parts), Prefer=CONTINUE))
    assert [(one.status, one.content_id) for one in found] == [(400, "2"), (204, "")]
    assert invitees(simulator) == ["C"]
    assert simulator.calls.records_written == 1
    assert client.batch(multipart(parts)).status_code == 400


def test_a_change_set_refers_to_what_it_made(
    simulator: DataverseSimulator, client: WebClient
) -> None:
    bind = {"new_name": "x", "new_Contact@odata.bind": "$1"}
    inner = [
        request_part("POST", f"{BASE}/contacts", {"lastname": "L"}, content_id="1"),
        request_part("PATCH", "$1", {"firstname": "F"}, content_id="2"),
        request_part("PATCH", f"{BASE}/{key('A')}", bind, content_id="3"),
    ]
    found = read_batch(client.batch(multipart([change_set(inner)])))
    assert [one.status for one in found] == [204, 204, 204]
    [contact], [record] = simulator.tables["contact"], simulator.tables[TABLE]
    assert (contact["firstname"], record["new_contact"]) == ("F", contact["contactid"])


def test_a_reference_to_what_comes_later_or_elsewhere_is_refused(
    simulator: DataverseSimulator, client: WebClient
) -> None:
    bind = {"new_Contact@odata.bind": "$1"}
    making = request_part("POST", f"{BASE}/contacts", {"lastname": "L"}, content_id="1")
    using = request_part("PATCH", f"{BASE}/{key('A')}", bind, content_id="2")
    by_url = request_part("PATCH", "$1", {}, content_id="2")
    for parts in ([change_set([using, making])], [change_set([making]), change_set([using], "d")]):
        failed = read_batch(client.batch(multipart(parts)))[-1]
        assert (failed.status, failed.code) == (400, "0x80060888")
        assert "Content-ID Reference: '$1'" in failed.body["error"]["message"]
    assert client.batch(multipart([change_set([by_url, making])])).status_code == 400
    assert invitees(simulator) == []


REFUSED = {
    "a nested batch": multipart([request_part("POST", f"{BASE}/$batch", {})]),
    "a nested change set": multipart([change_set([change_set([upsert("A")], "d")])]),
    "a GET in a change set": multipart(
        [change_set([request_part("GET", f"{BASE}/contacts", content_id="1")])]
    ),
    "a change set without Content-ID": multipart([change_set([upsert("A")])]),
    "a Content-ID twice": multipart(
        [change_set([upsert("A", content_id="1"), upsert("B", content_id="1")])]
    ),
    "line feeds alone": multipart([upsert("A")]).replace("\r\n", "\n"),
    "one line feed alone": multipart([upsert("A").replace("binary\r\n", "binary\n")]),
    "no line end at the end": multipart([upsert("A")]).removesuffix("\r\n"),
    "no last boundary": multipart([upsert("A")]).removesuffix("--b--\r\n"),
    "another boundary": multipart([upsert("A")], "c"),
    "nothing": "",
    "no part": "--b--\r\n",
    "words before the boundary": "words\r\n" + multipart([upsert("A")]),
    "a part of another type": multipart([upsert("A").replace("application/http", "text/plain")]),
    "another encoding": multipart([upsert("A").replace("binary", "8bit")]),
    "no protocol": multipart([upsert("A").replace(" HTTP/1.1", "")]),
    "a header without colon": multipart([upsert("A").replace("Content-Type: app", "app")]),
    "more than a thousand requests": multipart([upsert("A")] * 1001),
    "a URL that is too long": multipart([request_part("GET", f"{BASE}/{'x' * 65_536}")]),
}


@pytest.mark.parametrize("what", REFUSED)
def test_a_batch_that_cannot_be_read_is_refused_in_json_and_nothing_is_done(
    simulator: DataverseSimulator, client: WebClient, what: str
) -> None:
    answer = client.batch(REFUSED[what])
    assert answer.status_code == 400
    assert answer.headers["Content-Type"].startswith("application/json")
    assert answer.json()["error"]["message"]
    assert invitees(simulator) == []


@pytest.mark.parametrize("url", [key("A"), f"/api/data/v9.0/{key('A')}", "https://x/contacts"])
def test_a_part_for_another_place_is_refused(client: WebClient, url: str) -> None:
    [part] = read_batch(client.batch(multipart([request_part("PATCH", url, {})]), Prefer=CONTINUE))
    assert part.status == 400


@pytest.mark.parametrize("content_type", ["application/json", "multipart/mixed", "multipart/form"])
def test_a_batch_of_another_type_is_refused(client: WebClient, content_type: str) -> None:
    answer = client.send("POST", "$batch", multipart([upsert("A")]), {"Content-Type": content_type})
    assert code_of(answer) == (400, "0x80060888")


def test_a_thousand_requests_are_taken(simulator: DataverseSimulator, client: WebClient) -> None:
    parts = [upsert(f"A{number}") for number in range(1000)]
    answer = client.batch(multipart(parts), Prefer=CONTINUE)
    assert {one.status for one in read_batch(answer)} == {204}
    assert len(invitees(simulator)) == 1000


def test_spaces_in_the_url_of_a_part_are_taken(client: WebClient) -> None:
    url = f"{BASE}/{STAGING}?$filter=new_name eq 'x'&$select=new_name"
    [part] = read_batch(client.batch(multipart([request_part("GET", url)])))
    assert part.body["value"] == []
