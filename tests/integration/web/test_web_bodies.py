"""Bodies: their limit, their encodings, and what a hostile one can do."""

from __future__ import annotations

import gzip
import socket
import tracemalloc
from contextlib import suppress
from typing import TYPE_CHECKING

import pytest
from structlog.testing import capture_logs

if TYPE_CHECKING:
    from tests.integration.web.conftest import Answer, Site

PROBLEM = "application/problem+json"


def assert_too_large(answer: Answer, site: Site) -> None:
    assert answer.status == 413
    assert answer.headers["Content-Type"] == PROBLEM
    assert "200,000" in answer.json["detail"]
    assert site.arrivals == []


def chunked(body: bytes, size: int) -> bytes:
    pieces = [body[start : start + size] for start in range(0, len(body), size)]
    return b"".join(b"%x\r\n%s\r\n" % (len(piece), piece) for piece in pieces) + b"0\r\n\r\n"


def message_of_size(site: Site, size: int) -> bytes:
    return site.message(padding=size - len(site.message()))


def test_a_body_of_exactly_the_limit_is_accepted_and_one_byte_more_is_not(site: Site) -> None:
    body = message_of_size(site, site.body_limit)

    assert site.post(body).status == 200
    site.arrivals.clear()
    assert_too_large(site.post(body + b" "), site)


@pytest.mark.parametrize("line", ["X-Nothing: 1", "Expect: 100-continue", "Connection: close"])
def test_a_declared_length_beyond_the_limit_is_refused_before_the_body_is_sent(
    site: Site, line: str
) -> None:
    length = f"Content-Length: {site.body_limit + 1}"

    assert_too_large(site.send_raw(site.head(length, line)), site)


def test_a_sender_that_sends_a_refused_body_all_the_same_still_gets_its_answer(site: Site) -> None:
    smuggled = site.head("Content-Length: 0") * 60_000

    with site.connect() as connection:
        connection.sendall(site.head(f"Content-Length: {len(smuggled)}") + smuggled)
        connection.shutdown(socket.SHUT_WR)
        received = b"".join(iter(lambda: connection.recv(65536), b""))

    assert received.startswith(b"HTTP/1.1 413 ")
    assert received.count(b"HTTP/1.1") == 1
    assert site.pipeline.requests == []


def test_a_refusal_before_the_application_is_logged(site: Site) -> None:
    with capture_logs() as logs:
        site.send_raw(site.head("Content-Length: 999999999"))

    assert (logs[0]["status"], logs[0]["remote_address"]) == (413, "127.0.0.1")


