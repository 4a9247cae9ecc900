"""Addresses by alternate keys: what Dataverse takes, and how it is written."""

from __future__ import annotations

from typing import Any
from urllib.parse import unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.plugins.dynamics_tables import CONTACT, STAGING

from regbridge import RejectedError
from regbridge_dynamics.keys import Address, address_of, require_address
from regbridge_dynamics.source import Source, key_hash

BOTH = (Source("new_invitee", ("stub",)), Source("new_event", ("new_event",)))
GUID = "0f8fad5b-d9cb-469f-a165-70867728950e"


def address(stub: Any, event: Any = "E-1") -> Address:
    return require_address(STAGING, BOTH, {"stub": stub, "new_event": event})


def refusal(stub: Any, event: Any = "E-1") -> RejectedError:
    with pytest.raises(RejectedError) as caught:
        address(stub, event)
    return caught.value


def test_an_address_names_each_column_of_the_key() -> None:
    found = address("A-1")
    assert found.plain == found.url == "new_stagings(new_invitee='A-1',new_event='E-1')"


def test_quotes_are_doubled_and_only_a_path_is_encoded() -> None:
    found = address("O'Brien, Zoë (1)")
    assert found.plain == "new_stagings(new_invitee='O''Brien, Zoë (1)',new_event='E-1')"
    assert found.url == (
        "new_stagings(new_invitee='O%27%27Brien%2C%20Zo%C3%AB%20%281%29',new_event='E-1')"
    )


@pytest.mark.parametrize("sign", "/<>*%&:\\?+#")
def test_a_character_that_dataverse_cannot_take_is_refused_with_the_remedy(sign: str) -> None:
    error = refusal(f"ada{sign}secret")
    assert error.field == "stub"
    assert f"cannot take the character {sign} in a key; key on an id, or on a hash" in str(error)
    assert "ada" not in str(error)


@pytest.mark.parametrize("stub", [" A", "A ", "\tA"])
def test_a_key_neither_begins_nor_ends_with_a_space(stub: str) -> None:
    assert "cannot begin or end with a space" in str(refusal(stub))


@pytest.mark.parametrize("stub", [None, ""])
def test_a_key_without_one_of_its_values_is_refused(stub: str | None) -> None:
    assert str(refusal(stub)) == "stub (for new_invitee): the key lacks this value"


def test_a_key_without_any_value_is_refused_for_a_record_and_clears_a_lookup() -> None:
    assert str(refusal(None, None)) == "stub (for new_invitee): the key has no value"
    assert address_of(STAGING, BOTH, {}) is None


def test_a_value_that_is_too_long_for_its_column_is_refused() -> None:
    assert "37 characters, and the column takes 36" in str(refusal("x" * 37))


@pytest.mark.parametrize(
    ("column", "value", "written"),
    [
        ("new_count", "12", "12"),
        ("new_rate", 1.5, "1.50"),
        ("new_rate", 0.001, "0.00"),
        ("new_day", "2027-03-04", "2027-03-04"),
        ("new_status", "accepted", "100000000"),
    ],
)
def test_other_types_stand_without_quotes(column: str, value: Any, written: str) -> None:
    found = require_address(STAGING, [Source(column, ("f",))], {"f": value})
    assert found.plain == found.url == f"new_stagings({column}={written})"


def test_a_lookup_in_a_key_goes_by_the_property_of_its_value() -> None:
    found = require_address(STAGING, [Source("new_contact", ("f",))], {"f": GUID})
    assert found.plain == f"new_stagings(_new_contact_value={GUID})"


def test_a_record_may_be_addressed_by_its_id() -> None:
    found = require_address(CONTACT, [Source("contactid", ("f",))], {"f": GUID.upper()})
    assert found.plain == found.url == f"contacts({GUID})"


@pytest.mark.parametrize(
    ("column", "problem"),
    [
        ("new_at", "a time has a colon"),
        ("new_memo", "type Memo cannot be in a key"),
        ("new_member", "type Boolean cannot be in a key"),
        ("new_gone", "has no column new_gone"),
    ],
)
def test_a_column_that_no_key_can_have_is_refused(column: str, problem: str) -> None:
    with pytest.raises(RejectedError, match=problem):
        require_address(STAGING, [Source(column, ("f",))], {"f": "2027-03-04T09:30:00Z"})


def test_a_hash_takes_the_place_of_a_value_that_no_key_takes() -> None:
    source = Source("new_hash", ("email",), is_hash=True)
    found = require_address(STAGING, [source], {"email": "ada+cvent@example.org"})
    assert (
        found.plain
        == found.url
        == f"new_stagings(new_hash='{key_hash(['ada+cvent@example.org'])}')"
    )


def test_a_hash_needs_a_column_of_64_characters() -> None:
    with pytest.raises(RejectedError, match="64 characters, and the column takes 50"):
        require_address(CONTACT, [Source("lastname", ("email",), is_hash=True)], {"email": "a"})


@pytest.mark.parametrize("other", ["ada", "ADA", "Áda", "A\u0301DA"])
def test_keys_that_dataverse_may_take_for_the_same_have_the_same_mark(other: str) -> None:
    assert address("Ada").mark == address(other).mark
    assert address("Ada").mark != address("Ade").mark


@given(st.text(max_size=36))
def test_any_text_is_refused_or_comes_back_out_of_the_path(text: str) -> None:
    try:
        found = address(text)
    except RejectedError:
        return
    assert unquote(found.url) == found.plain
    assert (
        found.plain
        == f"new_stagings(new_invitee='{text.replace(chr(39), 2 * chr(39))}',new_event='E-1')"
    )
    assert set("/<>*%&:\\?+#").isdisjoint(found.plain)
