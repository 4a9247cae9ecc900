"""Inflating a body within a limit."""

from __future__ import annotations

import gzip
from contextlib import suppress

import falcon
import falcon.testing
import pytest
from hypothesis import given
from hypothesis import strategies as st

from regbridge.errors import MalformedMessageError
from regbridge.web.body import inflate, read

LIMIT = 1000


@given(st.lists(st.binary(max_size=400), max_size=6))
def test_members_inflate_to_what_they_hold_or_are_too_large(parts: list[bytes]) -> None:
    whole = b"".join(parts)
    body = b"".join(gzip.compress(part, mtime=0) for part in parts)

    if len(whole) > LIMIT:
        with pytest.raises(falcon.HTTPContentTooLarge):
            inflate(body, LIMIT)
    else:
        assert inflate(body, LIMIT) == whole


@given(st.binary(min_size=1, max_size=200), st.data())
def test_a_member_cut_anywhere_is_malformed(content: bytes, data: st.DataObject) -> None:
    body = gzip.compress(content, mtime=0)
    length = data.draw(st.integers(1, len(body) - 1))

    with pytest.raises(MalformedMessageError):
        inflate(body[:length], LIMIT)


@given(st.binary(max_size=300))
def test_any_bytes_inflate_or_are_refused(body: bytes) -> None:
    for attempt in (body, b"\x1f\x8b\x08" + body):
        with suppress(MalformedMessageError, falcon.HTTPContentTooLarge):
            assert len(inflate(attempt, LIMIT)) <= LIMIT


def test_zeros_behind_the_last_member_are_padding() -> None:
    assert inflate(gzip.compress(b"x") + bytes(20), LIMIT) == b"x"


def test_the_application_keeps_the_limit_under_any_server() -> None:
    fits = falcon.testing.create_req(method="POST", body=b"x" * LIMIT)
    too_long = falcon.testing.create_req(method="POST", body=b"x" * (LIMIT + 1))

    assert read(fits, LIMIT) == b"x" * LIMIT
    with pytest.raises(falcon.HTTPContentTooLarge):
        read(too_long, LIMIT)
