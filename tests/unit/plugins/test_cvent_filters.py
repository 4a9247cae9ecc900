"""Filters hold any id, and never say anything else than that a field has one of some values."""

from __future__ import annotations

from urllib.parse import quote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st

from regbridge import RejectedError
from regbridge_cvent.filters import capacity, chains, equals
from regbridge_cvent.simulator.filters.fields import ATTENDEES
from regbridge_cvent.simulator.filters.grammar import Combination, Comparison, parse

GUID = "82506834-04d3-4c30-971a-df06eaccd6cd"
FIELDS = st.sampled_from([("id",), ("id", "primaryId")])
IDS = st.lists(st.text(st.characters(categories=["L", "N", "P", "Zs"]), min_size=1), max_size=30)


def comparisons(where: str) -> list[tuple[str, str, tuple[str, ...]]]:
    """Return what a filter says, as Cvent's grammar reads it."""
    node = parse(where, ATTENDEES.dialect)
    assert not isinstance(node, Combination) or node.word == "or"
    parts = node.parts if isinstance(node, Combination) else (node,)
    found = [part for part in parts if isinstance(part, Comparison)]
    assert len(found) == len(parts)
    return [(part.field, part.operator, part.values) for part in found]


def test_a_guid_stands_in_single_quotes() -> None:
    assert equals("id", GUID) == f"id eq '{GUID}'"


def test_a_single_quote_is_put_in_double_quotes_and_a_double_quote_is_escaped() -> None:
    assert equals("id", "O'Keenan") == 'id eq "O\'Keenan"'
    assert equals("id", 'say "x"') == 'id eq "say \\"x\\""'


@pytest.mark.parametrize("value", ["a\nb", "a\tb", "\x00", "back\\slash", "\\", "\u2028", "\ud800"])
def test_what_no_filter_can_hold_is_refused_without_being_quoted(value: str) -> None:
    with pytest.raises(RejectedError) as caught:
        equals("id", value)

    assert value not in str(caught.value)


@given(st.text(min_size=1, max_size=60))
def test_no_id_can_say_more_than_that_the_field_equals_it(value: str) -> None:
    try:
        where = equals("id", value)
    except RejectedError:
        return

    assert comparisons(where) == [("id", "eq", (value,))]


@given(FIELDS, IDS, st.integers(1, 12), st.integers(10, 2_000), st.booleans())
def test_every_value_is_in_exactly_one_chain_within_the_limits(
    fields: tuple[str, ...], values: list[str], most: int, longest: int, in_url: bool
) -> None:
    values = [value for value in values if "\\" not in value and value.isprintable()]

    found = list(chains(fields, values, most, longest, in_url=in_url))

    assert [value for group, _ in found for value in group] == values
    for group, where in found:
        assert comparisons(where) == [(f, "eq", (value,)) for value in group for f in fields]
        assert len(group) <= most
        assert len(group) == 1 or len(quote_plus(where) if in_url else where) <= longest


def test_chains_are_as_long_as_they_may_be() -> None:
    ids = [GUID] * 400

    assert [len(group) for group, _ in chains(("id",), ids, 200, 16_000)] == [200, 200]
    assert capacity(("id", "primaryId"), 16_000) == 155
    assert capacity(("attendee.id",), 6_000, in_url=True) == 98


@given(FIELDS, st.integers(500, 20_000), st.booleans())
def test_the_capacity_is_what_a_chain_takes(
    fields: tuple[str, ...], longest: int, in_url: bool
) -> None:
    [first, *_] = chains(fields, [GUID] * 500, 500, longest, in_url=in_url)

    assert len(first[0]) == min(500, capacity(fields, longest, in_url=in_url))
