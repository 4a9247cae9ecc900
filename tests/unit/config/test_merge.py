"""The rules by which a client's file is laid over base.yaml."""

from __future__ import annotations

import copy
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from regbridge.config.merge import merge

SCALARS = st.none() | st.booleans() | st.integers() | st.text(max_size=3)
KEYS = st.sampled_from("abc")
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3),
    max_leaves=8,
)
MAPPINGS = st.dictionaries(KEYS, VALUES, max_size=3)


@given(MAPPINGS, MAPPINGS)
def test_mappings_merge_key_by_key(base: dict[str, Any], over: dict[str, Any]) -> None:
    merged = merge(base, over)
    assert merged.keys() == base.keys() | over.keys()
    for key in base.keys() - over.keys():
        assert merged[key] == base[key]
    for key in over.keys() & base.keys():
        assert merged[key] == merge(base[key], over[key])


@given(MAPPINGS, st.lists(VALUES, max_size=3) | SCALARS)
def test_lists_and_scalars_replace(base: dict[str, Any], value: Any) -> None:
    assert merge(base, {"a": value})["a"] == value


@given(MAPPINGS, MAPPINGS)
def test_what_is_merged_does_not_change(base: dict[str, Any], over: dict[str, Any]) -> None:
    before = copy.deepcopy((base, over))
    merge(base, over)
    assert (base, over) == before


@given(MAPPINGS)
def test_nothing_laid_over_or_under_a_mapping_changes_nothing(values: dict[str, Any]) -> None:
    assert merge(values, {}) == merge({}, values) == merge(values, values) == values


@given(MAPPINGS, MAPPINGS)
def test_laying_the_same_over_twice_is_laying_it_over_once(
    base: dict[str, Any], over: dict[str, Any]
) -> None:
    merged = merge(base, over)
    assert merge(merged, over) == merged
