"""`regbridge.http` calls services over real sockets and tells apart how a call can fail."""

from __future__ import annotations

import gzip
import select
import socket
import ssl
import threading
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import trustme
from hypothesis import given
from hypothesis import strategies as st
from structlog.testing import capture_logs

from regbridge import AmbiguousError, CredentialsError, RetryableError
from regbridge.correlation import working_on
from regbridge.http import Answer, Outbound, Tracing, repeatable, seconds_to_wait
from regbridge.testing.fault_proxy import Fault, FaultProxy
from regbridge.testing.server import DROP, LocalServer

NOW = datetime(2027, 3, 4, 12, 0, tzinfo=UTC)


class Service:
    """Answers what it is told to and remembers the requests."""

    def __init__(self) -> None:
        self.status = "200 OK"
        self.headers: list[tuple[str, str]] = []
        self.content = b'{"here": true}'
        self.drop = False
        self.seen: list[dict[str, Any]] = []

    def __call__(self, environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
        self.seen.append(environ)
        if self.drop:
            environ[DROP]()
        start(self.status, self.headers)
        return [self.content]


@pytest.fixture
def service() -> Service:
    return Service()


@pytest.fixture
def url(service: Service) -> Iterator[str]:
    with LocalServer(service) as server:
        yield server.url


@pytest.fixture
def outbound(url: str) -> Iterator[Outbound]:
    outbound = Outbound("Vendor", url, connect_seconds=5, answer_seconds=5)
    yield outbound
    outbound.close()


def raw_server(
    answer: bytes, *, wait: threading.Event | None = None, later: bytes = b""
) -> tuple[str, socket.socket]:
    """Return the URL of a server that writes bytes as they are to its first connection.

    What is to come `later` comes after three seconds, unless the client has gone.
    """
    listening = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        connection, _ = listening.accept()
        with connection:
            connection.recv(65536)
            connection.sendall(answer)
            if wait:
                wait.wait(30)
            if later and not select.select([connection], [], [], 3)[0]:
                connection.sendall(later)

    threading.Thread(target=serve, daemon=True).start()
    return f"http://127.0.0.1:{listening.getsockname()[1]}/", listening


def test_an_answer_has_status_headers_and_body(outbound: Outbound, url: str) -> None:
    answer = outbound.send("POST", url, headers={"X-Sent": "1"}, body="text", params={"a": "b c"})

    assert (answer.status, answer.json()) == (200, {"here": True})
    assert answer.headers["content-length"] == answer.headers["Content-Length"] == "14"


def test_what_is_sent_arrives(outbound: Outbound, service: Service, url: str) -> None:
    outbound.send("POST", url, headers={"X-Sent": "1"}, body="ü", params={"a": "b c"})

    seen = service.seen[0]
    assert seen["REQUEST_METHOD"] == "POST"
    assert seen["QUERY_STRING"] == "a=b+c"
    assert seen["HTTP_X_SENT"] == "1"
    assert seen["CONTENT_LENGTH"] == "2"


@pytest.mark.parametrize("status", ["400 Bad Request", "404 Not Found", "503 Busy"])
def test_every_status_is_an_answer(
    outbound: Outbound, service: Service, url: str, status: str
) -> None:
    service.status = status

    assert outbound.send("GET", url).status == int(status[:3])


def test_a_redirect_is_not_followed(outbound: Outbound, service: Service, url: str) -> None:
    service.status, service.headers = "302 Found", [("Location", "https://elsewhere.example/")]

    assert outbound.send("GET", url, headers={"Authorization": "Bearer x"}).status == 302


def test_cookies_are_not_kept(outbound: Outbound, service: Service, url: str) -> None:
    service.headers = [("Set-Cookie", "ARRAffinity=one; Path=/")]

    outbound.send("GET", url)
    outbound.send("GET", url)

    assert "HTTP_COOKIE" not in service.seen[1]


def test_a_netrc_does_not_replace_the_authorization(
    outbound: Outbound, service: Service, url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login a password b", encoding="utf-8")
    monkeypatch.setenv("NETRC", str(netrc))

    outbound.send("GET", url, headers={"Authorization": "Bearer mine"})

    assert service.seen[0]["HTTP_AUTHORIZATION"] == "Bearer mine"


def test_without_keep_alive_the_service_is_told_so(service: Service, url: str) -> None:
    Outbound("Vendor", url, keep_alive=False).send("GET", url)

    assert service.seen[0]["HTTP_CONNECTION"] == "close"


def test_a_refused_connection_is_surely_not_sent() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]

    with pytest.raises(RetryableError, match=r"Vendor: no connection to 127\.0\.0\.1"):
        Outbound("Vendor", "http://127.0.0.1").send("GET", f"http://127.0.0.1:{port}/?secret=s")


def test_a_host_that_does_not_exist_is_surely_not_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(*_: object) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "unknown")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    with pytest.raises(RetryableError, match=r"no connection to nowhere\.invalid"):
        Outbound("Vendor", "http://127.0.0.1").send("GET", "http://nowhere.invalid/")


