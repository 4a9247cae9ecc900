"""The simulator itself: an account, a service in front of it, a server on this machine."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from regbridge.testing.server import LocalServer
from regbridge_cvent.simulator.account.population import Population
from regbridge_cvent.simulator.account.world import World
from regbridge_cvent.simulator.api.attendees import attendee_operations
from regbridge_cvent.simulator.api.contacts import contact_operations
from regbridge_cvent.simulator.api.custom_fields import custom_field_operations
from regbridge_cvent.simulator.api.events import event_operations
from regbridge_cvent.simulator.api.listing import Service
from regbridge_cvent.simulator.api.operation import Operation
from regbridge_cvent.simulator.api.orders import order_operations
from regbridge_cvent.simulator.api.pages import Pages
from regbridge_cvent.simulator.api.sessions import session_operations
from regbridge_cvent.simulator.api.usage import usage_operations
from regbridge_cvent.simulator.app import create_app
from regbridge_cvent.simulator.behaviour import Behaviour
from regbridge_cvent.simulator.calls import CallLog
from regbridge_cvent.simulator.door import BASE_PATH, Door
from regbridge_cvent.simulator.oauth import SCOPES, Credentials, Tokens

if TYPE_CHECKING:
    from wsgiref.types import WSGIApplication


def _now() -> datetime:
    return datetime.now(UTC)


class CventSimulator:
    """A stand-in for Cvent's REST API over real HTTP, strict where Cvent is.

    `app` is the WSGI application, `world` the account, which tests change, `calls` the log of what
    was called, `tokens` the OAuth tokens, `operations` everything that is served. `clock` returns
    an aware time, and `sleep` waits for so many seconds: only `latency` sleeps.

    Example:
        with CventSimulator(Population(1_000)).serving() as url:
            requests.post(f"{url}/oauth2/token", ...)
    """

    def __init__(
        self,
        population: Population | None = None,
        behaviour: Behaviour | None = None,
        *,
        client_id: str = "simulator",
        client_secret: str = "simulator-secret",  # noqa: S107 - there is nothing behind it
        scopes: tuple[str, ...] = SCOPES,
        token_seconds: int = 3600,
        clock: Callable[[], datetime] = _now,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self.behaviour = behaviour or Behaviour()
        self.credentials = Credentials(client_id, client_secret, scopes, token_seconds)
        self.world = World(population or Population(), clock, self.behaviour.visibility_delay)
        self.calls = CallLog()
        self.tokens = Tokens(self.credentials, clock)
        door = Door(self.behaviour, self.tokens, self.calls, clock, sleep)
        self.operations = tuple(self._operations(door, clock))
        self.app: WSGIApplication = create_app(self.operations, door, self.tokens, self.calls)
        self._server: LocalServer | None = None

    @contextmanager
    def serving(self, port: int = 0) -> Iterator[str]:
        """Serve for as long as the `with` block runs; gives the base URL, which ends in `/ea`."""
        url = self.start(port)
        try:
            yield url
        finally:
            self.stop()

    def start(self, port: int = 0) -> str:
        """Serve at a port, 0 is any free one, and return the base URL.

        Raises `OSError` when the port is taken, `RuntimeError` when the simulator serves already.
        """
        if self._server is not None:
            raise RuntimeError("the simulator serves already")
        server = LocalServer(self.app, port)
        url = server.start()
        self._server = server
        return f"{url}{BASE_PATH}"

    def stop(self) -> None:
        """Answer what is under way and stop serving."""
        if self._server is not None:
            self._server.stop()
            self._server = None

    def _operations(self, door: Door, clock: Callable[[], datetime]) -> Iterator[Operation]:
        behaviour = self.behaviour
        pages = Pages(behaviour.empty_last_page, has_total=behaviour.has_total)
        service = Service(self.world, pages, behaviour.filter_limit)
        yield from attendee_operations(service)
        yield from contact_operations(service)
        yield from event_operations(service)
        yield from custom_field_operations(service)
        yield from order_operations(service)
        yield from session_operations(service)
        yield from usage_operations(door.limiter, clock)
