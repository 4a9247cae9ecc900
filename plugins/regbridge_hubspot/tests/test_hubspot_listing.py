"""What the account has is listed in the form in which it is compared with what was delivered."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from regbridge import DeliveredPage, Record, RejectedError, RetryableError
from regbridge.testing.building import build_plugin
from regbridge.testing.clock import SteppedClock
from regbridge.testing.scripted import ScriptedServer
from regbridge_hubspot.deliver import Hubspot
from regbridge_hubspot.simulator import Fault, HubspotSimulator, contacts

NAMES = (
    "cvent_contact_id",
    "email",
    "age",
    "date_of_birth_known",
    "registered_at",
    "member",
    "interests",
    "lifecyclestage",
    "hs_object_id",
    "no_such_property",
)
MAP: Mapping[str, Any] = dict.fromkeys(NAMES, "x")


@pytest.fixture
def simulator() -> Iterator[HubspotSimulator]:
    with HubspotSimulator() as simulator:
        yield simulator


def target(url: str, map: Mapping[str, Any] = MAP, **settings: Any) -> Hubspot:  # noqa: A002
    plugin = build_plugin(
        Hubspot,
        {"url": url, "id_property": "cvent_contact_id", **settings},
        map=map,
        secrets={"access_token": HubspotSimulator().credentials.service_key},
        limiters=SteppedClock().limiters(),
    )
    plugin.page_size = 2
    return plugin


def keys(page: DeliveredPage) -> list[str]:
    return [one.key for one in page.records]


def record(number: int, **fields: Any) -> Record:
    return Record({"cvent_contact_id": f"c-{number}", **fields}, delivery=number)


def test_each_kind_of_value_is_the_same_on_both_sides(simulator: HubspotSimulator) -> None:
    plugin = target(simulator.url)
    one = record(
        1,
        email="Zoe@Example.org",
        age="4.50",
        date_of_birth_known="1990-05-01",
        registered_at="2027-01-10T09:30:00-0500",
        member="Yes",
        interests="tax;Art",
        lifecyclestage="lead",
    )
    plugin.deliver_records([one])
    delivered = plugin.as_delivered(one)

    [listed] = plugin.list_delivered("").records

    assert listed.key == delivered.key == "c-1"
    assert delivered.fields == {
        "email": "zoe@example.org",
        "age": "4.5",
        "date_of_birth_known": "1990-05-01",
        "registered_at": "2027-01-10T14:30:00.000Z",
        "member": "true",
        "interests": "art;tax",
    }
    assert delivered.fields.items() <= listed.fields.items()


def test_what_a_person_changed_is_told(simulator: HubspotSimulator) -> None:
    plugin = target(simulator.url)
    plugin.deliver_records([record(1, age=4)])
    simulator.add("contacts", "cvent_contact_id", "c-1", age="5")
    [listed] = plugin.list_delivered("").records
    assert listed.fields["age"] != plugin.as_delivered(record(1, age=4)).fields["age"]


def test_records_without_the_id_are_none_of_ours(simulator: HubspotSimulator) -> None:
    plugin = target(simulator.url)
    plugin.deliver_records([record(1)])
    simulator.add("contacts", "email", "somebody.else@example.org")
    plugin.deliver_records([record(2)])
    first = plugin.list_delivered("")
    assert keys(first) == ["c-1"]
    assert keys(plugin.list_delivered(first.next_page)) == ["c-2"]


def test_a_record_in_the_bin_is_not_listed(simulator: HubspotSimulator) -> None:
    plugin = target(simulator.url)
    [outcome] = plugin.deliver_records([record(1)])
    simulator.remove("contacts", str(outcome.external_id))
    assert keys(plugin.list_delivered("")) == []


def test_a_page_of_another_map_is_not_gone_on_with(simulator: HubspotSimulator) -> None:
    plugin = target(simulator.url)
    plugin.deliver_records([record(number) for number in range(5)])
    page = plugin.list_delivered("").next_page
    changed = target(simulator.url, {"cvent_contact_id": "x", "email": "x"})
    for unknown in (page, "nonsense", f"{page}%%"):
        with pytest.raises(RejectedError, match="begin again"):
            changed.list_delivered(unknown)


def test_a_page_that_hubspot_does_not_know_is_begun_again(simulator: HubspotSimulator) -> None:
    plugin = target(simulator.url)
    plugin.deliver_records([record(number) for number in range(5)])
    page = plugin.list_delivered("").next_page
    with pytest.raises(RejectedError, match="begin again"):
        plugin.list_delivered(f"{page.partition(':')[0]}:unknown")


def test_an_answer_that_is_lost_is_asked_for_again(simulator: HubspotSimulator) -> None:
    plugin = target(simulator.url)
    plugin.list_delivered("")
    simulator.fail(Fault.LOGIN_PAGE)
    with pytest.raises(RetryableError, match="in the place of HubSpot"):
        plugin.list_delivered("")


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        ({"results": None}, "no list of them"),
        ({"results": ["x"]}, "no list of them"),
        ([], "no list of them"),
        ({"results": [], "paging": {"next": {"after": "a b"}}}, "in a form that is not known"),
        ({"results": [], "paging": {"next": {"after": "7"}}}, "a link to the same page"),
    ],
)
def test_a_list_that_is_none_is_not_taken_for_all_there_is(answer: Any, said: str) -> None:
    listed = [one.document for one in contacts().properties]
    with ScriptedServer() as server:
        server.expect("GET", "/crm/properties/2026-03/contacts").answer(json={"results": listed})
        server.expect("GET", "/account-info/2026-03/details").answer(json={})
        first = {"results": [], "paging": {"next": {"after": "7"}}}
        server.expect("GET", "/crm/objects/2026-03/contacts").answer(json=first)
        server.expect("GET", "/crm/objects/2026-03/contacts").answer(json=answer)
        plugin = target(server.url)
        page = plugin.list_delivered("").next_page
        with pytest.raises(RetryableError, match=said):
            plugin.list_delivered(page)
        plugin.close()