def test_a_connection_that_ends_without_an_answer_may_have_arrived(
    outbound: Outbound, service: Service, url: str
) -> None:
    service.drop = True

    with pytest.raises(AmbiguousError, match=r"the answer of 127\.0\.0\.1 was lost"):
        outbound.send("POST", url, body=b"x")


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 3\r\n\r\nabc",
        b"nonsense\r\n\r\n",
    ],
)
def test_half_an_answer_may_have_arrived(answer: bytes) -> None:
    url, listening = raw_server(answer)
    with listening, pytest.raises(AmbiguousError):
        Outbound("Vendor", url).send("GET", url)


def test_an_answer_that_does_not_come_may_have_arrived() -> None:
    done = threading.Event()
    url, listening = raw_server(b"", wait=done)
    with listening, pytest.raises(AmbiguousError, match="lost"):
        Outbound("Vendor", url, answer_seconds=0.05).send("GET", url)
    done.set()


def test_an_answer_that_drips_is_given_up(service: Service, url: str) -> None:
    service.content = b"x" * 200_000
    ticks = iter(range(0, 1000, 20))

    with pytest.raises(AmbiguousError, match="more than 30 seconds"):
        Outbound("Vendor", url, longest_seconds=30, clock=lambda: float(next(ticks))).send(
            "GET", url
        )


