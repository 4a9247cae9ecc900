"""Values of every type arrive at the simulated environment as the columns mean them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from tests.integration.dynamics.delivery import changed_schema, kinds, make_plugin, staging

from regbridge import Record, Target
from regbridge_dynamics.simulator import (
    DataverseSimulator,
    Key,
    StringColumn,
    registration_schema,
)

FIELDS: dict[str, Any] = {
    "new_lastname": "O'Brien-Núñez \U0001f600",
    "new_answers": 'two\nlines and "quotes" \\ <b>&amp;</b>',
    "new_guests": "3",
    "new_sourceversion": 2**60 + 1,
    "new_discount": 0.1 + 0.2,
    "new_score": "1.234567",
    "new_amountpaid": 1250,
    "new_ismember": "yes",
    "new_registeredon": "2027-03-04T09:30:00-0500",
    "new_eventday": "04-Mar-2027",
    "new_doorsopen": "2027-03-04 18:00:00.0",
    "new_registrationstatus": "cancelled",
    "new_interests": ["Dinner", "Workshops"],
    "new_batchid": "0F8FAD5B-D9CB-469F-A165-70867728950E",
    "new_contact": "C-1",
    "statecode": "Inactive",
    "statuscode": "Withdrawn",
}
STORED: dict[str, Any] = {
    **FIELDS,
    "new_guests": 3,
    "new_discount": 0.3,
    "new_score": 1.23457,
    "new_amountpaid": 1250.0,
    "new_ismember": True,
    "new_registeredon": "2027-03-04T14:30:00Z",
    "new_eventday": "2027-03-04",
    "new_doorsopen": "2027-03-04T18:00:00Z",
    "new_registrationstatus": 100000001,
    "new_interests": "717700002,717700001",
    "new_batchid": "0f8fad5b-d9cb-469f-a165-70867728950e",
    "statecode": 1,
    "statuscode": 2,
}
CONTACT = {"table": "contact", "key": "new_cventcontactid"}
CLEARED = {name: None for name in FIELDS if name not in ("statecode", "statuscode")}


@pytest.mark.parametrize("many", [1, 2])
def test_values_arrive_as_their_columns_mean_them_and_can_be_cleared(
    simulator: DataverseSimulator, tmp_path: Path, many: int
) -> None:
    contact = simulator.add("contact", {"new_cventcontactid": "C-1", "lastname": "Lovelace"})
    plugin = make_plugin(simulator, tmp_path, lookups={"new_contact": CONTACT})
    records = [staging(n, **FIELDS) for n in range(many)]
    assert kinds(plugin.deliver_records(records)) == ["created"] * many
    for row in simulator.tables["new_registrationstaging"]:
        assert {name: row[name] for name in STORED} == {**STORED, "new_contact": contact}
    plugin.deliver_records([staging(n, **CLEARED) for n in range(many)])
    for row in simulator.tables["new_registrationstaging"]:
        assert {name: row[name] for name in CLEARED} == CLEARED
    plugin.close()


def test_the_targets_time_zone_holds_for_times_without_one(
    simulator: DataverseSimulator, tmp_path: Path
) -> None:
    target = Target("staging", time_zone="America/New_York")
    plugin = make_plugin(simulator, tmp_path, target)
    plugin.deliver_records([staging(1, new_registeredon="2027-07-04 09:30:00.0")])
    [row] = simulator.tables["new_registrationstaging"]
    assert row["new_registeredon"] == "2027-07-04T13:30:00Z"
    plugin.close()


def test_a_lookup_to_several_tables_names_the_right_one(
    simulator: DataverseSimulator, tmp_path: Path
) -> None:
    account = simulator.add("account", {"name": "Analytical Engines", "accountnumber": "A-7"})
    plugin = make_plugin(
        simulator,
        tmp_path,
        table="contact",
        key="new_cventcontactid",
        lookups={"parentcustomerid": {"table": "account", "key": "accountnumber"}},
    )
    fields = {"new_cventcontactid": "C-1", "lastname": "Lovelace", "parentcustomerid": "A-7"}
    assert kinds(plugin.deliver_records([Record(fields)])) == ["created"]
    [row] = simulator.tables["contact"]
    assert row["parentcustomerid"] == account
    plugin.deliver_records([Record({**fields, "parentcustomerid": None})])
    [row] = simulator.tables["contact"]
    assert row["parentcustomerid"] is None
    plugin.close()


def test_a_lookup_may_be_fed_by_a_field_that_is_no_column(
    simulator: DataverseSimulator, tmp_path: Path
) -> None:
    key = {"new_cventcontactid": "contact_stub"}
    plugin = make_plugin(
        simulator,
        tmp_path,
        table="new_eventregistration",
        lookups={"new_contact": {"table": "contact", "key": key}},
    )
    contact = simulator.add("contact", {"new_cventcontactid": "C-1", "lastname": "Lovelace"})
    fields = {"new_inviteeid": "I-1", "new_eventid": "E-1", "contact_stub": "C-1"}
    assert kinds(plugin.deliver_records([Record(fields)])) == ["created"]
    [row] = simulator.tables["new_eventregistration"]
    assert row["new_contact"] == contact
    plugin.close()


def test_keys_with_quotes_and_foreign_letters_find_their_record_again(
    simulator: DataverseSimulator, tmp_path: Path
) -> None:
    plugin = make_plugin(simulator, tmp_path)
    keys = ["O'Brien", "Zoë (1), 漢字", "a=b;c,d", "'"]
    for many in (True, False):
        records = [staging(0, new_inviteeid=key, new_lastname=f"{key}{many}") for key in keys]
        batches = [records] if many else [[record] for record in records]
        for batch in batches:
            assert set(kinds(plugin.deliver_records(batch))) <= {"created", "updated"}
    rows = simulator.tables["new_registrationstaging"]
    assert {row["new_inviteeid"]: row["new_lastname"] for row in rows} == {
        key: f"{key}False" for key in keys
    }
    plugin.close()


def test_a_hash_keeps_one_record_for_an_address(tmp_path: Path) -> None:
    table = registration_schema().table("new_registrationstaging")
    schema = changed_schema(
        table.name,
        columns=(*table.columns, StringColumn(name="new_regkey", max_length=64)),
        keys=(Key("new_regkey", ("new_regkey",)),),
    )
    key = {"new_regkey": {"hash": ["email", "new_eventid"]}}
    with DataverseSimulator(schema) as simulator:
        plugin = make_plugin(simulator, tmp_path, key=key)
        for email in ("ada+cvent@example.org", "ADA+cvent@Example.org"):
            plugin.deliver_records([staging(1, email=email, new_lastname=email)])
        [row] = simulator.tables[table.name]
        assert row["new_lastname"] == "ADA+cvent@Example.org"
        plugin.close()
