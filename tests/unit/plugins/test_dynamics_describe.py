"""What `regbridge dynamics describe` prints about a table."""

from __future__ import annotations

from dataclasses import replace

import yaml
from tests.unit.plugins.dynamics_tables import CONTACT, STAGING

from regbridge_dynamics.describe import column_rows, key_rows, takes, target_block
from regbridge_dynamics.schema import Column, Key, Option, Type
from regbridge_rules.expressions import Expression


def test_only_columns_that_can_be_written_are_shown() -> None:
    rows = {row[0]: row for row in column_rows(STAGING)}
    assert rows["new_invitee"] == (
        "new_invitee",
        "",
        "text, at most 36 characters",
        "key, required",
    )
    assert rows["new_other"][2] == "a record of account or contact"
    assert rows["overriddencreatedon"][3] == "only when made"
    assert {"createdon", "new_photo"}.isdisjoint(rows)


def test_what_a_column_takes_is_said_in_words() -> None:
    columns = STAGING.columns
    assert takes(columns["new_rate"]) == "a number, 2 digits after the point"
    assert takes(columns["new_status"]) == "one of: Accepted, Cancelled"
    assert takes(columns["new_day"]) == "date or time, DateOnly"
    assert takes(columns["new_member"]) == "yes or no"
    options = tuple(Option(n, (f"L{n}",)) for n in range(20))
    many = takes(Column("c", Type.CHOICES, options=options))
    assert many.startswith("several of: L0, L1")
    assert many.endswith("L11, ...")


def test_keys_are_shown_with_their_state_and_what_is_wrong_with_them() -> None:
    assert ("new_both", "new_event, new_invitee", "Active") in list(key_rows(STAGING))
    assert ("new_pending", "new_count", "Pending") in list(key_rows(STAGING))


def test_the_block_is_yaml_with_what_can_be_guessed() -> None:
    block = yaml.safe_load(target_block(STAGING))
    assert block["settings"] == {"table": "new_staging", "key": ["new_event", "new_invitee"]}
    assert block["map"]["new_invitee"] == "registration.inviteeStub"
    assert "new_memo" not in block["map"]  # a comment: nobody can guess it
    assert "# new_memo: EXPRESSION  # text, at most 2,000 characters" in target_block(STAGING)


def test_what_is_guessed_are_expressions() -> None:
    block = yaml.safe_load(target_block(CONTACT))
    assert block["settings"]["key"] == "new_cventcontactid"
    assert block["map"] == {
        "new_cventcontactid": "registration.contactStub",
        "lastname": "lastName",
    }
    for text in block["map"].values():
        assert list(Expression(text).problems()) == []


def test_a_key_column_that_nobody_can_guess_is_left_empty() -> None:
    """`regbridge check` does not let an empty entry pass."""
    key = Key("new_key", frozenset({"new_count"}), "Active")
    block = yaml.safe_load(target_block(replace(STAGING, keys=(key,))))
    assert block["settings"]["key"] == "new_count"
    assert block["map"]["new_count"] is None


def test_a_date_is_there_with_the_format_that_its_column_needs() -> None:
    text = target_block(STAGING)
    assert "# new_day: {from: EXPRESSION, format: '%Y-%m-%d'}" in text
    assert "# new_at: {from: EXPRESSION, format: '%Y-%m-%dT%H:%M:%S%z'}" in text


def test_a_lookup_is_there_as_a_comment() -> None:
    assert "#   new_contact: {table: contact, key: COLUMN}" in target_block(STAGING)


def test_a_table_without_a_key_says_where_one_would_stand() -> None:
    assert "  # key: COLUMN" in target_block(replace(CONTACT, keys=()))
