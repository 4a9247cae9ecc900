"""Who comes from an address that allow_from does not name is refused by the head alone."""

from __future__ import annotations

import functools
import socket
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any, cast

import falcon
import falcon.testing
import pytest
from hypothesis import given
from hypothesis import strategies as st
from structlog.testing import capture_logs
from tests.integration.web.conftest import read_answer
from waitress.adjustments import Adjustments
from waitress.parser import HTTPRequestParser, ParsingError

from regbridge.addresses import Network, network_of
from regbridge.admissions import Admissions, Cause, Refusal
from regbridge.web.console.desk import ROOT
from regbridge.web.fence import Fence, Head

if TYPE_CHECKING:
    from tests.integration.web.conftest import Answer, Site

CVENTS = "203.0.113.0/24"
OFFICE = "198.51.100.7"
PROXY = (network_of("127.0.0.1"),)
OUTSIDE = "192.0.2.66"


def networks(*texts: str) -> tuple[Network, ...]:
    return tuple(network_of(text) for text in texts)


class Fenced:
    """A site behind a proxy, whose endpoint is for Cvent and whose console is for the office."""

    def __init__(self, site: Site) -> None:
        self.site = site
        self.admissions = Admissions()
        self.own: dict[str, Sequence[Network] | None] = {
            "console": networks(OFFICE),
            "api": networks(OFFICE),
            "health": None,
        }

    def fence(self) -> Fence:
        return Fence(cast("Any", self.site.clients), self.admissions, networks(CVENTS), self.own)

    @contextmanager
    def running(self) -> Iterator[None]:
        with self.site.running(trusted_proxy=PROXY, fence=self.fence()):
            yield

    def ask(self, address: str, path: str | None = None, **options: Any) -> Answer:
        headers = {"X-Forwarded-For": address, **options.pop("headers", {})}
        return self.site.ask(options.pop("method", "GET"), path, headers=headers, **options)


@pytest.fixture
def fenced(stopped_site: Site) -> Iterator[Fenced]:
    fenced = Fenced(stopped_site)
    with fenced.running():
        yield fenced


def test_an_endpoint_lets_in_the_networks_that_are_named_and_nobody_else(fenced: Fenced) -> None:
    assert fenced.ask("203.0.113.7").status == 200
    answer = fenced.ask(OUTSIDE)

    assert answer.status == 403
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert OUTSIDE in answer.json["detail"]
    assert "allow_from" in answer.json["detail"]
    assert fenced.ask("unknown").status == 403


def test_an_endpoints_own_list_takes_the_place_of_the_hosts(stopped_site: Site) -> None:
    endpoint = stopped_site.clients.endpoint
    stopped_site.clients.endpoint = replace(endpoint, allow_from=networks(OFFICE, "2001:db8::/32"))
    fenced = Fenced(stopped_site)

    with fenced.running():
        addresses = ("203.0.113.7", OFFICE, "2001:db8::9")
        statuses = [fenced.ask(address).status for address in addresses]

    assert statuses == [403, 200, 200]


def test_each_part_of_the_host_has_its_own_list_and_health_has_none(fenced: Fenced) -> None:
    def statuses(address: str) -> list[int]:
        paths = ("/console", "/console/login", "/api/v1/status", "/health", "/nothing")
        return [fenced.ask(address, path).status for path in paths]

    assert statuses(OFFICE) == [404, 404, 404, 200, 403]  # there is no console here
    assert statuses("203.0.113.7") == [403, 403, 403, 200, 404]
    assert statuses(OUTSIDE) == [403, 403, 403, 200, 403]


def test_a_body_is_refused_before_it_is_sent(fenced: Fenced) -> None:
    site = fenced.site
    lines = ("Content-Length: 100000", "Expect: 100-continue", f"X-Forwarded-For: {OUTSIDE}")

    with site.connect() as connection:
        connection.sendall(site.head(*lines))
        answer = read_answer(connection)

    assert answer.status == 403
    assert answer.headers["Connection"] == "close"
    assert site.pipeline.requests == []


def test_a_chunked_body_that_is_sent_all_the_same_is_forgotten(fenced: Fenced) -> None:
    site = fenced.site
    smuggled = site.head("Content-Length: 0", "X-Forwarded-For: 203.0.113.7") * 2_000
    chunk = b"%x\r\n%s\r\n0\r\n\r\n" % (len(smuggled), smuggled)

    with site.connect() as connection:
        head = site.head("Transfer-Encoding: chunked", f"X-Forwarded-For: {OUTSIDE}")
        connection.sendall(head + chunk)
        answer = read_answer(connection)

    assert answer.status == 403
    assert site.pipeline.requests == []
    assert site.arrivals == []


