"""The `dynamics` target reads its table back: what is listed, and what is not."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from tests.integration.dynamics.delivery import EVENT, Clock, changed_schema, staging
from tests.integration.dynamics.reading import (
    COUNT,
    STUB,
    Make,
    is_as_delivered,
    keyed,
    listed,
    one_of,
)

from regbridge import (
    CredentialsError,
    Delivered,
    QuotaExceededError,
    Record,
    RejectedError,
    RetryableError,
    Target,
)
from regbridge_dynamics.simulator import (
    DataverseSimulator,
    Fault,
    Limits,
    MemoColumn,
)

TABLE = "new_registrationstaging"
STAGE = f"{TABLE}s"


MESSY: Mapping[str, Any] = {
    "new_name": "  Zoë  ",
    "new_firstname": "",
    "new_lastname": None,
    "new_email": 12,
    "new_answers": "two\r\nlines\n",
    "new_guests": "2.0",
    "new_sourceversion": 2**53 + 1,
    "new_discount": "12.345",
    "new_score": 0.1 + 0.2,
    "new_amountpaid": 150,
    "new_ismember": "Yes",
    "new_registeredon": "2027-03-04T09:30:15.25-05:00",
    "new_eventday": "2027-03-04T23:00:00-05:00",
    "new_doorsopen": "2027-03-04T08:00:00",
    "new_registrationstatus": "waitlisted",
    "new_interests": "Dinner; Keynotes",
    "new_batchid": STUB,
}
EDITS: Mapping[str, Any] = {
    "new_name": "Zoe",
    "new_firstname": "Zoë",
    "new_lastname": "x",
    "new_email": "13",
    "new_answers": "two lines",
    "new_guests": 3,
    "new_sourceversion": None,
    "new_discount": 12,
    "new_score": 1,
    "new_amountpaid": 0,
    "new_ismember": False,
    "new_registeredon": "2027-03-04T14:30:16Z",
    "new_eventday": "2027-03-05",
    "new_doorsopen": "2027-03-04T08:01:00Z",
    "new_registrationstatus": 100000000,
    "new_interests": "717700000",
    "new_batchid": None,
}


def test_an_untouched_row_is_listed_as_the_record_was_delivered(
    simulator: DataverseSimulator, make: Make
) -> None:
    plugin = make(simulator)
    record = staging(1, **MESSY)
    plugin.deliver_records([record])

    wanted = plugin.as_delivered(record)
    assert set(wanted.fields) == set(MESSY)
    assert wanted.fields["new_answers"] == "two\nlines"
    assert wanted.fields["new_discount"] == 12.35
    assert wanted.fields["new_registeredon"] == "2027-03-04T14:30:15Z"
    assert wanted.fields["new_interests"] == [717700000, 717700002]
    assert is_as_delivered(plugin, record)


@pytest.mark.parametrize("name", EDITS)
def test_a_column_that_a_person_has_changed_is_listed_as_it_is_now(
    simulator: DataverseSimulator, make: Make, name: str
) -> None:
    plugin = make(simulator)
    record = staging(1, **MESSY)
    plugin.deliver_records([record])
    [row] = simulator.tables[TABLE]
    simulator.change(TABLE, str(row[f"{TABLE}id"]), {name: EDITS[name]})

    wanted = plugin.as_delivered(record).fields
    found = one_of(plugin, record).fields
    assert [one for one in wanted if wanted[one] != found[one]] == [name]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("new_name", "Zoë "),
        ("new_answers", " two\nlines"),
        ("new_interests", "717700000,717700002"),
        ("new_batchid", STUB.lower()),
    ],
)
def test_what_a_form_of_the_crm_changes_by_itself_is_no_change(
    simulator: DataverseSimulator, make: Make, name: str, value: str
) -> None:
    plugin = make(simulator)
    record = staging(1, **MESSY)
    plugin.deliver_records([record])
    [row] = simulator.tables[TABLE]
    simulator.change(TABLE, str(row[f"{TABLE}id"]), {name: value})

    assert is_as_delivered(plugin, record)


def test_a_row_that_was_deleted_is_not_listed_and_one_that_was_added_is(
    simulator: DataverseSimulator, make: Make
) -> None:
    plugin = make(simulator)
    plugin.deliver_records([staging(1), staging(2)])
    first, _ = simulator.tables[TABLE]
    simulator.remove(TABLE, str(first[f"{TABLE}id"]))
    simulator.add(TABLE, {"new_inviteeid": "by/hand ", "new_eventid": "Évent's"})

    assert [one.key for one in listed(plugin)] == [
        plugin.as_delivered(staging(2)).key,
        f"{TABLE}(new_inviteeid='by/hand',new_eventid='event''s')",
    ]


def test_rows_without_a_key_are_nobodys_of_ours(simulator: DataverseSimulator, make: Make) -> None:
    simulator.add("contact", {"lastname": "Lovelace"})
    plugin = make(simulator, table="contact", key="new_cventcontactid")
    plugin.deliver_records([Record({"new_cventcontactid": "C-1", "lastname": "Byron"})])

    assert [one.key for one in listed(plugin)] == ["contact(new_cventcontactid='c-1')"]


def test_pages_are_read_by_any_process_each_by_one_call(
    simulator: DataverseSimulator, make: Make
) -> None:
    plugin = make(simulator)
    records = [staging(number) for number in range(1, 8)]
    plugin.deliver_records(records)
    found: list[Delivered] = []
    page = ""
    for _ in range(3):
        other = make(simulator)
        other.page_size = 3
        answer = other.list_delivered(page)
        found += answer.records
        page = answer.next_page
        assert "127.0.0.1" not in page

    assert page == ""
    assert [one.key for one in found] == [plugin.as_delivered(one).key for one in records]
    assert simulator.calls.by_operation["query"] == 3


def test_only_what_the_map_names_is_asked_and_compared(
    simulator: DataverseSimulator, make: Make
) -> None:
    mapped = {"new_inviteeid": "a", "new_eventid": "b", "new_firstname": "c", "statuscode": "d"}
    plugin = make(simulator, target=Target("staging", map=mapped))
    record = staging(1, statuscode="New")
    plugin.deliver_records([record])

    wanted = Delivered(
        f"{TABLE}(new_inviteeid='invitee-1',new_eventid='{EVENT}')", {"new_firstname": "Ada 1"}
    )
    assert plugin.as_delivered(record) == wanted
    assert listed(plugin) == [wanted]


# --- what cannot be compared ---


@pytest.mark.parametrize("change", [{"read": False}, {"secured": True}, {"update": False}])
def test_a_column_that_does_not_come_back_as_it_was_sent_is_left_out(
    make: Make, change: dict[str, Any]
) -> None:
    memo = MemoColumn(name="new_memo", **change)
    with DataverseSimulator(keyed(COUNT, others=[memo])) as simulator:
        plugin = make(simulator, table="new_thing", key="new_count")
        record = Record({"new_count": 1, "new_memo": "x", "new_text": "y"})
        plugin.deliver_records([record])

        assert plugin.as_delivered(record).fields == {"new_text": "y"}
        assert listed(plugin) == [plugin.as_delivered(record)]


def test_a_record_that_the_table_cannot_have_is_no_delivered_one(
    simulator: DataverseSimulator, make: Make
) -> None:
    with pytest.raises(RejectedError) as caught:
        make(simulator).as_delivered(staging(1, new_guests="many"))
    assert caught.value.field == "new_guests"


# --- failures ---


def test_without_the_right_to_read_the_credentials_are_at_fault(
    simulator: DataverseSimulator, make: Make
) -> None:
    plugin = make(simulator)
    simulator.denied.add("prvReadnew_RegistrationStaging")
    with pytest.raises(CredentialsError, match="lacks a privilege: prvReadnew_RegistrationStaging"):
        plugin.list_delivered("")


def test_a_token_that_has_expired_is_replaced(simulator: DataverseSimulator, make: Make) -> None:
    plugin = make(simulator)
    plugin.deliver_records([staging(1)])
    simulator.expire_tokens()
    assert len(listed(plugin)) == 1


def test_an_environment_that_cannot_work_now_is_asked_again(
    simulator: DataverseSimulator, make: Make
) -> None:
    plugin = make(simulator)
    plugin.deliver_records([staging(1)])
    simulator.fail_next(Fault.UNAVAILABLE)
    with pytest.raises(RetryableError):
        plugin.list_delivered("")
    assert len(listed(plugin)) == 1


def test_a_listing_stops_when_dataverse_takes_no_more_calls(make: Make) -> None:
    clock = Clock()
    with DataverseSimulator(limits=Limits(requests=4), clock=clock) as simulator:
        plugin = make(simulator, clock=clock)
        plugin.deliver_records([staging(1)])
        with pytest.raises(QuotaExceededError) as caught:
            for _ in range(9):
                plugin.list_delivered("")
        assert caught.value.until > clock.moment()
        before = simulator.calls.total
        with pytest.raises(QuotaExceededError):
            plugin.list_delivered("")
        assert simulator.calls.total == before


@pytest.mark.parametrize("token", ["x", "MTox", "%3Ccookie%20pagenumber=%222%22"])
def test_a_page_that_dataverse_does_not_know_is_refused(
    simulator: DataverseSimulator, make: Make, token: str
) -> None:
    plugin = make(simulator)
    plugin.page_size = 1
    plugin.deliver_records([staging(1), staging(2)])
    page = plugin.list_delivered("").next_page
    known = page.rpartition("=")[0]
    with pytest.raises(RejectedError, match="begin again"):
        plugin.list_delivered(f"{known}={token}")


@pytest.mark.parametrize(
    "page", ["contacts?$select=lastname", f"{STAGE}?$select=new_name", STAGE, "//evil.example/x"]
)
def test_a_page_of_another_question_is_refused_without_a_call(
    simulator: DataverseSimulator, make: Make, page: str
) -> None:
    with pytest.raises(RejectedError, match="begin again"):
        make(simulator).list_delivered(page)
    assert simulator.calls.by_operation["query"] == 0


def test_a_key_whose_index_is_not_active_is_not_listed_by(make: Make) -> None:
    schema = changed_schema(TABLE, keys=())
    with DataverseSimulator(schema) as simulator, pytest.raises(RetryableError, match="no altern"):
        make(simulator).list_delivered("")
