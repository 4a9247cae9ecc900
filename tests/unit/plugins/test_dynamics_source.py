"""Where a column of a key gets its value."""

from __future__ import annotations

import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from regbridge_dynamics.source import Source, key_hash

scalars = st.text() | st.integers() | st.booleans()


def test_a_field_gives_its_value_as_it_is() -> None:
    assert Source("new_id", ("stub",)).value({"stub": "A-1"}) == "A-1"


@pytest.mark.parametrize("record", [{}, {"a": None, "b": "x"}, {"a": "", "b": "x"}, {"a": "x"}])
def test_a_hash_with_a_hole_in_it_is_no_value(record: dict[str, Any]) -> None:
    assert Source("new_id", ("a", "b"), is_hash=True).value(record) is None


@given(st.lists(scalars, min_size=1))
def test_a_hash_holds_only_what_dataverse_takes_in_a_key(values: list[Any]) -> None:
    assert re.fullmatch("[0-9a-f]{64}", key_hash(values))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (["Ada@Example.org"], ["  ada@example.ORG "]),
        (["Straße"], ["STRASSE"]),
        (["Zoe\u0301"], ["Zoé"]),
    ],
)
def test_capitals_spaces_and_ways_to_write_an_accent_make_no_difference(
    one: list[str], other: list[str]
) -> None:
    assert key_hash(one) == key_hash(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (["ab", "c"], ["a", "bc"]),
        (["a", "b"], ["b", "a"]),
        (["a,b"], ["a", "b"]),
        (['a"'], ["a"]),
        ([1], [11]),
    ],
)
def test_different_values_have_different_hashes(one: list[Any], other: list[Any]) -> None:
    assert key_hash(one) != key_hash(other)


def test_the_hash_of_a_value_never_changes() -> None:
    """Records are found by it years later."""
    assert key_hash(["ada@example.org", 7]) == (
        "34400bf8b561a8be139589bd795c466b814dda655488411ec82737ee3d08448f"
    )


@pytest.mark.parametrize("value", [["a"], {"a": 1}])
def test_a_list_is_no_part_of_a_hash(value: Any) -> None:
    with pytest.raises(ValueError, match="a list or an object"):
        key_hash([value])
