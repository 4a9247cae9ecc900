"""The grammar of Cvent's filters, as strict as its documentation is silent."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from regbridge_cvent.simulator.filters.grammar import (
    Combination,
    Comparison,
    Dialect,
    FilterError,
    parse,
)

PLAIN = Dialect()
WITH_BRACKETS = Dialect(brackets=True)
CAPITALS = Dialect(brackets=True, capitals=True)


def equal(field: str, value: str) -> Comparison:
    return Comparison(field, "eq", (value,))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("id eq 'a'", equal("id", "a")),
        ('id eq "a"', equal("id", "a")),
        ("  id\teq\n'a' ", equal("id", "a")),
        ("id eq ''", equal("id", "")),
        ("""lastName eq "O'Keenan" """, equal("lastName", "O'Keenan")),
        (r'company eq "The \"Old\" Press"', equal("company", 'The "Old" Press')),
        ("""company eq 'say "yes"'""", equal("company", 'say "yes"')),
        ("answers.question.60f1d05b-e3ee eq 'x'", equal("answers.question.60f1d05b-e3ee", "x")),
        ("note eq 'a and b or (c)'", equal("note", "a and b or (c)")),
        ("registrationType.id is null", Comparison("registrationType.id", "is null")),
        ("registrationType.id is not null", Comparison("registrationType.id", "is not null")),
        ("x is empty", Comparison("x", "is empty")),
        ("x is not empty", Comparison("x", "is not empty")),
        ("id in ('a', 'b')", Comparison("id", "in", ("a", "b"))),
        ("id in('a')", Comparison("id", "in", ("a",))),
        ("a eq '1' or b eq '2'", Combination("or", (equal("a", "1"), equal("b", "2")))),
        (
            "a eq '1' and b eq '2' and c is null",
            Combination("and", (equal("a", "1"), equal("b", "2"), Comparison("c", "is null"))),
        ),
    ],
)
def test_a_filter_is_read(text: str, expected: object) -> None:
    assert parse(text, PLAIN) == expected


def test_brackets_group_where_they_are_documented() -> None:
    text = "a eq '1' and (b eq '2' or (c eq '3'))"
    grouped = Combination("or", (equal("b", "2"), equal("c", "3")))
    assert parse(text, WITH_BRACKETS) == Combination("and", (equal("a", "1"), grouped))


def test_capital_words_are_read_where_an_example_has_them() -> None:
    text = "a eq '1' AND (b eq '2' OR c eq '3')"
    grouped = Combination("or", (equal("b", "2"), equal("c", "3")))
    assert parse(text, CAPITALS) == Combination("and", (equal("a", "1"), grouped))
    with pytest.raises(FilterError, match="`and` or `or` must stand at character 10"):
        parse(text, WITH_BRACKETS)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "the name of a field must stand at the end"),
        ("id", "an operator must stand at the end"),
        ("id eq", "a value in quotes must stand at the end"),
        ("id eq a", "a value in quotes must stand at character 7"),
        ("guest eq true", "a value in quotes must stand at character 10"),
        ("capacity gt 5", "character 13 begins neither a name nor a value in quotes"),
        ("'id' eq 'a'", "the name of a field must stand at character 1"),
        ("id eq 'a", "the quote at character 7 is not closed"),
        ("id eq 'a' or", "the name of a field must stand at the end"),
        ("id eq 'a' id eq 'b'", "`and` or `or` must stand at character 11"),
        ("id eq 'a' xor id eq 'b'", "`and` or `or` must stand at character 11"),
        ("id eq 'a'or id eq 'b'", "a space is missing before character 10"),
        ("id eq'a'", "a space is missing before character 6"),
        ("id = 'a'", "character 4 begins neither"),
        ("id like 'a'", "no operator is called what stands at character 4"),
        ("id EQ 'a'", "no operator is called what stands at character 4"),
        ("id is 'a'", "null or empty must stand at character 7"),
        ("id is full", "no operator is called what stands at character 4"),
        ("id is not full", "no operator is called what stands at character 4"),
        ("id in 'a'", "the list of `in` must begin with a bracket at character 7"),
        ("id in ('a'", "the list of `in` must end with a bracket at the end"),
        ("id in ()", "a value in quotes must stand at character 8"),
        ("id eq 'a' or (id eq 'b')", "brackets are not documented for this operation"),
        ("id eq 'a')", "the bracket at character 10 closes nothing"),
        (r"id eq 'a\'b'", "a backslash is documented only before a double quote"),
        (r'id eq "a\b"', "a backslash is documented only before a double quote"),
        ("a eq '1' and b eq '2' or c eq '3'", "character 23 without brackets"),
        ("a eq '1' or b eq '2' and c eq '3'", "which of them binds first is not documented"),
    ],
)
def test_what_is_not_documented_is_refused_with_the_reason(text: str, why: str) -> None:
    with pytest.raises(FilterError) as refused:
        parse(text, PLAIN)
    assert why in str(refused.value)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("(id eq 'a'", "a bracket must be closed at the end"),
        ("()", "the name of a field must stand at character 2"),
        ("(" * 21 + "id eq 'a'" + ")" * 21, "more than 20 brackets are open at character 21"),
        ("(a eq '1' and b eq '2') or c eq '3' and d eq '4'", "character 37 without brackets"),
    ],
)
def test_brackets_that_do_not_match_are_refused(text: str, why: str) -> None:
    with pytest.raises(FilterError) as refused:
        parse(text, WITH_BRACKETS)
    assert why in str(refused.value)


def test_a_word_that_an_operation_does_not_document_is_refused() -> None:
    with pytest.raises(FilterError, match="`and` is not documented for this operation"):
        parse("text eq 'a' and text eq 'b'", Dialect(joining=frozenset({"or"})))


def quoted(value: str) -> str:
    """Write a value as Cvent documents it."""
    if "'" not in value:
        return f"'{value}'"
    return '"' + value.replace('"', '\\"') + '"'


VALUES = st.text(st.characters(exclude_characters="\\", exclude_categories=["Cs"]))


@given(VALUES)
def test_every_value_without_a_backslash_comes_back_from_its_quotes(value: str) -> None:
    assert parse(f"id eq {quoted(value)}", PLAIN) == equal("id", value)


@given(st.lists(VALUES, min_size=2, max_size=200))
def test_a_long_chain_is_one_combination(values: list[str]) -> None:
    text = " or ".join(f"id eq {quoted(value)}" for value in values)
    parts = tuple(equal("id", value) for value in values)
    assert parse(text, PLAIN) == Combination("or", parts)


@given(st.text(st.sampled_from("id eqnor'\"\\(),. 1and"), max_size=60), st.booleans())
def test_any_text_is_read_or_refused(text: str, brackets: bool) -> None:
    try:
        parse(text, Dialect(brackets=brackets, capitals=brackets))
    except FilterError as error:
        assert str(error)
