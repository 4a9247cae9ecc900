"""A large body is read only once somebody vouches for its request; a stranger's never."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

import pytest
from tests.integration.web.conftest import Answer, read_answer
from waitress import buffers

from regbridge.models import Endpoint, Identity, Request

if TYPE_CHECKING:
    from tests.integration.web.conftest import Site

LARGE = "Content-Length: 150000"
CHUNKED = "Transfer-Encoding: chunked"


def head(site: Site, *lines: str, path: str | None = None, token: str = "wrong") -> bytes:
    start = f"POST {path or site.path} HTTP/1.1"
    return "\r\n".join([start, f"Authorization: {token}", *lines, "", ""]).encode()


def chunks(body: bytes) -> bytes:
    return b"%x\r\n%s\r\n0\r\n\r\n" % (len(body), body)


@pytest.mark.parametrize("body", [LARGE, CHUNKED])
@pytest.mark.parametrize("more", ["X-Nothing: 1", "Expect: 100-continue"])
def test_a_stranger_is_refused_before_it_sends_its_body(site: Site, body: str, more: str) -> None:
    answer = site.send_raw(head(site, body, more))

    assert answer.status == 401
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert answer.headers["WWW-Authenticate"] == "Token"
    assert "Nobody vouches" in answer.json["detail"]
    assert len(site.pipeline.requests) == 1


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/nothing", 404),
        ("/console/login", 413),
        ("//api/v1/status", 413),
        ("/health", 413),
        ("/cvent/broken/CventReg", 503),
    ],
)
def test_so_is_what_goes_nowhere(site: Site, path: str, status: int) -> None:
    answer = site.send_raw(head(site, LARGE, path=path, token="right-token"))

    assert answer.status == status
    assert answer.json["detail"]
    assert (answer.headers["Retry-After"] == "30") is (status == 503)
    assert site.pipeline.requests == []


def test_nothing_of_a_strangers_body_touches_the_disk(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[Any] = []
    temporary = buffers.TempfileBasedBuffer

    def note(*arguments: Any) -> Any:
        made.append(arguments)
        return temporary(*arguments)

    monkeypatch.setattr(buffers, "TempfileBasedBuffer", note)
    body = site.message(padding=150_000)
    for token, status, files in (("wrong", 401, 0), ("right-token", 200, 1)):
        for sent in (
            head(site, f"Content-Length: {len(body)}", token=token) + body,
            head(site, CHUNKED, token=token) + chunks(body),
        ):
            assert site.send_raw(sent).status == status
        assert len(made) == 2 * files


def test_who_waits_to_continue_may_once_somebody_vouches_for_it(site: Site) -> None:
    body = site.message(padding=100_000)
    length = f"Content-Length: {len(body)}"

    with site.connect() as connection:
        connection.sendall(head(site, length, "Expect: 100-continue", token="right-token"))
        assert connection.recv(100) == b"HTTP/1.1 100 Continue\r\n\r\n"
        connection.sendall(body)
        assert read_answer(connection).status == 200

    assert [arrival.body for arrival in site.arrivals] == [body]


def test_several_large_bodies_follow_each_other_in_a_connection(site: Site) -> None:
    body = site.message(padding=100_000)
    large = head(site, f"Content-Length: {len(body)}", token="right-token") + body
    small = head(site, CHUNKED, token="right-token") + chunks(site.message())
    refused = head(site, LARGE)

    with site.connect() as connection:
        connection.sendall(large + small + large + refused)
        received = b""
        while received.count(b"HTTP/1.1 ") < 4:
            received += connection.recv(65536)

    statuses = [part[:3] for part in received.split(b"HTTP/1.1 ")[1:]]
    assert statuses == [b"200", b"200", b"200", b"401"]
    assert len(site.arrivals) == 3


def test_each_request_is_counted_once(site: Site) -> None:
    site.send_raw(head(site, LARGE))
    body = site.message(padding=100_000)
    site.post(body)

    counts = site.admissions.take()
    assert (list(counts.refusals.values()), list(counts.uses.values())) == ([1], [1])


class Slow:
    """Judges a request only when a test lets it."""

    def __init__(self, site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
        self.asked = threading.Event()
        self.may_answer = threading.Event()
        self._judge = site.pipeline.authenticate
        monkeypatch.setattr(site.pipeline, "authenticate", self.authenticate)

    def authenticate(self, request: Request, endpoint: Endpoint) -> Identity:
        if "x-slow" in request.headers:
            self.asked.set()
            assert self.may_answer.wait(30)
        return self._judge(request, endpoint)


def test_while_a_plugin_thinks_about_one_request_others_are_answered(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    slow = Slow(site, monkeypatch)
    with site.connect() as connection:
        connection.sendall(head(site, LARGE, "X-Slow: 1"))
        assert slow.asked.wait(30)
        assert site.post(site.message(padding=100_000)).status == 200
        slow.may_answer.set()
        assert read_answer(connection).status == 401


def test_a_sender_that_goes_while_a_plugin_thinks_is_forgotten(
    stopped_site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    slow = Slow(stopped_site, monkeypatch)
    with stopped_site.running():
        with stopped_site.connect() as connection:
            connection.sendall(head(stopped_site, LARGE, "X-Slow: 1", token="right-token"))
            assert slow.asked.wait(30)
        slow.may_answer.set()
        assert stopped_site.ask("GET").status == 200

    assert stopped_site.arrivals == []


def test_a_server_stops_although_a_plugin_thinks(
    stopped_site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    slow = Slow(stopped_site, monkeypatch)
    server = stopped_site.server(stop_seconds=0.0)
    stopped_site.use(server.start())
    with stopped_site.connect() as connection:
        connection.sendall(head(stopped_site, LARGE, "X-Slow: 1"))
        assert slow.asked.wait(30)
        server.stop()
        slow.may_answer.set()

        assert connection.recv(1) == b""


def test_a_plugin_that_fails_is_answered_without_its_text(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: Any) -> None:
        raise RuntimeError("a secret of the plugin")

    monkeypatch.setattr(site.pipeline, "authenticate", fail)
    body = site.message(padding=100_000)
    answer: Answer = site.post(body)

    assert answer.status == 500
    assert b"secret" not in answer.body
    assert site.ask("GET", "/health").status == 200
