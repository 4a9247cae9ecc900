"""The place of an error in a message is found by what the reason says of it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from regbridge.errors import MalformedMessageError
from regbridge.message import read_envelope
from regbridge.web.console.fault import find_fault

END = "the end of the message"


@pytest.mark.parametrize(
    ("body", "at", "before"),
    [
        (b'{"eventType": "x", "message": [}', "}", '"message": ['),
        (b'{"eventType": "x", ', END, '"eventType": "x", '),
        (b'{"eventType": 3, "message": []}', '"eventType":', "{"),
        (b'{"eventType":"x","message":{"a":1}}', '"message":', '"x",'),
        (b'\xef\xbb\xbf{"eventType": "\xff"}', "\\xff", '"eventType": "'),
        (b'\xef\xbb\xbf{"a" 1}', "1", '{"a" '),
        (b'{"eventType": "x\ty", "message": []}', "\t", '"x'),
        (b"eventType=x", "e", ""),
        (b"nope", END, "nope"),
        ('{"caf\u00e9": "\u00e9" x}'.encode(), "x", '"\u00e9" '),
    ],
)
def test_the_place_that_the_reason_names_is_marked(body: bytes, at: str, before: str) -> None:
    fault = find_fault(body, reason_of(body))

    assert fault is not None
    assert fault.at == at
    assert fault.before.endswith(before)


@pytest.mark.parametrize("body", [b"[1]", b'{"message": []}', b"", b'{"a":1}'])
def test_a_reason_that_names_no_place_marks_none(body: bytes) -> None:
    assert find_fault(body, reason_of(body)) is None


def test_the_place_is_told_by_line_and_byte() -> None:
    body = b'{\n  "eventType": "x",\n  "message": [}\n}'

    fault = find_fault(body, reason_of(body))

    assert fault is not None
    assert fault.where == "line 3, byte 15 of it (byte 36 of the message)"


def test_only_what_is_near_the_place_is_shown() -> None:
    body = b'{"a": "' + "\u00e9".encode() * 5000 + b'" x' + b" " * 5000 + b"}"

    fault = find_fault(body, reason_of(body))

    assert fault is not None
    assert fault.at == "x"
    assert len(fault.before.encode()) <= 410
    assert set(fault.before[:-2]) == {"\u00e9"}
    assert len(fault.after) == 400


@given(st.binary(min_size=1, max_size=60), st.integers(0, 80))
def test_a_place_is_found_in_any_bytes(body: bytes, at: int) -> None:
    fault = find_fault(body, f"the body is not JSON: JSON is malformed (byte {at})")

    assert fault is not None
    assert fault.at


@given(st.text(max_size=40), st.integers(0, 60))
def test_no_character_is_torn_apart(text: str, at: int) -> None:
    fault = find_fault(text.encode("utf-8", "ignore") or b"x", f"not UTF-8 (byte {at})")

    assert fault is not None
    assert "\\x" not in fault.before.replace("\\x", "", text.count("\\x"))


def reason_of(body: bytes) -> str:
    """Return what is said about a body that cannot be read."""
    with pytest.raises(MalformedMessageError) as refused:
        read_envelope(body)
    return str(refused.value)
