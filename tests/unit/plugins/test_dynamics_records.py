"""Records, as upserts of the table."""

from __future__ import annotations

from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from tests.unit.plugins.dynamics_tables import CONTACT, STAGING, settings

from regbridge import Record, RejectedError
from regbridge_dynamics.records import Translator, Upsert

KEYS = {"new_invitee": "A-1", "new_event": "E-1"}
LOOKUPS = {"new_contact": {"table": "contact", "key": "new_cventcontactid"}}
GUID = "0f8fad5b-d9cb-469f-a165-70867728950e"


def upsert(fields: dict[str, Any], **changes: Any) -> Upsert:
    translator = Translator(
        STAGING, {"contact": CONTACT}, settings(**changes), ZoneInfo("America/New_York")
    )
    return translator.upsert(3, Record({**KEYS, **fields}, delivery=7))


def refusal(fields: dict[str, Any], **changes: Any) -> RejectedError:
    with pytest.raises(RejectedError) as caught:
        upsert(fields, **changes)
    return caught.value


def test_the_key_is_in_the_address_and_never_in_the_body() -> None:
    found = upsert({"new_memo": "hello", "new_rate": 1.5, "new_at": "2027-03-04 09:30:00.0"})
    assert found.address.plain == "new_stagings(new_invitee='A-1',new_event='E-1')"
    assert found.body == {
        "new_memo": "hello",
        "new_rate": Decimal("1.50"),
        "new_at": "2027-03-04T14:30:00Z",
    }
    assert (found.place, found.record.delivery) == (3, 7)


def test_nothing_clears_a_column_and_a_lookup() -> None:
    found = upsert({"new_memo": None, "new_contact": None}, lookups=LOOKUPS)
    assert found.body == {"new_memo": None, "new_Contact@odata.bind": None}
    assert found.parents == {}


def test_a_lookup_is_bound_by_a_key_with_its_own_navigation_property() -> None:
    found = upsert({"new_contact": "O'Brien"}, lookups=LOOKUPS)
    assert found.body == {"new_Contact@odata.bind": "contacts(new_cventcontactid='O''Brien')"}
    assert [(name, one.table) for name, one in found.parents.items()] == [
        ("new_contact", "contact")
    ]


def test_a_lookup_without_a_key_takes_the_id() -> None:
    found = upsert({"new_other": GUID.upper()}, lookups={"new_other": {"table": "contact"}})
    assert found.body == {"new_Other_contact@odata.bind": f"contacts({GUID})"}


def test_a_lookup_may_be_fed_by_other_fields_that_are_no_columns() -> None:
    lookups = {"new_contact": {"table": "contact", "key": {"new_cventcontactid": "stub"}}}
    found = upsert({"stub": "S-1"}, lookups=lookups)
    assert found.body == {"new_Contact@odata.bind": "contacts(new_cventcontactid='S-1')"}


def test_a_field_that_feeds_a_hash_is_sent_only_if_it_is_a_column() -> None:
    found = upsert(
        {"email": "a+b@x", "new_memo": "m"}, key={"new_hash": {"hash": ["email", "new_memo"]}}
    )
    assert found.body == {"new_invitee": "A-1", "new_event": "E-1", "new_memo": "m"}
    assert found.address.plain.startswith("new_stagings(new_hash='")


def test_a_lookup_that_the_record_does_not_have_is_left_alone() -> None:
    assert upsert({}, lookups=LOOKUPS).body == {}


@pytest.mark.parametrize(
    ("fields", "field", "reason"),
    [
        ({"new_memmo": "x"}, "new_memmo", "no such column; did you mean 'new_memo'?"),
        ({"new_count": "many"}, "new_count", "not a whole number"),
        ({"new_contact": "x"}, "new_contact", "say under lookups: what it refers to"),
        ({"createdon": "2027-03-04"}, "createdon", "cannot be written"),
        ({"new_photo": "x"}, "new_photo", "type Image cannot be written"),
        ({"new_invitee": None}, "new_invitee", "the key lacks this value"),
        ({"new_status": "Secret"}, "new_status", "none of the options"),
    ],
)
def test_a_value_that_cannot_be_sent_is_refused_by_its_field(
    fields: dict[str, Any], field: str, reason: str
) -> None:
    error = refusal(fields)
    assert error.field == field
    assert reason in str(error)
    assert "Secret" not in str(error)


def test_a_key_of_a_lookup_that_dataverse_cannot_take_is_refused_by_its_field() -> None:
    error = refusal({"new_contact": "a/b"}, lookups=LOOKUPS)
    assert error.field == "new_contact"
    assert "cannot take the character /" in str(error)


def test_a_column_that_only_new_records_take_is_sent() -> None:
    assert upsert({"overriddencreatedon": "2027-03-04"}).body == {
        "overriddencreatedon": "2027-03-04T05:00:00Z"
    }
