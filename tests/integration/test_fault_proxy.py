"""Each fault of the proxy is what a client meets in a network that fails so."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import requests
import trustme

from regbridge.testing.fault_proxy import PAGE, Fault, FaultProxy, Reply
from regbridge.testing.server import LocalServer

BODY = b'{"here": "' + b"x" * 100 + b'"}'
TIMEOUT = 30


class Service:
    """Answers with `BODY` and remembers what it was sent."""

    def __init__(self) -> None:
        self.seen: list[tuple[str, bytes]] = []

    def __call__(self, environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
        path = f"{environ['REQUEST_METHOD']} {environ['PATH_INFO']}?{environ['QUERY_STRING']}"
        self.seen.append((path, environ["wsgi.input"].read()))
        start("200 OK", [("Content-Type", "application/json"), ("X-Own", "1")])
        return [BODY]


@pytest.fixture
def service() -> Service:
    return Service()


@pytest.fixture
def proxy(service: Service) -> Iterator[FaultProxy]:
    with LocalServer(service) as server, FaultProxy(server.url) as proxy:
        yield proxy


@pytest.fixture
def session() -> Iterator[requests.Session]:
    with requests.Session() as session:
        session.trust_env = False
        yield session


def connect(proxy: FaultProxy) -> socket.socket:
    port = urlsplit(proxy.url).port
    return socket.create_connection(("127.0.0.1", port or 0), timeout=TIMEOUT)


def ask(connection: socket.socket) -> None:
    connection.sendall(b"POST /a HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n\r\n{}")


def answer_of(connection: socket.socket) -> bytes:
    return b"".join(iter(lambda: connection.recv(65536), b""))


def test_a_request_and_its_answer_pass_whole(
    proxy: FaultProxy, session: requests.Session, service: Service
) -> None:
    body = b"\r\n\r\n" + bytes(range(256)) * 4096

    answer = session.post(f"{proxy.url}/a/b?c=d", body, timeout=TIMEOUT)

    assert (answer.status_code, answer.content, answer.headers["X-Own"]) == (200, BODY, "1")
    assert service.seen == [("POST /a/b?c=d", body)]
    assert (proxy.seen, proxy.passed_on, proxy.calls) == (["POST /a/b?c=d"], 1, 1)
    assert not proxy.did


def test_refused_means_that_nobody_listens_until_it_is_healed(
    proxy: FaultProxy, session: requests.Session
) -> None:
    for _ in range(2):
        proxy.fail(Fault.REFUSED)
        with pytest.raises(ConnectionRefusedError):
            connect(proxy)

        proxy.heal()
        assert session.get(proxy.url, timeout=TIMEOUT).content == BODY


def test_a_reset_before_keeps_the_request_from_the_service(
    proxy: FaultProxy, service: Service
) -> None:
    proxy.fail(Fault.RESET_BEFORE)

    with connect(proxy) as connection, pytest.raises(ConnectionResetError):
        ask(connection)
        connection.recv(1)

    assert (service.seen, proxy.passed_on, proxy.calls) == ([], 0, 1)


def test_a_reset_after_loses_the_answer_alone(proxy: FaultProxy, service: Service) -> None:
    proxy.fail(Fault.RESET_AFTER)

    with connect(proxy) as connection, pytest.raises(ConnectionResetError):
        ask(connection)
        connection.recv(1)

    assert service.seen == [("POST /a?", b"{}")]
    assert (proxy.passed_on, proxy.calls) == (1, 1)


def test_silence_is_no_answer_and_no_end(
    proxy: FaultProxy, session: requests.Session, service: Service
) -> None:
    proxy.fail(Fault.SILENT)

    with pytest.raises(requests.ReadTimeout):
        session.post(proxy.url, b"x", timeout=(TIMEOUT, 0.1))

    assert service.seen == []
    assert proxy.did == {Fault.SILENT: 1}


def test_a_drip_is_the_whole_answer(service: Service) -> None:
    with LocalServer(service) as server, FaultProxy(server.url, drip_seconds=0) as proxy:
        proxy.fail(Fault.DRIP)
        with connect(proxy) as connection:
            ask(connection)
            answer = answer_of(connection)

    assert answer.startswith(b"HTTP/1.1 200 OK\r\n")
    assert answer.endswith(BODY)


def test_a_drip_comes_byte_by_byte(service: Service) -> None:
    with LocalServer(service) as server, FaultProxy(server.url, drip_seconds=TIMEOUT) as proxy:
        proxy.fail(Fault.DRIP)
        with connect(proxy) as connection:
            ask(connection)
            assert connection.recv(65536) == b"H"


def test_half_an_answer_ends_in_the_middle_of_the_body(proxy: FaultProxy) -> None:
    proxy.fail(Fault.HALF)

    with connect(proxy) as connection:
        ask(connection)
        answer = answer_of(connection)

    assert answer.endswith(b"\r\n\r\n" + BODY[: len(BODY) // 2])
    assert f"Content-Length: {len(BODY)}".encode() in answer


@pytest.mark.parametrize(
    "reply",
    [
        Reply(429, '{"error": {}}', "application/json", retry_after=7),
        Reply(500, "broken", "text/plain"),
        PAGE,
    ],
    ids=lambda reply: str(reply.status),
)
def test_a_reply_is_the_proxys_own(
    proxy: FaultProxy, session: requests.Session, service: Service, reply: Reply
) -> None:
    proxy.fail(reply)

    answer = session.post(f"{proxy.url}/a", b"x" * 300_000, timeout=TIMEOUT)

    assert (answer.status_code, answer.text) == (reply.status, reply.body)
    assert answer.headers["Content-Type"] == reply.content_type
    asked = None if reply.retry_after is None else str(reply.retry_after)
    assert answer.headers.get("Retry-After") == asked
    assert (service.seen, proxy.seen, proxy.did) == ([], ["POST /a"], {reply: 1})


def test_faults_come_in_the_order_and_number_that_was_asked_for(
    proxy: FaultProxy, session: requests.Session
) -> None:
    proxy.fail(Reply(429), times=2)
    proxy.let_pass(2)
    proxy.fail(Reply(500), times=1)

    found = [session.get(proxy.url, timeout=TIMEOUT).status_code for _ in range(6)]

    assert found == [429, 429, 200, 200, 500, 200]
    assert (proxy.did, proxy.passed_on) == ({Reply(429): 2, Reply(500): 1}, 3)


def test_a_fault_without_a_number_lasts_until_it_is_healed(
    proxy: FaultProxy, session: requests.Session
) -> None:
    proxy.fail(Reply(500))
    assert [session.get(proxy.url, timeout=TIMEOUT).status_code for _ in range(3)] == [500] * 3

    proxy.heal()
    assert session.get(proxy.url, timeout=TIMEOUT).status_code == 200


@pytest.fixture
def authority() -> trustme.CA:
    return trustme.CA()


def context_of(authority: trustme.CA) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    return context


def test_an_untrusted_certificate_is_shown_and_then_the_right_one_again(
    service: Service, session: requests.Session, authority: trustme.CA, tmp_path: Path
) -> None:
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    session.verify = str(tmp_path / "ca.pem")
    own, stranger = context_of(authority), context_of(trustme.CA())
    with (
        LocalServer(service) as server,
        FaultProxy(server.url, tls=own, untrusted=stranger) as proxy,
    ):
        proxy.fail(Fault.UNTRUSTED, times=1)
        with pytest.raises(requests.exceptions.SSLError, match="CERTIFICATE_VERIFY_FAILED"):
            session.get(proxy.url, timeout=TIMEOUT)
        assert service.seen == []

        assert session.get(proxy.url, timeout=TIMEOUT).content == BODY
        proxy.fail(Fault.RESET_AFTER, times=1)
        with pytest.raises(requests.ConnectionError):
            session.get(proxy.url, timeout=TIMEOUT)


def test_what_cannot_be_done_is_refused(proxy: FaultProxy) -> None:
    with pytest.raises(ValueError, match="UNTRUSTED needs"):
        proxy.fail(Fault.UNTRUSTED)
    with pytest.raises(ValueError, match="cannot be counted"):
        proxy.fail(Fault.REFUSED, times=2)


def test_closing_ends_every_connection_and_leaves_no_thread(service: Service) -> None:
    before = set(threading.enumerate())
    with LocalServer(service) as server:
        around = set(threading.enumerate())
        proxy = FaultProxy(server.url, drip_seconds=TIMEOUT)
        proxy.fail(Fault.SILENT, times=1)
        proxy.fail(Fault.DRIP)
        silent, idle, dripping = connect(proxy), connect(proxy), connect(proxy)
        ask(silent)
        while not proxy.did[Fault.SILENT]:
            assert threading.Event().wait(0.01) is False
        ask(dripping)
        assert dripping.recv(1) == b"H"

        proxy.close()

        assert set(threading.enumerate()) <= around
        for connection in (silent, dripping, idle):
            with connection:
                assert connection.recv(1) == b""
        with pytest.raises(ConnectionRefusedError):
            connect(proxy)
    assert set(threading.enumerate()) <= before
