"""The `dynamics` target reads its table back: what is listed, and what is not."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from tests.integration.dynamics.delivery import (
    EVENT,
    Clock,
    changed_schema,
    make_plugin,
    staging,
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
from regbridge_dynamics.deliver import Dynamics
from regbridge_dynamics.simulator import (
    Behavior,
    ChoiceColumn,
    DataverseSimulator,
    DateTimeColumn,
    DecimalColumn,
    Fault,
    IntegerColumn,
    Key,
    Limits,
    LookupColumn,
    MemoColumn,
    Option,
    Schema,
    StringColumn,
    Table,
)

TABLE = "new_registrationstaging"
STAGE = f"{TABLE}s"
STUB = "0F8FAD5B-D9CB-469F-A165-70867728950E"
Make = Callable[..., Dynamics]


@pytest.fixture
def make(tmp_path: Path) -> Iterator[Make]:
    """Build plugins that are closed after the test."""
    made: list[Dynamics] = []

    def build(simulator: DataverseSimulator, **changes: Any) -> Dynamics:
        made.append(make_plugin(simulator, tmp_path, **changes))
        return made[-1]

    yield build
    for plugin in made:
        plugin.close()


def listed(plugin: Dynamics) -> list[Delivered]:
    found: list[Delivered] = []
    page = ""
    while True:
        answer = plugin.list_delivered(page)
        found += answer.records
        page = answer.next_page
        if not page:
            return found


def one_of(plugin: Dynamics, record: Record) -> Delivered:
    """Return what is listed under a record's key, only once and with the fields of the record."""
    wanted = plugin.as_delivered(record)
    [found] = [one for one in listed(plugin) if one.key == wanted.key]
    return found


def is_as_delivered(plugin: Dynamics, record: Record) -> bool:
    return plugin.as_delivered(record).fields.items() <= one_of(plugin, record).fields.items()


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


# --- keys ---


def keyed(*columns: Any, others: Sequence[Any] = ()) -> Schema:
    """Return a table whose key is of some columns, and one that it may refer to."""
    parent = Table(
        name="new_parent",
        entity_set="new_parents",
        primary_name="new_code",
        columns=(StringColumn(name="new_code"),),
        keys=(Key("new_code", ("new_code",)),),
    )
    text = StringColumn(name="new_text")
    keys = (Key("new_key", tuple(column.name for column in columns)),)
    thing = Table(
        name="new_thing",
        entity_set="new_things",
        primary_name="new_text",
        columns=(*columns, *others, text),
        keys=keys,
    )
    return Schema(thing, parent)


DAY = DateTimeColumn(name="new_day", behavior=Behavior.DATE_ONLY)
COUNT = IntegerColumn(name="new_count")
RATE = DecimalColumn(name="new_rate", precision=2)
KIND = ChoiceColumn(name="new_kind", options=(Option(1, "One"), Option(2, "Two")))
WORD = StringColumn(name="new_word")
PARENT = LookupColumn(name="new_parent", targets={"new_parent": "new_Parent"})


@pytest.mark.parametrize(
    ("columns", "values", "key"),
    [
        ((COUNT,), {"new_count": "12"}, "new_count=12"),
        ((COUNT,), {"new_count": -7.0}, "new_count=-7"),
        ((DAY,), {"new_day": "2027-03-04T09:30:00-05:00"}, "new_day=2027-03-04"),
        ((RATE,), {"new_rate": "1.5"}, "new_rate=1.50"),
        ((KIND,), {"new_kind": "two"}, "new_kind=2"),
        ((WORD,), {"new_word": "O'Nëil ß"}, "new_word='o''neil ss'"),
        ((WORD, COUNT), {"new_word": "A", "new_count": 1}, "new_word='a',new_count=1"),
    ],
    ids=lambda given: given if isinstance(given, str) else "",
)
def test_a_row_has_the_key_of_its_record(
    make: Make, columns: tuple[Any, ...], values: Mapping[str, Any], key: str
) -> None:
    record = Record({**values, "new_text": "x"})
    with DataverseSimulator(keyed(*columns)) as simulator:
        plugin = make(simulator, table="new_thing", key=list(values))
        plugin.deliver_records([record])

        assert plugin.as_delivered(record) == Delivered(f"new_thing({key})", {"new_text": "x"})
        assert listed(plugin) == [plugin.as_delivered(record)]


def test_a_key_with_a_lookup_column_is_the_same_on_both_sides(make: Make) -> None:
    with DataverseSimulator(keyed(PARENT, COUNT)) as simulator:
        parent = simulator.add("new_parent", {"new_code": "P"})
        plugin = make(simulator, table="new_thing", key=["new_parent", "new_count"])
        record = Record({"new_parent": parent.upper(), "new_count": 1, "new_text": "x"})
        assert [one.kind for one in plugin.deliver_records([record])] == ["created"]

        assert listed(plugin) == [plugin.as_delivered(record)]
        assert listed(plugin)[0].key == f"new_thing(_new_parent_value={parent},new_count=1)"


def test_a_key_that_is_a_hash_or_the_rows_id_is_the_same_on_both_sides(
    simulator: DataverseSimulator, make: Make
) -> None:
    schema = keyed(WORD)
    with DataverseSimulator(schema) as other:
        hashed = make(other, table="new_thing", key={"new_word": {"hash": ["email"]}})
        record = Record({"email": "Ada@example.org", "new_text": "x"})
        hashed.deliver_records([record])
        assert listed(hashed) == [hashed.as_delivered(record)]
    simulator.add("contact", {"lastname": "Lovelace"})
    by_id = make(simulator, table="contact", key={"contactid": "id"})
    record = Record({"id": STUB, "lastname": "Byron"})
    by_id.deliver_records([record])
    assert [one.key for one in listed(by_id)][1:] == [f"contact(contactid={STUB.lower()})"]
    assert is_as_delivered(by_id, record)


def test_capitals_and_accents_make_no_other_key(simulator: DataverseSimulator, make: Make) -> None:
    plugin = make(simulator)
    plugin.deliver_records([staging("ÁDA")])

    assert listed(plugin)[0].key == plugin.as_delivered(staging("ada")).key


# --- lookups ---


def test_a_lookup_is_compared_where_its_id_was_sent_and_where_it_was_cleared(
    simulator: DataverseSimulator, make: Make
) -> None:
    contact, other = (
        simulator.add("contact", {"new_cventcontactid": stub, "lastname": "x"}) for stub in "AB"
    )
    by_id = make(simulator, lookups={"new_contact": {"table": "contact"}})
    record = staging(1, new_contact=contact.upper())
    by_id.deliver_records([record])

    assert by_id.as_delivered(record).fields["new_contact"] == contact
    assert is_as_delivered(by_id, record)
    [row] = simulator.tables[TABLE]
    simulator.change(
        TABLE, str(row[f"{TABLE}id"]), {"new_Contact@odata.bind": f"contacts({other})"}
    )
    assert one_of(by_id, record).fields["new_contact"] == other
    assert not is_as_delivered(by_id, record)

    by_key = make(
        simulator, lookups={"new_contact": {"table": "contact", "key": "new_cventcontactid"}}
    )
    assert "new_contact" not in by_key.as_delivered(staging(1, new_contact="A")).fields
    cleared = staging(1, new_contact=None)
    assert by_key.as_delivered(cleared).fields["new_contact"] is None
    assert not is_as_delivered(by_key, cleared)
    by_key.deliver_records([cleared])
    assert is_as_delivered(by_key, cleared)


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