@pytest.mark.parametrize(
    "first", [b"", b"HTTP/1.1 2", b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nx"]
)
def test_no_wait_is_longer_than_the_whole_call_may_take(first: bytes) -> None:
    """The rest comes so late that the call has ended, though each wait may be longer."""
    whole = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nxy"
    url, listening = raw_server(first, later=whole.removeprefix(first))
    with listening, pytest.raises(AmbiguousError, match=r"took more than 0\.2 seconds"):
        Outbound("Vendor", url, answer_seconds=60, longest_seconds=0.2).send("GET", url)


@pytest.fixture
def behind_a_proxy(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Let calls to other machines go through a proxy."""

    def behind(url: str) -> None:
        for name in ("HTTP_PROXY", "HTTPS_PROXY"):
            monkeypatch.setenv(name, url)
            monkeypatch.setenv(name.lower(), url)
        monkeypatch.setenv("NO_PROXY", "")
        monkeypatch.setenv("no_proxy", "")

    return behind


@pytest.mark.parametrize("first", [b"", b"HTTP/1.1 2"])
def test_a_proxy_cannot_make_a_call_longer(
    behind_a_proxy: Callable[[str], None], first: bytes
) -> None:
    url, listening = raw_server(first, later=b"HTTP/1.1 200 OK\r\n\r\n".removeprefix(first))
    behind_a_proxy(url)
    service = "http://service.invalid/"
    with listening, pytest.raises(AmbiguousError, match=r"took more than 0\.2 seconds"):
        Outbound("Vendor", service, answer_seconds=60, longest_seconds=0.2).send("GET", service)


@pytest.mark.parametrize(
    "answer", [b"", b"HTTP/1.1 503 Busy\r\n\r\n", b"HTTP/1.1 200 OK\r\n\r\n", b"nonsense\r\n\r\n"]
)
def test_a_proxy_that_makes_no_secure_way_to_the_service_is_surely_not_sent(
    behind_a_proxy: Callable[[str], None], answer: bytes
) -> None:
    url, listening = raw_server(answer)
    behind_a_proxy(url)
    service = "https://service.invalid/"
    with listening, pytest.raises(RetryableError, match=r"no connection to service\.invalid"):
        Outbound("Vendor", service, connect_seconds=5).send("POST", service, body="x")


def test_an_answer_that_drips_from_its_first_byte_on_is_given_up(url: str) -> None:
    with FaultProxy(url, drip_seconds=0.05) as proxy:
        proxy.fail(Fault.DRIP)
        with pytest.raises(AmbiguousError, match=r"took more than 0\.2 seconds"):
            Outbound("Vendor", url, longest_seconds=0.2).send("GET", proxy.url)


def test_after_a_call_the_next_one_has_its_own_time(url: str) -> None:
    outbound = Outbound("Vendor", url, answer_seconds=0.5, longest_seconds=0.4)
    for _ in range(2):
        assert outbound.send("GET", url).status == 200
    with FaultProxy(url) as proxy:
        proxy.fail(Fault.SILENT)
        with pytest.raises(AmbiguousError, match="took more than"):
            outbound.send("GET", proxy.url)
    assert outbound.send("GET", url).status == 200


def test_an_answer_may_not_be_larger_than_allowed(service: Service, url: str) -> None:
    outbound = Outbound("Vendor", url, largest=1000)
    service.content = b"x" * 1000
    assert len(outbound.send("GET", url).body) == 1000

    service.content = b"x" * 1001
    with pytest.raises(AmbiguousError, match="more than 1,000 bytes"):
        outbound.send("GET", url)


def test_the_size_that_counts_is_that_of_the_inflated_answer(service: Service, url: str) -> None:
    service.headers = [("Content-Encoding", "gzip")]
    service.content = gzip.compress(b"x" * 5_000_000)
    assert len(service.content) < 10_000

    with pytest.raises(AmbiguousError, match="more than 1,000,000 bytes"):
        Outbound("Vendor", url, largest=1_000_000).send("GET", url)


def test_a_certificate_that_nobody_vouches_for_is_refused_with_the_remedy() -> None:
    with tls_server(trustme.CA()) as url, pytest.raises(RetryableError, match="REQUESTS_CA_BUNDLE"):
        Outbound("Vendor", url).send("GET", url)


@pytest.mark.parametrize("fault", [Fault.RESET_BEFORE, Fault.SILENT])
def test_a_connection_that_fails_while_it_is_secured_is_surely_not_sent(
    url: str, fault: Fault
) -> None:
    with FaultProxy(url) as proxy:  # it does not speak TLS: it fails at the first words of it
        proxy.fail(fault)
        secure = proxy.url.replace("http:", "https:")
        with pytest.raises(RetryableError, match=r"no connection to 127\.0\.0\.1"):
            Outbound("Vendor", secure, connect_seconds=0.1).send("POST", secure, body="x")


def test_a_service_without_tls_is_not_said_to_have_a_bad_certificate() -> None:
    url, listening = raw_server(b"HTTP/1.1 400 Bad Request\r\n\r\n")
    secure = url.replace("http:", "https:")
    with listening, pytest.raises(RetryableError, match=r"no connection to .* \(SSLError\)"):
        Outbound("Vendor", secure).send("GET", secure)


def test_tls_that_breaks_after_the_request_may_have_arrived(tmp_path: Path) -> None:
    authority = trustme.CA()
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))

    with (
        tls_server(authority, breaks=True) as url,
        pytest.raises(AmbiguousError, match="the answer of localhost was lost"),
    ):
        Outbound("Vendor", url, ca_file=str(tmp_path / "ca.pem")).send("POST", url, body="x")


def test_a_certificate_of_a_named_authority_is_trusted(tmp_path: Path) -> None:
    authority = trustme.CA()
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))

    with tls_server(authority) as url:
        answer = Outbound("Vendor", url, ca_file=str(tmp_path / "ca.pem")).send("GET", url)

    assert answer.status == 204


def test_a_service_is_reached_without_being_asked(
    outbound: Outbound, service: Service, url: str
) -> None:
    outbound.reach(f"{url}/hooks?sig=secret")
    assert service.seen == []


def test_a_service_is_reached_with_tls(tmp_path: Path) -> None:
    authority = trustme.CA()
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))

    with tls_server(authority) as url:
        Outbound("Vendor", url, ca_file=str(tmp_path / "ca.pem")).reach(url)
    with tls_server(authority) as url, pytest.raises(RetryableError, match="REQUESTS_CA_BUNDLE"):
        Outbound("Vendor", url).reach(url)


def test_a_service_that_cannot_be_reached_is_named_without_its_path() -> None:
    with FaultProxy("http://127.0.0.1:1") as proxy:
        proxy.fail(Fault.REFUSED)
        for url in (proxy.url, proxy.url.replace("http:", "https:")):
            with pytest.raises(RetryableError, match=r"no connection to 127\.0\.0\.1") as caught:
                Outbound("Vendor", url).reach(f"{url}/hooks?sig=secret")
            assert "secret" not in str(caught.value) + caught.value.detail


@pytest.mark.parametrize("answer", [b"HTTP/1.1 403 Forbidden\r\n\r\n", b"what?\r\n\r\n"])
def test_a_proxy_that_makes_no_secure_way_leaves_a_service_unreached(
    behind_a_proxy: Callable[[str], None], answer: bytes
) -> None:
    url, listening = raw_server(answer)
    behind_a_proxy(url)
    service = "https://service.invalid/"
    with listening, pytest.raises(RetryableError, match=r"no connection to service\.invalid"):
        Outbound("Vendor", service, connect_seconds=5).reach(service)


class tls_server:  # noqa: N801 - used like a function
    """A server with a certificate of an authority, for one connection.

    If it `breaks`, it answers as if there were no TLS.
    """

    def __init__(self, authority: trustme.CA, *, breaks: bool = False) -> None:
        self._breaks = breaks
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        authority.issue_cert("localhost").configure_cert(self._context)

    def __enter__(self) -> str:
        self._listening = socket.create_server(("127.0.0.1", 0))
        threading.Thread(target=self._serve, daemon=True).start()
        return f"https://localhost:{self._listening.getsockname()[1]}/"

    def _serve(self) -> None:
        connection, _ = self._listening.accept()
        try:
            plain = connection.dup()
            with plain, self._context.wrap_socket(connection, server_side=True) as secure:
                secure.recv(65536)
                answering = plain if self._breaks else secure
                answering.sendall(b"HTTP/1.1 204 No Content\r\n\r\n")
        except OSError:
            connection.close()

    def __exit__(self, *_: object) -> None:
        self._listening.close()


def test_an_error_holds_neither_query_nor_body(
    outbound: Outbound, service: Service, url: str
) -> None:
    service.drop = True

    with pytest.raises(AmbiguousError) as caught:
        outbound.send("POST", f"{url}/?email=ada@example.org", body="Ada Lovelace")

    assert not any(word in str(caught.value) + caught.value.detail for word in ("ada@", "Ada"))


def test_an_answer_that_is_no_json_says_what_it_is() -> None:
    page = Answer(502, {"Content-Type": "text/html; charset=utf-8"}, b"<html>")

    with pytest.raises(RetryableError, match=r"\(502, text/html\) is not JSON"):
        page.json()


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("17", 17.0),
        (" 0 ", 0.0),
        ("Thu, 04 Mar 2027 12:01:30 GMT", 90.0),
        ("Thu, 04 Mar 2027 11:00:00 GMT", 0.0),
        ("soon", None),
        ("", None),
        ("-5", None),
        ("1.5", None),
    ],
)
def test_retry_after_is_seconds_or_a_date(header: str, seconds: float | None) -> None:
    assert seconds_to_wait({"Retry-After": header}, NOW) == seconds


@given(st.text())
def test_no_retry_after_is_an_error(header: str) -> None:
    assert (seconds_to_wait({"Retry-After": header}, NOW) or 0) >= 0


def test_a_call_leaves_a_line_without_query_header_body_or_path(
    service: Service, url: str, outbound: Outbound
) -> None:
    with capture_logs() as logs:
        outbound.send(
            "POST",
            f"{url}/secret-of-a-hook/members",
            headers={"Authorization": "Bearer hunter2"},
            params={"email": "ada@example.org"},
            body='{"name": "Ada"}',
        )

    [line] = logs
    assert (line["event"], line["log_level"], line["status"]) == ("call answered", "info", 200)
    assert (line["service"], line["method"], line["host"]) == ("Vendor", "POST", "127.0.0.1")
    assert line["ms"] >= 0
    for secret in ("secret-of-a-hook", "hunter2", "ada", "Ada"):
        assert secret not in str(line)


def test_a_call_that_fails_leaves_a_warning_with_the_cause(
    service: Service, url: str, outbound: Outbound
) -> None:
    service.drop = True
    with capture_logs() as logs, pytest.raises(AmbiguousError):
        outbound.send("POST", f"{url}/path")

    [line] = logs
    assert (line["event"], line["log_level"]) == ("call failed", "warning")
    assert "the answer of 127.0.0.1 was lost" in line["error"]


def test_the_words_of_a_path_are_shown_where_that_is_asked_for(service: Service, url: str) -> None:
    outbound = Outbound("Vendor", url, shows_path=True)
    with capture_logs() as logs:
        outbound.send("GET", f"{url}/api/contacts(email='ada@example.org')")
    outbound.close()

    assert logs[0]["path"] == "/api/contacts(…)"


def test_the_service_is_told_the_ids_of_the_call_and_of_the_batch(
    service: Service, url: str
) -> None:
    tracing = Tracing("x-call", "x-batch", "x-their-call")
    service.headers = [("x-their-call", "theirs-1")]
    outbound = Outbound("Vendor", url, tracing=tracing)
    with capture_logs() as logs:
        with working_on("6d1f-batch", [12]):
            outbound.send("GET", url)
        outbound.send("GET", url)
    outbound.close()

    first, second = service.seen
    assert first["HTTP_X_BATCH"] == "6d1f-batch"
    assert "HTTP_X_BATCH" not in second
    assert [line["call"] for line in logs] == [each["HTTP_X_CALL"] for each in service.seen]
    assert first["HTTP_X_CALL"] != second["HTTP_X_CALL"]
    assert logs[0]["their_call"] == "theirs-1"


def test_a_service_that_takes_no_ids_gets_none(service: Service, url: str) -> None:
    outbound = Outbound("Vendor", url)
    with working_on("6d1f-batch", [12]):
        outbound.send("GET", url)
    outbound.close()

    assert "6d1f-batch" not in str(service.seen)


def test_a_lost_answer_of_a_call_that_changes_nothing_may_be_asked_for_again() -> None:
    with pytest.raises(RetryableError, match="no answer") as raised, repeatable():
        raise AmbiguousError("no answer", detail="of host")
    assert raised.value.detail == "of host"
    with pytest.raises(CredentialsError), repeatable():
        raise CredentialsError("not in")
