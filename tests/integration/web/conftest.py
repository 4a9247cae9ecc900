"""A started web server with stand-ins for what lies behind it."""

from __future__ import annotations

import gzip
import http.client
import json
import socket
import threading
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, cast
from urllib.parse import urlsplit

import pytest

from regbridge.admissions import Admissions
from regbridge.errors import AuthenticationError, ConfigError
from regbridge.models import Client, Endpoint, Finding, Identity, Level, Request
from regbridge.store.intake import Arrival
from regbridge.timings import Timings
from regbridge.web.app import create_app
from regbridge.web.door import Door
from regbridge.web.server import Server
from regbridge.web.vouching import Vouching

BODY_LIMIT = 200_000
STUB = "547c3e6c-20e2-4d2a-b0c2-8d9ba77d2f11"
NOW = datetime(2027, 3, 4, 5, 6, 7, tzinfo=UTC)
TIMEOUT = 30


@dataclass
class Answer:
    """What a client received."""

    status: int
    headers: http.client.HTTPMessage
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


class StandInPipeline:
    """Vouches for a request whose Authorization value is one of the endpoint's tokens."""

    client = Client("apap")

    def __init__(self) -> None:
        self.requests: list[Request] = []

    def in_use(self) -> AbstractContextManager[bool]:
        return nullcontext(True)

    def authenticate(self, request: Request, endpoint: Endpoint) -> Identity:
        self.requests.append(request)
        sent = request.headers.get("authorization", "").encode("latin-1")
        for number, token in enumerate(endpoint.tokens, start=1):
            if sent == token.encode():
                return Identity(f"token {number}")
        raise AuthenticationError("all plugins are silent")


class StandInClients:
    """One client that runs, and one that was refused."""

    def __init__(self, pipeline: StandInPipeline, endpoint: Endpoint) -> None:
        self.pipeline = pipeline
        self.endpoint = endpoint
        self.refused = {"/cvent/broken/CventReg"}
        self.unreadable = False

    def find(self, path: str) -> tuple[StandInPipeline, Endpoint] | None:
        if path == self.endpoint.path:
            return self.pipeline, self.endpoint
        if path in self.refused or self.unreadable:
            raise ConfigError([Finding(Level.ERROR, "no plugin 'protec'", "broken.yaml:3")])
        return None


@dataclass
class Site:
    """A server under test: what it accepted, how it fails, and how to talk to it."""

    path: str = "/cvent/apap/CventReg"
    tokens: tuple[str, ...] = ("right-token", "old-token")
    body_limit: int = BODY_LIMIT
    now: datetime = NOW
    arrivals: list[Arrival] = field(default_factory=list)
    failure: Exception | None = None
    state: Mapping[str, Any] | Exception = field(default_factory=lambda: {"status": "ok"})
    accepting: threading.Event = field(default_factory=threading.Event)
    released: threading.Event = field(default_factory=threading.Event)
    timings: Timings = field(default_factory=Timings)
    admissions: Admissions = field(default_factory=Admissions)

    def __post_init__(self) -> None:
        self.released.set()
        self.pipeline = StandInPipeline()
        self.clients = StandInClients(
            self.pipeline, Endpoint("CventReg", self.path, tokens=self.tokens)
        )

    def server(self, **settings: Any) -> Server:
        """Return a server for this site that is not started."""
        clients, door = cast("Any", self.clients), Door(self.admissions)
        app = create_app(
            clients,
            self.accept,
            body_limit=self.body_limit,
            health=self.health,
            clock=lambda: self.now,
            timings=self.timings,
            door=door,
        )
        defaults: dict[str, Any] = {
            "address": "127.0.0.1",
            "port": 0,
            "threads": 4,
            "body_limit": self.body_limit,
            "vouch": Vouching(clients, door, app.req_options),
        }
        return Server(app, **(defaults | settings))

    @contextmanager
    def running(self, **settings: Any) -> Iterator[str]:
        """Start a server, make it the one to talk to, and stop it."""
        server = self.server(**settings)
        url = server.start()
        self.use(url)
        try:
            yield url
        finally:
            self.released.set()
            server.stop()

    def use(self, url: str) -> None:
        """Talk to the server at this base URL."""
        parts = urlsplit(url)
        self.address = (str(parts.hostname), int(parts.port or 0))

    def accept(self, arrival: Arrival) -> int:
        self.accepting.set()
        assert self.released.wait(TIMEOUT)
        if self.failure:
            raise self.failure
        self.arrivals.append(arrival)
        return len(self.arrivals)

    def health(self) -> Mapping[str, Any]:
        if isinstance(self.state, Exception):
            raise self.state
        return self.state

    def ask(
        self,
        method: str,
        path: str | None = None,
        body: Any = None,
        *,
        token: str | None = "right-token",
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """Send a request in a connection of its own."""
        connection = http.client.HTTPConnection(*self.address, timeout=TIMEOUT)
        sent = {"Content-Type": "application/json", **(headers or {})}
        if token is not None:
            sent["Authorization"] = token
        try:
            connection.request(method, path or self.path, body, sent)
            response = connection.getresponse()
            return Answer(response.status, response.headers, response.read())
        finally:
            connection.close()

    def post(self, body: Any, path: str | None = None, **options: Any) -> Answer:
        return self.ask("POST", path, body, **options)

    def post_gzip(self, inflated: bytes, *, compressed: bytes | None = None) -> Answer:
        body = gzip.compress(inflated) if compressed is None else compressed
        return self.post(body, headers={"Content-Encoding": "gzip"})

    def connect(self) -> socket.socket:
        return socket.create_connection(self.address, timeout=TIMEOUT)

    def send_raw(self, request: bytes) -> Answer:
        """Send these very bytes and nothing more; read one answer."""
        with self.connect() as connection:
            connection.sendall(request)
            return read_answer(connection)

    def message(self, records: int = 1, padding: int = 0) -> bytes:
        """Return a message; `padding` is the number of bytes in a field that nobody knows."""
        return json.dumps(
            {
                "eventType": "InviteeOrGuestAccepted",
                "messageTime": "2027-03-04T05:06:00.617Z",
                "messageStub": STUB,
                "message": [{"inviteeStub": str(number)} for number in range(records)],
                "padding": "x" * padding,
            }
        ).encode()

    def head(self, *lines: str, method: str = "POST") -> bytes:
        """Return the head of an authenticated request with further header lines."""
        return (
            "\r\n".join(
                [f"{method} {self.path} HTTP/1.1", "Host: x", "Authorization: right-token", *lines]
            ).encode()
            + b"\r\n\r\n"
        )


def read_answer(connection: socket.socket) -> Answer:
    """Read one answer from a connection."""
    response = http.client.HTTPResponse(connection)
    try:
        response.begin()
        return Answer(response.status, response.headers, response.read())
    finally:
        response.close()


@pytest.fixture
def site() -> Iterator[Site]:
    """A site whose server runs."""
    site = Site()
    with site.running():
        yield site


@pytest.fixture
def stopped_site() -> Site:
    """A site whose server the test starts."""
    return Site()