def test_the_limit_holds_for_a_body_of_unknown_length(site: Site) -> None:
    head = site.head("Transfer-Encoding: chunked")
    body = message_of_size(site, site.body_limit // 2)

    assert site.send_raw(head + chunked(body, 5000)).status == 200
    site.arrivals.clear()
    assert_too_large(site.send_raw(head + chunked(body * 3, 5000)), site)


def test_a_body_that_breaks_off_is_neither_stored_nor_a_leak(site: Site) -> None:
    with site.connect() as connection:
        connection.sendall(site.head("Content-Length: 150000") + b"x" * 120_000)
    assert site.post(site.message()).status == 200

    assert len(site.arrivals) == 1


def test_gzip_is_inflated_before_it_is_stored(site: Site) -> None:
    body = site.message(records=3)

    assert site.post_gzip(body).json["registrations"] == 3
    assert site.arrivals[0].body == body


def test_gzip_of_several_members_is_inflated_whole(site: Site) -> None:
    body = site.message()
    members = gzip.compress(body[:30]) + gzip.compress(b"") + gzip.compress(body[30:])

    assert site.post_gzip(body, compressed=members).status == 200
    assert site.arrivals[0].body == body


@pytest.mark.parametrize("header", ["GZip", "x-gzip", " gzip "])
def test_the_name_of_gzip_is_read_with_tolerance(site: Site, header: str) -> None:
    body = gzip.compress(site.message())

    assert site.post(body, headers={"Content-Encoding": header}).status == 200


def test_the_limit_holds_for_the_inflated_size(site: Site) -> None:
    assert site.post_gzip(message_of_size(site, site.body_limit)).status == 200
    site.arrivals.clear()
    assert_too_large(site.post_gzip(message_of_size(site, site.body_limit + 1)), site)


def test_a_gzip_bomb_takes_no_more_memory_than_the_limit_allows(site: Site) -> None:
    bomb = gzip.compress(bytes(100_000_000), compresslevel=9)
    assert len(bomb) < site.body_limit

    tracemalloc.start()
    try:
        answer = site.post_gzip(b"", compressed=bomb)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert_too_large(answer, site)
    assert peak < 20 * site.body_limit


@pytest.mark.parametrize("damage", ["cut", "flipped", "no gzip", "rubbish behind"])
def test_damaged_gzip_is_kept_as_it_came_and_answered_400(site: Site, damage: str) -> None:
    whole = gzip.compress(site.message(records=50))
    body = {
        "cut": whole[:-9],
        "flipped": whole[:-5] + bytes([whole[-5] ^ 1]) + whole[-4:],
        "no gzip": site.message(),
        "rubbish behind": whole + b"rubbish",
    }[damage]

    answer = site.post_gzip(b"", compressed=body)

    assert answer.status == 400
    assert "gzip" in answer.json["detail"]
    assert site.arrivals[0].body == body
    assert answer.json["receipt"] == 1


def test_malformed_json_in_gzip_is_kept_inflated(site: Site) -> None:
    assert site.post_gzip(b"{").status == 400
    assert site.arrivals[0].body == b"{"


def test_an_empty_body_is_malformed_whatever_its_encoding(site: Site) -> None:
    answer = site.post_gzip(b"", compressed=b"")

    assert answer.status == 400
    assert "empty" in answer.json["detail"]


@pytest.mark.parametrize("header", ["br", "deflate", "gzip, gzip", "\u00e9"])
def test_another_encoding_is_answered_415_with_what_is_accepted(site: Site, header: str) -> None:
    answer = site.post(site.message(), headers={"Content-Encoding": header})

    assert answer.status == 415
    assert answer.headers["Content-Type"] == PROBLEM
    assert answer.headers["Accept-Encoding"] == "gzip, identity"
    assert "gzip" in answer.json["detail"]
    assert site.arrivals == []


def test_no_encoding_may_be_named_identity(site: Site) -> None:
    assert site.post(site.message(), headers={"Content-Encoding": "identity"}).status == 200


def test_a_body_that_nobody_vouches_for_is_not_looked_at(site: Site) -> None:
    bomb = gzip.compress(bytes(10_000_000))

    answer = site.post(bomb, token="wrong", headers={"Content-Encoding": "gzip"})

    assert answer.status == 401
    assert site.post(b"", token="wrong", headers={"Content-Encoding": "br"}).status == 401


@pytest.mark.parametrize(
    ("request_bytes", "status"),
    [
        (b"rubbish\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nContent-Length: -1\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nBad Header\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nX: " + b"x" * 40_000 + b"\r\n\r\n", 431),
        (b"POST / HTTP/1.1\r\nTransfer-Encoding: gzip\r\n\r\n", 501),
        (b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", 400),
    ],
    ids=["no HTTP", "negative length", "bad header", "long header", "coding", "bad chunk"],
)
def test_what_is_no_request_is_answered_in_the_same_format(
    site: Site, request_bytes: bytes, status: int
) -> None:
    answer = site.send_raw(request_bytes)

    assert answer.status == status
    assert answer.headers["Content-Type"] == PROBLEM
    assert answer.json["status"] == status
    assert answer.json["detail"]


def test_a_sender_that_never_stops_sending_a_refused_body_is_cut_off(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("regbridge.web.channel._DISCARD_SECONDS", -1.0)

    with site.connect() as connection:
        connection.sendall(site.head("Content-Length: 999999999"))
        assert connection.recv(65536).startswith(b"HTTP/1.1 413 ")
        with suppress(ConnectionError):
            connection.sendall(b"x")
            assert b"HTTP/1.1" not in b"".join(iter(lambda: connection.recv(65536), b""))
