"""The server that simulators run on answers over real HTTP, and can hang up without an answer."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import pytest
import requests

from regbridge.testing.server import DROP, LocalServer


def app(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    if environ["PATH_INFO"] == "/drop":
        environ[DROP]()
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [b"here"]


def test_an_application_answers_at_the_url_that_the_server_gives() -> None:
    with LocalServer(app) as server:
        assert requests.get(server.url, timeout=10).text == "here"


def test_a_dropped_connection_gets_no_answer_and_the_next_one_does() -> None:
    with LocalServer(app) as server:
        with pytest.raises(requests.ConnectionError):
            requests.get(f"{server.url}/drop", timeout=10)
        assert requests.get(server.url, timeout=10).text == "here"


def test_nothing_answers_once_the_server_has_stopped() -> None:
    with LocalServer(app) as server:
        pass
    with pytest.raises(requests.ConnectionError):
        requests.get(server.url, timeout=10)
