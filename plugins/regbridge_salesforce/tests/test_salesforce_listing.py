"""What was delivered is read back by SOQL, and compares with what was sent."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from regbridge import Delivered, Record, RejectedError, RetryableError
from regbridge.testing.building import build_plugin
from regbridge_salesforce.comparable import comparable
from regbridge_salesforce.deliver import Salesforce
from regbridge_salesforce.schema import Field
from regbridge_salesforce.simulator import SalesforceSimulator

MAP = {
    "Cvent_Invitee_Id__c": "registration.inviteeStub",
    "Registered_On__c": "registrationDate",
    "Interests__c": "answers.interests",
    "Amount__c": "amount",
    "Answers__c": "answers.all",
    "Contact__r": "registration.contactStub",
}


@pytest.fixture
def simulator() -> Iterator[SalesforceSimulator]:
    with SalesforceSimulator(page_size=2) as running:
        running.add("Contact", {"Cvent_Contact_Id__c": "c-1", "LastName": "Lovelace"})
        yield running


def build(simulator: SalesforceSimulator, **mapped: Any) -> Salesforce:
    return build_plugin(
        Salesforce,
        simulator.settings(
            object="Event_Registration__c",
            external_id="Cvent_Invitee_Id__c",
            lookups={"Contact__r": {"key": "Cvent_Contact_Id__c"}},
        ),
        secrets={"client_secret": simulator.app.secret},
        map={**MAP, **mapped},
    )


@pytest.fixture
def plugin(simulator: SalesforceSimulator) -> Iterator[Salesforce]:
    built = build(simulator)
    yield built
    built.close()


def record(number: int, **fields: Any) -> Record:
    return Record({"Cvent_Invitee_Id__c": f"I-{number}", **fields})


def listed(plugin: Salesforce) -> list[Delivered]:
    found: list[Delivered] = []
    page = ""
    while True:
        answer = plugin.list_delivered(page)
        found += answer.records
        if not answer.next_page:
            return found
        page = answer.next_page


def test_every_value_compares_equal_on_both_sides(plugin: Salesforce) -> None:
    sent = record(
        1,
        Registered_On__c="2027-03-04T09:30:00-0500",
        Interests__c="Workshops;Dinner",
        Amount__c="12.345",
        Answers__c=" two\r\nlines ",
        Contact__r="C-1",
    )
    plugin.deliver_records([sent])
    assert listed(plugin) == [plugin.as_delivered(sent)]


def test_what_was_not_sent_is_not_compared_and_what_a_person_changed_is_seen(
    simulator: SalesforceSimulator, plugin: Salesforce
) -> None:
    sent = record(1, Amount__c=5, Contact__r=None)
    plugin.deliver_records([sent])
    simulator.change("Event_Registration__c", 0, {"Amount__c": 6, "Answers__c": "by hand"})
    [found] = listed(plugin)
    wanted = plugin.as_delivered(sent)
    assert wanted.fields == {"Amount__c": 5.0, "Contact__r": None}
    assert {name: found.fields[name] for name in wanted.fields} == {
        "Amount__c": 6.0,
        "Contact__r": None,
    }


def test_records_without_an_external_id_are_nobodys_of_ours(
    simulator: SalesforceSimulator, plugin: Salesforce
) -> None:
    simulator.add("Event_Registration__c", {"Confirmation__c": "by hand"})
    assert listed(plugin) == []


def test_all_pages_are_listed_once(plugin: Salesforce) -> None:
    plugin.deliver_records([record(number) for number in range(5)])
    assert [one.key for one in listed(plugin)] == [f"i-{number}" for number in range(5)]


def test_a_page_that_is_no_longer_known_begins_again(
    simulator: SalesforceSimulator, plugin: Salesforce
) -> None:
    plugin.deliver_records([record(number) for number in range(5)])
    following = plugin.list_delivered("").next_page
    simulator.forget_pages()
    with pytest.raises(RejectedError, match=r"INVALID_QUERY_LOCATOR.*begin again"):
        plugin.list_delivered(following)


def test_a_page_of_another_map_begins_again(
    simulator: SalesforceSimulator, plugin: Salesforce
) -> None:
    plugin.deliver_records([record(number) for number in range(5)])
    other = build(simulator, Confirmation__c="confirmationNumber")
    with pytest.raises(RejectedError, match="have changed since"):
        other.list_delivered(plugin.list_delivered("").next_page)
    other.close()


@pytest.mark.parametrize("locator", ["../../limits", "01g000000000001AAA-2?x=1", ""])
def test_only_a_locator_of_salesforces_is_asked_for(
    simulator: SalesforceSimulator, plugin: Salesforce, locator: str
) -> None:
    plugin.deliver_records([record(number) for number in range(5)])
    fingerprint = plugin.list_delivered("").next_page.partition(" ")[0]
    before = simulator.limits.used
    with pytest.raises(RejectedError, match="no page of Salesforce"):
        plugin.list_delivered(f"{fingerprint} {locator}")
    assert simulator.limits.used == before


def test_an_outage_while_listing_is_tried_again(
    simulator: SalesforceSimulator, plugin: Salesforce
) -> None:
    plugin.deliver_records([record(1)])
    simulator.stop()
    with pytest.raises(RetryableError):
        plugin.list_delivered("")


@given(
    st.sampled_from(["string", "email", "double", "boolean", "multipicklist", "date"]), st.data()
)
def test_the_form_for_comparing_is_one_that_comparing_leaves_alone(
    kind: str, data: st.DataObject
) -> None:
    values: dict[str, st.SearchStrategy[Any]] = {
        "double": st.floats(-1e9, 1e9),
        "boolean": st.booleans(),
        "date": st.dates().map(str),
    }
    value = data.draw(values.get(kind, st.text(alphabet="aB ;\r\n", max_size=9)))
    field = Field("F", kind, scale=2)
    once = comparable(field, value)
    again = ";".join(once) if isinstance(once, list) else once
    assert comparable(field, again) == once
