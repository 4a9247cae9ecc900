"""Choices by number and by label."""

from __future__ import annotations

from typing import Any

import pytest

from regbridge_dynamics.choices import write_boolean, write_choice, write_choices
from regbridge_dynamics.schema import Option

STATUS = (
    Option(100000000, ("Accepted", "Zugesagt")),
    Option(100000001, ("Cancelled",)),
    Option(1, ("2",)),
    Option(2, ("Same",)),
    Option(3, ("same ",)),
)
YES_NO = (Option(0, ("Declined",)), Option(1, ("Yes",)))


@pytest.mark.parametrize(
    ("value", "number"),
    [
        (100000000, 100000000),
        (100000000.0, 100000000),
        ("100000001", 100000001),
        ("Accepted", 100000000),
        (" accepted ", 100000000),
        ("ZUGESAGT", 100000000),
        ("2", 1),  # a label comes before a number
    ],
)
def test_an_option_is_found_by_its_number_or_a_label(value: Any, number: int) -> None:
    assert write_choice(value, STATUS) == number


@pytest.mark.parametrize("value", [7, "7", "Waiting", True, 1.5, [1], "", float("inf")])
def test_what_is_no_option_is_refused_and_the_options_are_named(value: Any) -> None:
    with pytest.raises(ValueError, match="100000000 Accepted, 100000001 Cancelled"):
        write_choice(value, STATUS)


def test_many_options_are_not_all_named() -> None:
    options = [Option(number, (f"Label {number}",)) for number in range(100)]
    with pytest.raises(ValueError, match=r"7 Label 7, \.\.\.$"):
        write_choice("other", options)


def test_a_label_of_two_options_needs_the_number() -> None:
    with pytest.raises(ValueError, match="several options"):
        write_choice("Same", STATUS)


@pytest.mark.parametrize(
    ("value", "numbers"),
    [
        (["Accepted", 2], "100000000,2"),
        (("Accepted", "accepted"), "100000000"),
        ("Accepted; Cancelled", "100000000,100000001"),
        ("100000000, 100000001", "100000000,100000001"),
        ("Cancelled", "100000001"),
        (100000001, "100000001"),
        ([None, "", "Cancelled"], "100000001"),
        ([], None),
    ],
)
def test_several_options_are_joined_by_commas(value: Any, numbers: str | None) -> None:
    assert write_choices(value, STATUS) == numbers


def test_a_label_with_a_semicolon_or_a_comma_is_one_label() -> None:
    options = (Option(1, ("Meat; fish",)), Option(2, ("1,2",)))
    assert write_choices("meat; fish", options) == "1"
    assert write_choices("1,2", options) == "2"


@pytest.mark.parametrize("value", ["Accepted; Nobody", ["Nobody"], [["Accepted"]], {"a": 1}])
def test_one_unknown_option_refuses_all(value: Any) -> None:
    with pytest.raises(ValueError, match="none of the options"):
        write_choices(value, STATUS)


@pytest.mark.parametrize(
    ("value", "written"),
    [
        (True, True),
        (0, False),
        ("yes", True),
        ("NO", False),
        ("declined", False),
        (" true ", True),
    ],
)
def test_yes_and_no_have_many_forms(value: Any, written: bool) -> None:
    assert write_boolean(value, YES_NO) is written


@pytest.mark.parametrize("value", ["perhaps", 2, 1.0, [True], "y"])
def test_anything_else_is_neither_yes_nor_no(value: Any) -> None:
    with pytest.raises(ValueError, match="neither yes nor no"):
        write_boolean(value, YES_NO)
