"""Whatever is sent to the simulated Dataverse, it takes or refuses; it never breaks."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.integration.dynamics.web_client import STAGING

from regbridge_dynamics.simulator import ApiError, DataverseSimulator, registration_schema
from regbridge_dynamics.simulator.address import parse_address
from regbridge_dynamics.simulator.database import Database, Row
from regbridge_dynamics.simulator.filters import parse_filter
from regbridge_dynamics.simulator.multipart import read_request, split_batch
from regbridge_dynamics.simulator.request import read_object, read_preferences

DATABASE = Database(registration_schema())
COLUMNS = [column.name for column in DATABASE.schema.table("new_registrationstaging").all_columns]
NAMES = st.sampled_from([*COLUMNS, "new_Contact", "new_Contact@odata.bind", "@odata.type", "x@y"])
JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)


def refuses_or_takes(act: Callable[..., Any], *arguments: Any) -> Any:
    """Return what comes of it, or the refusal; anything else fails the test."""
    try:
        return act(*arguments)
    except ApiError as error:
        assert 400 <= error.status < 600
        return error


@given(st.text())
def test_any_text_is_an_address_or_is_refused(text: str) -> None:
    refuses_or_takes(parse_address, text, DATABASE)
    refuses_or_takes(parse_address, f"{STAGING}({text})", DATABASE)


@given(st.text(alphabet="new_ameqd'()0123 ,=[]@/.ornt-", max_size=60))
def test_any_text_is_a_filter_or_is_refused(text: str) -> None:
    refuses_or_takes(parse_filter, text, {"@a": text})


@given(st.text())
def test_any_text_is_a_preference_or_is_refused(text: str) -> None:
    refuses_or_takes(read_preferences, text)


@given(st.binary())
def test_any_bytes_are_a_json_object_or_are_refused(body: bytes) -> None:
    found = refuses_or_takes(read_object, body, STAGING)
    assert isinstance(found, dict | ApiError)


@given(st.lists(st.sampled_from([b"--b", b"--", b"\r\n", b"\n", b"POST /x HTTP/1.1", b":", b"x"])))
def test_any_bytes_are_a_batch_or_are_refused(pieces: list[bytes]) -> None:
    body = b"".join(pieces)
    parts = refuses_or_takes(split_batch, "multipart/mixed; boundary=b", body)
    for part in parts if isinstance(parts, list) else ():
        refuses_or_takes(read_request, part)


@given(st.dictionaries(NAMES, JSON, max_size=4))
def test_any_body_makes_a_record_or_is_refused(body: dict[str, Any]) -> None:
    simulator = DataverseSimulator()
    values = read_object(json.dumps(body).encode(), STAGING)
    required = {"new_inviteeid": "A", "new_eventid": "E"}
    refuses_or_takes(simulator.add, "new_registrationstaging", required | values)
    for record in simulator.tables["new_registrationstaging"]:
        json.dumps(record)


VALUES = st.fixed_dictionaries(
    {"accountnumber": st.sampled_from(["a", "A", "b", None]), "name": st.text(max_size=3)}
)
WRITES = st.lists(st.tuples(st.sampled_from("1234"), VALUES | st.none()), max_size=8)


@given(WRITES, WRITES)
def test_a_transaction_that_fails_leaves_everything_as_it_was(
    before: list[tuple[str, dict[str, Any] | None]], within: list[tuple[str, dict[str, Any] | None]]
) -> None:
    database = Database(registration_schema())
    account = database.schema.table("account")

    def write(row_id: str, values: dict[str, Any] | None) -> None:
        if values is None:
            database.remove(account, row_id)
        else:
            version = database.next_version()
            database.put(account, Row(row_id, values, version, version))

    for row_id, values in before:
        with database.transaction():
            refuses_or_takes(write, row_id, values)
    rows = database.all(account)
    with pytest.raises(KeyError), database.transaction():
        for row_id, values in within:
            refuses_or_takes(write, row_id, values)
        raise KeyError
    assert database.all(account) == rows
    key = account.keys[0]
    for row in rows:
        if row.values["accountnumber"] is not None:
            assert database.find(account, key, row.values) == row
    for number in ("a", "b"):
        held = [row for row in rows if str(row.values["accountnumber"]).lower() == number]
        assert len(held) <= 1
        assert (database.find(account, key, {"accountnumber": number}) is None) == (not held)
