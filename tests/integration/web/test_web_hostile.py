"""What a hostile sender does to the server itself: slowness, floods, forged heads."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest
from structlog.testing import capture_logs
from tests.integration.web.conftest import read_answer

from regbridge.addresses import network_of

if TYPE_CHECKING:
    from tests.integration.web.conftest import Site

PROXY = (network_of("127.0.0.1"), network_of("10.0.0.0/8"))
SENDER = "203.0.113.7"
PROBLEM = "application/problem+json"


@contextmanager
def impatient(
    site: Site, monkeypatch: pytest.MonkeyPatch, *, idle: float = 3600, free: float = 0.0
) -> Iterator[None]:
    """Run a server that gives requests and idle connections little time."""
    monkeypatch.setattr("regbridge.web.server._LOOP_SECONDS", 0.05)
    monkeypatch.setattr("regbridge.web.server._CLEANUP_SECONDS", 0)
    monkeypatch.setattr("regbridge.web.server._IDLE_SECONDS", idle)
    monkeypatch.setattr("regbridge.web.parser.FREE_SECONDS", free)
    with site.running():
        yield


def is_closed(connection: socket.socket) -> bool:
    """Say whether the server closes a connection, within the time of a test."""
    connection.settimeout(20)
    try:
        return connection.recv(1) == b""
    except ConnectionError:
        return True


@pytest.mark.parametrize(
    "beginning",
    [b"P", b"POST /cvent/apap/CventReg HTTP/1.1\r\nX-Slow: "],
    ids=["its first letter", "half of its head"],
)
def test_a_head_that_comes_too_slowly_ends_its_connection(
    stopped_site: Site, monkeypatch: pytest.MonkeyPatch, beginning: bytes
) -> None:
    with impatient(stopped_site, monkeypatch), stopped_site.connect() as connection:
        with capture_logs() as logs:
            connection.sendall(beginning)
            assert is_closed(connection)
        monkeypatch.setattr("regbridge.web.parser.FREE_SECONDS", 60.0)
        assert stopped_site.ask("GET").status == 200

    assert [(log["status"], log["remote_address"]) for log in logs] == [(408, "127.0.0.1")]


def test_a_body_that_comes_too_slowly_ends_its_connection_and_stores_nothing(
    stopped_site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    with impatient(stopped_site, monkeypatch), stopped_site.connect() as connection:
        connection.sendall(stopped_site.head("Content-Length: 100") + b"{")
        assert is_closed(connection)

    assert stopped_site.arrivals == []
    assert stopped_site.pipeline.requests == []


def test_a_large_body_has_the_more_time_the_more_of_it_is_there(
    stopped_site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    body = stopped_site.message(padding=100_000)

    with impatient(stopped_site, monkeypatch), stopped_site.connect() as connection:
        connection.sendall(stopped_site.head(f"Content-Length: {len(body)}") + body[:-1])
        # Another request is answered only after the server has looked at this one.
        for _ in range(3):
            stopped_site.connect().close()
        connection.sendall(body[-1:])
        assert read_answer(connection).status == 200


def test_an_idle_connection_is_closed(stopped_site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    with impatient(stopped_site, monkeypatch, idle=0), stopped_site.connect() as connection:
        assert is_closed(connection)


def test_connections_beyond_the_limit_wait_until_others_end(
    stopped_site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("regbridge.web.server._CONNECTIONS", 4)
    monkeypatch.setattr("regbridge.web.server._LOOP_SECONDS", 0.05)

    with stopped_site.running():
        hoarded = [stopped_site.connect() for _ in range(10)]
        with stopped_site.connect() as connection:
            connection.sendall(stopped_site.head("Connection: close", method="GET"))
            connection.settimeout(0.2)
            with pytest.raises(TimeoutError):
                connection.recv(1)
            for each in hoarded:
                each.close()
            connection.settimeout(30)
            assert read_answer(connection).status == 200


@pytest.mark.parametrize(
    "lines",
    [
        "Host: evil.example",
        "Host: x:99999999",
        "Host: [::1",
        "Host: a\r\nHost: b",
        "Host:",
        "X-Nothing: there is no Host",
    ],
)
@pytest.mark.parametrize("target", ["", "http://evil.example", "https://u:p@evil.example:1"])
def test_an_endpoint_is_found_by_its_path_whatever_host_a_request_names(
    site: Site, lines: str, target: str
) -> None:
    request = f"GET {target}{site.path} HTTP/1.1\r\n{lines}\r\nAuthorization: {{}}\r\n\r\n"

    for token, status in (("right-token", 200), ("wrong", 401)):
        answer = site.send_raw(request.format(token).encode())
        assert answer.status == status
        assert b"evil" not in answer.body


@pytest.mark.parametrize(
    "lines",
    [
        "".join(f"X-{number}: {number}\r\n" for number in range(4_000)),
        "X-Forwarded-For: " + "203.0.113.7, " * 4_000 + "\r\n",
        "Authorization: " + "x" * 40_000 + "\r\n",
    ],
    ids=["many lines", "many addresses", "a long token"],
)
def test_a_head_is_limited_however_it_is_made_up(site: Site, lines: str) -> None:
    answer = site.send_raw(f"GET {site.path} HTTP/1.1\r\n{lines}\r\n".encode())

    assert answer.status == 431
    assert answer.headers["Content-Type"] == PROBLEM


@pytest.mark.parametrize(
    ("lines", "status"),
    [
        (("Content-Length: 2", "Content-Length: 20"), 400),
        (("Content-Length: 2, 2",), 400),
        (("Content-Length: 0x2",), 400),
        (("Transfer-Encoding: chunked, identity",), 501),
        (("Transfer-Encoding : chunked",), 400),
    ],
)
def test_a_request_whose_end_is_unclear_is_refused_with_all_that_follows(
    site: Site, lines: tuple[str, ...], status: int
) -> None:
    received = send_all(site, site.head(*lines) + b"2\r\n{}\r\n0\r\n\r\n")

    assert received.split(b" ", 2)[1] == b"%d" % status
    assert received.count(b"HTTP/1.") == 1
    assert site.pipeline.requests == []


def test_a_chunked_body_is_read_by_its_chunks_whatever_length_is_said(site: Site) -> None:
    body = site.message()
    head = site.head("Content-Length: 3", "Transfer-Encoding: chunked")

    received = send_all(site, head + b"%x\r\n%s\r\n0\r\n\r\n" % (len(body), body))

    assert received.count(b"HTTP/1.") == 1
    assert [arrival.body for arrival in site.arrivals] == [body]


def send_all(site: Site, request: bytes) -> bytes:
    """Send bytes and no more; return all that is answered."""
    with site.connect() as connection:
        connection.sendall(request)
        connection.shutdown(socket.SHUT_WR)
        return b"".join(iter(lambda: connection.recv(65536), b""))


@pytest.mark.parametrize(
    "made_up",
    [
        "<script>alert(1)</script>",
        "unknown, _hidden, 999.999.999.999",
        "[::1, ::1]:80, [",
        ", ,, ,",
        "a" * 14_000,
        "10.0.0.1," * 1_500,
        "\xff\xfe\xa0",
    ],
    ids=["markup", "no addresses", "brackets", "commas", "long", "thousands", "bytes"],
)
def test_whatever_is_forged_the_sender_is_who_the_proxy_saw(
    stopped_site: Site, made_up: str
) -> None:
    with stopped_site.running(trusted_proxy=PROXY):
        headers = {"X-Forwarded-For": f"{made_up}, {SENDER}:1", "X-Forwarded-Proto": made_up}
        assert stopped_site.ask("GET", headers=headers).status == 200

    (request,) = stopped_site.pipeline.requests
    assert request.remote_address == SENDER


def test_no_header_of_proxies_goes_on_to_plugins_nor_one_with_underscores(
    stopped_site: Site,
) -> None:
    forged = {
        "Forwarded": "for=6.6.6.6;proto=https;host=evil.example",
        "X-Forwarded-For": "6.6.6.6",
        "X-Forwarded-Host": "evil.example",
        "X-Forwarded-Port": "1",
        "X-Forwarded-Proto": "https",
        "X_Forwarded_For": "6.6.6.6",
        "X_Remote_User": "it",
    }
    for trusted in ((), PROXY):
        with stopped_site.running(trusted_proxy=trusted):
            assert stopped_site.ask("GET", headers=forged).status == 200

    for request in stopped_site.pipeline.requests:
        assert not any("forward" in name or "_" in name for name in request.headers)
        assert "evil" not in str(dict(request.headers))
