"""A running Protech simulator, and everything that was sent to it."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
import requests

from regbridge.testing.server import LocalServer
from regbridge_protech.simulator.app import PATH, Simulator
from regbridge_protech.simulator.contract import DATE, TEXTS


@dataclass
class Service:
    """A simulator at an address; `seen` has the headers and the body of every POST."""

    simulator: Simulator
    url: str = ""
    slept: list[float] = field(default_factory=list)
    seen: list[tuple[dict[str, str], bytes]] = field(default_factory=list)

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        """Keep a request, and let the simulator answer it."""
        if environ["REQUEST_METHOD"] == "POST":
            body = environ["wsgi.input"].read()
            environ["wsgi.input"] = io.BytesIO(body)
            names = ("CONTENT_TYPE", "HTTP_SOAPACTION")
            self.seen.append(({name: environ.get(name, "") for name in names}, body))
        return self.simulator(environ, start_response)

    def post(self, body: str | bytes, path: str = "", **headers: str) -> requests.Response:
        """Post a body; the keywords are headers with _ for -."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        content = body.encode() if isinstance(body, str) else body
        return requests.post(self.url + path, content, headers=named, timeout=30)


@pytest.fixture
def serve() -> Iterator[Callable[..., Service]]:
    """Start simulators; the keywords are those of `Simulator`. No sleep takes any time."""
    servers = []

    def start(*args: Any, **keywords: Any) -> Service:
        slept: list[float] = []
        keywords = {"sleep": slept.append, **keywords}
        service = Service(Simulator(*args, **keywords), slept=slept)
        server = LocalServer(service)
        service.url = server.start() + PATH
        servers.append(server)
        return service

    yield start
    for server in servers:
        server.stop()


@pytest.fixture
def service(serve: Callable[..., Service]) -> Service:
    """A simulator as it is usually."""
    return serve()


@pytest.fixture(scope="session")
def values() -> dict[str, str]:
    """A value for each of the fifteen parameters."""
    texts = {name: f"{name} of Zoë" for name in TEXTS}
    return {**texts, "szUserID": "P-001", DATE: "2027-01-10T09:30:00"}
