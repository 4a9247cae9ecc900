"""Tables of one's own for the simulated Dataverse, and what cannot be made."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from regbridge_dynamics.simulator import (
    DataverseSimulator,
    Key,
    LookupColumn,
    MemoColumn,
    Schema,
    StringColumn,
    Table,
    registration_schema,
)


def table(
    *columns: StringColumn | LookupColumn, keys: tuple[Key, ...] = (), name: str = "new_name"
) -> Table:
    return Table(
        name="new_thing",
        entity_set="new_things",
        primary_name=name,
        keys=keys,
        columns=(StringColumn(name="new_name"), *columns),
    )


WRONG: dict[str, Callable[[], object]] = {
    "a column is there twice": lambda: table(StringColumn(name="new_name")),
    "no column": lambda: table(name="new_title"),
    "more than 10 keys": lambda: table(
        keys=tuple(Key(f"k{number}", ("new_name",)) for number in range(11))
    ),
    "1 to 16 columns": lambda: table(keys=(Key("k", ()),)),
    "cannot be in the key": lambda: table(
        MemoColumn(name="new_memo"), keys=(Key("k", ("new_memo",)),)
    ),
    "two tables have the same name": lambda: Schema(table(), table()),
    "no table account": lambda: Schema(
        table(LookupColumn(name="new_account", targets={"account": "new_Account"}))
    ),
}


@pytest.mark.parametrize("message", WRONG)
def test_a_table_that_dataverse_would_not_have_is_refused(message: str) -> None:
    with pytest.raises(ValueError, match=message):
        WRONG[message]()


def test_the_ready_tables_are_those_of_both_patterns() -> None:
    schema = registration_schema()
    assert [one.entity_set for one in schema] == [
        "new_registrationstagings",
        "contacts",
        "new_eventregistrations",
        "accounts",
    ]
    assert [one.name for one in schema if one.bulk] == [
        "new_registrationstaging",
        "new_eventregistration",
    ]
    assert schema.table("contact").keys[0].columns == ("new_cventcontactid",)


def test_a_simulator_has_records_before_anybody_calls() -> None:
    simulator = DataverseSimulator()
    contact = simulator.add("contact", {"new_cventcontactid": "C"})
    bind = {"new_Contact@odata.bind": "contacts(new_cventcontactid='C')"}
    simulator.add("new_eventregistration", {"new_inviteeid": "A", "new_eventid": "E", **bind})
    assert simulator.tables["new_eventregistration"][0]["new_contact"] == contact
    assert simulator.url == ""


def test_what_tables_shows_is_a_copy() -> None:
    simulator = DataverseSimulator()
    simulator.add("account", {"name": "x"})
    simulator.tables["account"][0]["name"] = "y"
    assert simulator.tables["account"][0]["name"] == "x"
