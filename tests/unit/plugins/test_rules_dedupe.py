"""`latest` and `once`: which registrations stand for the same change."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from regbridge import Registration
from regbridge_rules.dedupe import Latest, Once

Build = Callable[..., Registration]


def test_latest_takes_the_same_message_once(
    plugin: Callable[..., Any], registration: Build
) -> None:
    latest = plugin(Latest)
    again = registration(id=2, position=7)
    assert latest.dedupe_key(registration()) == latest.dedupe_key(again)


def test_latest_takes_another_message_with_the_same_fields(
    plugin: Callable[..., Any], registration: Build
) -> None:
    latest = plugin(Latest)
    later = registration(message_stub="72d9d9d3-179f-492b-929d-970d75362136")
    assert latest.dedupe_key(registration()) != latest.dedupe_key(later)


def test_latest_takes_two_records_of_one_registrant_in_one_message(
    plugin: Callable[..., Any], registration: Build
) -> None:
    latest = plugin(Latest)
    assert latest.dedupe_key(registration()) != latest.dedupe_key(registration(occurrence=1))


def test_latest_leaves_a_record_without_message_or_subject_to_the_host(
    plugin: Callable[..., Any], registration: Build
) -> None:
    latest = plugin(Latest)
    assert latest.dedupe_key(registration(message_stub="")) is None
    assert latest.dedupe_key(registration(subject="")) is None


def test_once_ignores_all_later_changes_of_a_registrant(
    plugin: Callable[..., Any], registration: Build
) -> None:
    once = plugin(Once)
    later = registration(message_stub="72d9d9d3-179f-492b-929d-970d75362136", occurrence=3)
    assert once.dedupe_key(registration()) == once.dedupe_key(later)
    assert once.dedupe_key(registration()) != once.dedupe_key(registration(subject="contact:1"))


def test_once_leaves_a_record_about_nobody_to_the_host(
    plugin: Callable[..., Any], registration: Build
) -> None:
    assert plugin(Once).dedupe_key(registration(subject="")) is None


STUBS = st.uuids().map(str)


@given(
    ones=st.tuples(STUBS, STUBS, st.integers(0, 99)),
    others=st.tuples(STUBS, STUBS, st.integers(0, 99)),
)
def test_keys_of_latest_are_equal_exactly_for_equal_message_subject_and_occurrence(
    plugin: Callable[..., Any],
    registration: Build,
    ones: tuple[str, str, int],
    others: tuple[str, str, int],
) -> None:
    def key(values: tuple[str, str, int]) -> Any:
        message, subject, occurrence = values
        return plugin(Latest).dedupe_key(
            registration(message_stub=message, subject=subject, occurrence=occurrence)
        )

    assert (key(ones) == key(others)) == (ones == others)
