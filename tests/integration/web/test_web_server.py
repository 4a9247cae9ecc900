"""Starting the server, stopping it, and the proxy in front of it."""

from __future__ import annotations

import http.client
import socket
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest

from regbridge.addresses import network_of

if TYPE_CHECKING:
    from tests.integration.web.conftest import Site


def in_thread(function: Callable[[], Any]) -> tuple[threading.Thread, list[Any]]:
    results: list[Any] = []
    thread = threading.Thread(target=lambda: results.append(function()))
    thread.start()
    return thread, results


def wait_until_no_connection_is_taken(site: Site) -> None:
    while True:
        try:
            site.connect().close()
        except OSError:
            return


def test_start_returns_the_url_of_a_free_port(stopped_site: Site) -> None:
    with stopped_site.running() as url:
        assert url == f"http://127.0.0.1:{stopped_site.address[1]}"
        assert stopped_site.ask("GET").status == 200


def test_an_ipv6_address_gets_brackets(stopped_site: Site) -> None:
    try:
        socket.create_server(("::1", 0), family=socket.AF_INET6).close()
    except OSError:
        pytest.skip("no IPv6 here")

    with stopped_site.running(address="::1") as url:
        assert url.startswith("http://[::1]:")
        assert stopped_site.ask("GET").status == 200


def test_a_port_that_is_taken_is_said_so(site: Site, stopped_site: Site) -> None:
    port = site.address[1]

    with pytest.raises(OSError, match=f"cannot listen on 127.0.0.1 port {port}.*base.yaml"):
        stopped_site.server(port=port).start()


def test_an_address_that_is_not_ours_is_said_so(stopped_site: Site) -> None:
    with pytest.raises(OSError, match=r"cannot listen on 192\.0\.2\.1 port 0"):
        stopped_site.server(address="192.0.2.1").start()


def test_a_port_is_free_again_after_stop(stopped_site: Site) -> None:
    with stopped_site.running():
        assert stopped_site.ask("GET").status == 200

    with stopped_site.running(port=stopped_site.address[1]):
        assert stopped_site.ask("GET").status == 200


def test_stop_lets_a_request_under_way_finish(stopped_site: Site) -> None:
    server = stopped_site.server()
    stopped_site.use(server.start())
    stopped_site.released.clear()
    client, answers = in_thread(lambda: stopped_site.post(stopped_site.message()))
    assert stopped_site.accepting.wait(30)

    stopping, _ = in_thread(server.stop)
    wait_until_no_connection_is_taken(stopped_site)
    assert stopping.is_alive()
    stopped_site.released.set()
    client.join()
    stopping.join()

    assert answers[0].status == 200
    assert len(stopped_site.arrivals) == 1


def test_stop_lets_a_message_arrive_whose_beginning_is_there(stopped_site: Site) -> None:
    server = stopped_site.server()
    stopped_site.use(server.start())
    body = stopped_site.message()
    with stopped_site.connect() as connection:
        # The interim answer says that the server has read the head.
        connection.sendall(
            stopped_site.head(f"Content-Length: {len(body)}", "Expect: 100-continue")
        )
        assert connection.recv(100) == b"HTTP/1.1 100 Continue\r\n\r\n"

        stopping, _ = in_thread(server.stop)
        wait_until_no_connection_is_taken(stopped_site)
        connection.sendall(body)
        assert connection.recv(100).startswith(b"HTTP/1.1 200 ")
        stopping.join()

    assert len(stopped_site.arrivals) == 1


def test_stop_closes_idle_connections(stopped_site: Site) -> None:
    server = stopped_site.server()
    stopped_site.use(server.start())
    connection = http.client.HTTPConnection(*stopped_site.address, timeout=30)
    connection.request("GET", "/health")
    connection.getresponse().read()

    server.stop()

    assert connection.sock.recv(1) == b""
    connection.close()


def test_stop_waits_no_longer_than_it_may(stopped_site: Site) -> None:
    server = stopped_site.server(stop_seconds=0.0)
    stopped_site.use(server.start())
    stopped_site.released.clear()
    client, answers = in_thread(lambda: _failure_of(lambda: stopped_site.post(b"{}")))
    assert stopped_site.accepting.wait(30)

    server.stop()
    client.join()
    stopped_site.released.set()

    assert isinstance(answers[0], OSError | http.client.HTTPException)


def test_stop_may_come_twice_or_too_early(stopped_site: Site) -> None:
    stopped_site.server().stop()
    server = stopped_site.server()
    server.start()

    server.stop()
    server.stop()


def test_requests_in_one_connection_are_answered_in_order(site: Site) -> None:
    requests = [site.head(method=method) for method in ("GET", "PUT", "GET")]
    requests.append(site.head("Connection: close", method="GET"))

    with site.connect() as connection:
        connection.sendall(b"".join(requests))
        received = b"".join(iter(lambda: connection.recv(65536), b""))

    statuses = [part[:3] for part in received.split(b"HTTP/1.1 ")[1:]]
    assert statuses == [b"200", b"405", b"200", b"200"]


def test_an_answer_does_not_tell_which_software_made_it(site: Site) -> None:
    for answer in (site.ask("GET"), site.send_raw(b"rubbish\r\n\r\n")):
        assert "Server" not in answer.headers
        assert b"waitress" not in answer.body


def test_the_sender_behind_a_trusted_proxy_is_known(stopped_site: Site) -> None:
    with stopped_site.running(trusted_proxy=(network_of("127.0.0.1"),)):
        for forwarded in ("203.0.113.7", "198.51.100.1, 203.0.113.7", "203.0.113.7:50123"):
            stopped_site.ask("GET", headers={"X-Forwarded-For": forwarded})

    addresses = [request.remote_address for request in stopped_site.pipeline.requests]
    assert addresses == ["203.0.113.7"] * 3


def test_nobody_else_is_believed_about_the_sender(site: Site) -> None:
    site.ask("GET", headers={"X-Forwarded-For": "203.0.113.7"})

    (request,) = site.pipeline.requests
    assert request.remote_address == "127.0.0.1"
    assert "x-forwarded-for" not in request.headers


def test_a_request_line_that_waitress_cannot_read_ends_only_its_own_connection(site: Site) -> None:
    with site.connect() as connection:
        connection.sendall(b"GET http://[x HTTP/1.1\r\n\r\n")
        connection.recv(100)

    assert site.ask("GET").status == 200


def _failure_of(function: Callable[[], Any]) -> Any:
    try:
        return function()
    except (OSError, http.client.HTTPException) as error:
        return error