def test_what_the_sender_writes_into_the_header_lets_it_in_nowhere(fenced: Fenced) -> None:
    for made_up in ("203.0.113.7", "203.0.113.7, 203.0.113.8", '"[::ffff:203.0.113.7]"', "," * 50):
        assert fenced.ask(f"{made_up}, {OUTSIDE}").status == 403


def test_a_refused_address_is_logged_once_in_a_minute(fenced: Fenced) -> None:
    with capture_logs() as logs:
        for _ in range(20):
            fenced.ask(OUTSIDE)
        fenced.ask("192.0.2.67")

    assert [(log["status"], log["remote_address"]) for log in logs] == [
        (403, OUTSIDE),
        (403, "192.0.2.67"),
    ]


def test_who_is_refused_is_counted_and_a_right_token_or_cvents_name_stands_out(
    fenced: Fenced,
) -> None:
    def refusals(**options: Any) -> dict[Refusal, int]:
        fenced.ask(OUTSIDE, **options)
        return dict(fenced.admissions.take().refusals)

    def refusal(by_cvent: bool, client: str = "apap", endpoint: str = "CventReg") -> Refusal:
        return Refusal(client, endpoint, Cause.ADDRESS, OUTSIDE, by_cvent)

    agent = {"User-Agent": "Cvent-Webhooks"}
    assert refusals(token="wrong") == {refusal(False): 1}
    assert refusals(token="right-token") == {refusal(True): 1}
    assert refusals(token="wrong", headers=agent) == {refusal(True): 1}
    assert refusals(path=f"{fenced.site.path}/InviteeOrGuestAccepted/x") == {refusal(True): 1}
    assert refusals(path="/console") == {refusal(False, "", "/console"): 1}
    assert refusals(path="/nothing") == {refusal(False, "", "no endpoint"): 1}


def test_a_request_that_follows_in_the_connection_of_a_refused_one_is_not_answered(
    fenced: Fenced,
) -> None:
    site = fenced.site
    refused = site.head(f"X-Forwarded-For: {OUTSIDE}", method="GET")
    allowed = site.head("X-Forwarded-For: 203.0.113.7", method="GET")
    with site.connect() as connection:
        connection.sendall(refused + allowed)
        connection.shutdown(socket.SHUT_WR)
        received = b"".join(iter(lambda: connection.recv(65536), b""))

    assert received.startswith(b"HTTP/1.1 403 ")
    assert received.count(b"HTTP/1.1") == 1


SPELLINGS = st.lists(
    st.sampled_from(["/", "console", "%63onsole", "%2Fconsole", "CONSOLE", "api", "v1", "..", "."])
    | st.text(st.characters(min_codepoint=33, max_codepoint=126), max_size=4),
    max_size=6,
)


@given(SPELLINGS, st.sampled_from(["", "/", "//", "http://x/", "http://x//"]))
def test_however_a_path_is_written_a_stranger_reaches_no_page_of_the_console(
    parts: list[str], start: str
) -> None:
    adjustments = Adjustments()
    parser: Any = HTTPRequestParser(adjustments)
    try:
        parser.parse_header(f"GET {start}{'/'.join(parts)} HTTP/1.1\r\n".encode("latin-1"))
    except (ParsingError, ValueError):
        return  # no request at all
    fence = Fence(cast("Any", _Nobody()), Admissions(), None, {"console": networks(OFFICE)})

    refusal = fence.refusal(Head(parser.path, parser.request_uri, OUTSIDE))

    assert refusal or not reaches_console(parser.path)


def reaches_console(path: str) -> bool:
    """Say whether the application answers a path, as waitress hands it over, with a page."""
    reached: list[str] = []
    environment = falcon.testing.create_environ(path="/")
    environment["PATH_INFO"] = "/" + path.lstrip("/") if path.startswith("/") else path
    environment["reached"] = reached
    application()(environment, falcon.testing.StartResponseMock())
    return bool(reached)


@functools.cache
def application() -> Any:
    """Return an application with routes like the console's."""

    def reach(req: falcon.Request, *_: Any, **__: Any) -> None:
        req.env["reached"].append("the console")

    page = type("Page", (), {"on_get": lambda _self, req, *_, **__: reach(req)})()
    app = falcon.App()
    app.req_options.strip_url_path_trailing_slash = True
    app.add_sink(lambda *_, **__: None)
    app.add_route(ROOT, page)
    app.add_route(f"{ROOT}/login", page)
    app.add_sink(reach, prefix=ROOT + "(/|$)")
    return app


def test_the_console_is_reached_by_more_spellings_than_one() -> None:
    assert [
        reaches_console(path) for path in ("/console", "//console/", "console/login", "/x")
    ] == [
        True,
        True,
        True,
        False,
    ]


class _Nobody:
    def find(self, _path: str) -> None:
        return None
