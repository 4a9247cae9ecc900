"""What differs between two records is told field by field."""

from __future__ import annotations

from datetime import date
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from regbridge.changes import Change, changes, fields_of

JSON: Any = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=20,
)


def test_a_field_that_came_or_went_or_changed_is_told_with_both_values() -> None:
    old = {"a": "1", "b": {"c": 1, "d": [1]}, "e": ""}
    new = {"a": "2", "b": {"c": 1, "d": [1, 2]}, "f": None}

    assert changes(old, new) == [
        Change("a", "1", "2"),
        Change("b.d", "[1]", "[1, 2]"),
        Change("e", "", None),
        Change("f", None, "null"),
    ]


def test_of_a_list_of_objects_each_one_is_compared() -> None:
    old = {"orders": [{"number": "A", "paid": "0"}, {"number": "B"}], "empty": []}
    new = {"orders": [{"number": "A", "paid": "5"}], "empty": []}

    assert changes(old, new) == [
        Change("orders[0].paid", "0", "5"),
        Change("orders[1].number", "B", None),
    ]


@given(JSON, JSON)
def test_equal_records_do_not_differ_and_others_are_told_both_ways(old: Any, new: Any) -> None:
    assert changes(old, old) == []
    there = {(each.field, each.old, each.new) for each in changes(old, new)}
    back = {(each.field, each.new, each.old) for each in changes(new, old)}
    assert there == back


def test_a_value_that_is_no_json_is_shown_all_the_same() -> None:
    assert list(fields_of({"at": {1: date(2027, 3, 4)}})) == [("at.1", '"2027-03-04"')]


def test_a_record_that_is_too_deep_is_compared_as_a_whole() -> None:
    deep: Any = "x"
    for _ in range(100):
        deep = {"a": deep}

    [(name, value)] = fields_of(deep)

    assert name.count("a") == 21
    assert value.startswith('{"a": ')
