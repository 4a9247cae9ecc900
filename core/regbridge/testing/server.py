"""Runs a WSGI application, such as a vendor's simulator, over real HTTP on this machine."""

from __future__ import annotations

import socket
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from regbridge.web.channel import Channel, Task
from regbridge.web.server import Listener, Server

if TYPE_CHECKING:
    from wsgiref.types import WSGIApplication

DROP = "regbridge.drop_connection"
"""The key of the WSGI environment under which a function ends the connection without an answer."""

_BODY_LIMIT = 200_000_000


class LocalServer:
    """Serves an application at 127.0.0.1 for as long as a `with` block runs; `url` says where.

    Port 0 is any free one. An application that calls `environ[DROP]()` closes the connection
    in the middle of its request, as a server does that fails after its work is done.
    """

    def __init__(self, app: WSGIApplication, port: int = 0, threads: int = 16) -> None:
        self.url = ""
        self._server = _DroppingServer(
            app,
            address="127.0.0.1",
            port=port,
            threads=threads,
            body_limit=_BODY_LIMIT,
            stop_seconds=5.0,
        )

    def start(self) -> str:
        """Listen, and return the base URL. Raises `OSError` when the port is taken."""
        self.url = self._server.start()
        return self.url

    def stop(self) -> None:
        """Answer what is under way and stop listening."""
        self._server.stop()

    def __enter__(self) -> LocalServer:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()


class _DroppingTask(Task):
    def get_environment(self) -> dict[str, Any]:
        environment: dict[str, Any] = super().get_environment()
        environment[DROP] = _dropper(self.channel)
        return environment


def _dropper(channel: Any) -> Callable[[], None]:
    def drop() -> None:
        channel.will_close = True
        with suppress(OSError):  # the client may have gone first
            channel.socket.shutdown(socket.SHUT_RDWR)

    return drop


class _DroppingChannel(Channel):
    task_class = _DroppingTask


class _DroppingListener(Listener):
    channel_class = _DroppingChannel


class _DroppingServer(Server):
    listener_class = _DroppingListener
