"""What fuzzing asks of the parser and of the endpoint, asked a little in every run of the tests.

An input that fuzzing finds becomes an entry of `FOUND` here, whatever else tests it.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.fuzz import message_target, seeds
from tests.fuzz.webhook_target import BODY_LIMIT, HEAD, PATH, TOKEN, Endpoint

BODIES = list(seeds.bodies())
REQUESTS = [*map(seeds.request, BODIES), *list(seeds.requests())[len(BODIES) :]]

FOUND = [
    b"POST .cve0\r\n\r\n",  # 500: the answer was counted by the first segment, and there is none
]
"""Inputs for either target, in the order in which they were found."""

HOSTILE = [
    b"",
    b"\r\n\r\n",
    b"GET / HTTP/1.1\r\n\r\n",
    f"DELETE {PATH} HTTP/1.1\r\nAuthorization: {TOKEN}\r\n\r\n".encode(),
    f"POST {PATH}/%00%ff/%2f HTTP/1.0\r\nAuthorization: {TOKEN}\r\n\r\n".encode(),
    f"{HEAD}{BODY_LIMIT + 1}\r\n\r\n".encode() + b"x" * (BODY_LIMIT + 1),
    seeds.request(b"\x1f\x8b not gzip", "Content-Encoding: gzip"),
    seeds.request(b"{}", "Content-Encoding: br"),
]


@pytest.fixture(scope="module")
def endpoint() -> Iterator[Endpoint]:
    endpoint = Endpoint()
    yield endpoint
    endpoint.close()


@pytest.mark.parametrize("body", [*BODIES, *FOUND, *HOSTILE])
def test_a_body_is_read_or_refused(body: bytes) -> None:
    message_target.judge(body)


@pytest.mark.parametrize("request_bytes", [*REQUESTS, *FOUND, *HOSTILE])
def test_a_request_is_stored_and_accounted_for_or_refused(
    endpoint: Endpoint, request_bytes: bytes
) -> None:
    endpoint.judge(request_bytes)


@st.composite
def spoilt(draw: st.DrawFn, whole: list[bytes]) -> bytes:
    """One of some inputs, with a piece of it replaced."""
    given = draw(st.sampled_from(whole))
    start = draw(st.integers(0, len(given)))
    end = draw(st.integers(start, min(start + 40, len(given))))
    piece = draw(st.binary(max_size=20) | st.text(max_size=20).map(str.encode))
    return given[:start] + piece + given[end:]


@given(spoilt(BODIES))
def test_a_spoilt_body_is_read_or_refused(body: bytes) -> None:
    message_target.judge(body)


@settings(max_examples=50, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(spoilt(REQUESTS) | spoilt(BODIES).map(seeds.request))
def test_a_spoilt_request_is_stored_and_accounted_for_or_refused(
    endpoint: Endpoint, request_bytes: bytes
) -> None:
    endpoint.judge(request_bytes)
