"""What is left of a text that somebody else wrote."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from regbridge.redact import masker, redact, values_in


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("no such column", "no such column"),
        ("mary.jones@example.com is taken", "m…@example.com is taken"),
        ("'Mary Jones' is no date", "'…' is no date"),
        ('invalid literal: "Mary Jones"', 'invalid literal: "…"'),
        ("'Mary' and 'Jones'", "'…' and '…'"),
        ("call +1 653-436-2365 now", "call +1 653-436-2365 now".replace("1 653-436-2365", "…")),
        ("card 4111 1111 1111 1111", "card …"),
        ("line 17, column 4", "line 17, column 4"),
        ("status 404", "status 404"),
    ],
)
def test_personal_values_go_and_the_kind_of_error_stays(text: str, left: str) -> None:
    assert redact(text) == left


@pytest.mark.parametrize("value", ["Mary", "O'Brien", "Mary Jones", "mary@example.com"])
def test_the_value_that_python_quotes_in_an_exception_goes(value: str) -> None:
    with pytest.raises(ValueError, match="invalid literal") as caught:
        int(value)
    assert value not in redact(str(caught.value))
    assert value not in redact(str(KeyError(value)))


@pytest.mark.parametrize("part", ["a", "a@", "'", '"a', "1 ", "1     x", "a.b@", "'a\""])
def test_a_huge_text_is_masked_in_one_go(part: str) -> None:
    """With a pattern that tries every start to the end, this test would not end."""
    assert len(redact(part * (2_000_000 // len(part)))) <= 500


@given(st.text(min_size=500, max_size=3000))
def test_no_text_stays_long(text: str) -> None:
    assert len(redact(text)) <= 500


@given(
    st.from_regex(r"[a-z]{2,8}\.[a-z]{2,8}", fullmatch=True),
    st.text(alphabet=" ,;:()<>\n=", max_size=4),
)
def test_no_address_survives_in_any_surroundings(name: str, around: str) -> None:
    address = f"{name}@example.com"
    assert address not in redact(f"refused{around} {address} {around}by the target")


def test_the_words_of_a_record_go_out_of_what_a_target_says_about_it() -> None:
    mask = masker(["Zoë O'Brien", 4711, None, True, {"more": ["Quill"]}])
    assert mask("no member ZOË o'brien with number 4711, True list, Quill") == (
        "no member … o'… with number …, True list, …"
    )


def test_short_words_of_a_record_stay() -> None:
    assert masker(["no ID"])("no id is given") == "no id is given"


def test_the_values_within_mappings_and_lists_are_found_and_their_names_are_not() -> None:
    found = values_in({"a": 1, "b": [{"c": "x"}, ("y",)]}, "z", None)
    assert list(found) == [1, "x", "y", "z", None]


def test_values_within_values_are_masked_too() -> None:
    mask = masker([{"contact": {"name": "Lovelace"}, "tags": ["Analytical"]}])
    assert (
        mask("Lovelace owns the Analytical engine of Contact") == "… owns the … engine of Contact"
    )
