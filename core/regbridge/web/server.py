"""The HTTP server: waitress, in a thread of its own."""

from __future__ import annotations

import logging
import socket
import sys
import threading
import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from waitress import wasyncore
from waitress.adjustments import Adjustments
from waitress.server import TcpWSGIServer
from waitress.task import ThreadedTaskDispatcher

from regbridge.addresses import Network
from regbridge.web.channel import Channel
from regbridge.web.errors import Answer
from regbridge.web.fence import Fence
from regbridge.web.refusal_log import RefusalLog

if TYPE_CHECKING:
    from wsgiref.types import WSGIApplication

_BACKLOG = 1024
# NOTE: on Windows select() takes 512 sockets, and one more would end the loop.
_CONNECTIONS = 500
_IDLE_SECONDS = 120
_CLEANUP_SECONDS = 10
_LOOP_SECONDS = 1.0
# Larger bodies go to a temporary file while they are received, once they are vouched for.
_SPOOL_BYTES = 1 << 16
_RECEIVE_BYTES = 1 << 16
_HEAD_BYTES = 1 << 15
# NOTE: the thread that receives waits for the interpreter after every call of the system, by
# default 5 ms for each time that a request is being worked on (docs/decisions/0013).
_SWITCH_SECONDS = 0.0005


Vouch = Callable[[dict[str, Any]], Answer | None]
"""Returns how a request is refused whose body nobody wants, from its WSGI environment."""


class Listener(TcpWSGIServer):
    """The listening socket, with the connections that it took.

    `trusted` are the proxies that are believed about the sender, `fence` says who is let in,
    `vouch` whose large body is read, and `refusals` logs who is refused.
    """

    channel_class = Channel
    trusted: Sequence[Network] = ()
    fence: Fence | None = None
    vouch: Vouch | None = None
    refusals: RefusalLog
    _map: dict[int, Any]

    def __init__(self, *args: Any, **settings: Any) -> None:
        self._lock = threading.Lock()
        self._is_closed = False
        super().__init__(*args, **settings)

    def set_reuse_addr(self) -> None:
        """Leave the socket as `_listen` made it: on Windows reuse would share the port."""

    def pull_trigger(self) -> None:
        """Wake the loop.

        A request that outlives `stop` must not write to the trigger's descriptor, which may be
        another file's by then.
        """
        with self._lock:
            if not self._is_closed:
                super().pull_trigger()

    def maintenance(self, now: int) -> None:
        """Close connections that are idle, and those whose request comes too slowly."""
        super().maintenance(now)
        for channel in self.channels():
            if channel.is_late:
                self.refusals.note({"status": 408, "remote_address": channel.peer})
                channel.will_close = True

    def channels(self) -> list[Channel]:
        """Return the open connections."""
        return [channel for channel in self._map.values() if isinstance(channel, Channel)]

    def close_socket(self) -> None:
        """Take no more connections; the trigger goes on waking the loop."""
        wasyncore.dispatcher.close(self)

    def close(self) -> None:
        """Close the socket and the trigger."""
        with self._lock:
            self._is_closed = True
            super().close()


class Server:
    """Serves a WSGI application at one address.

    `body_limit` is in bytes. `trusted_proxy` are the networks of the proxies whose X-Forwarded-For
    and X-Forwarded-Proto are believed. `fence` keeps out addresses, `vouch` strangers with large
    bodies, `refusals` logs who is refused. `stop_seconds` bounds how long `stop` waits for requests
    under way.
    """

    listener_class: ClassVar[type[Listener]] = Listener

    def __init__(
        self,
        app: WSGIApplication,
        *,
        address: str,
        port: int,
        threads: int,
        body_limit: int,
        trusted_proxy: Sequence[Network] = (),
        fence: Fence | None = None,
        vouch: Vouch | None = None,
        refusals: RefusalLog | None = None,
        stop_seconds: float = 30.0,
    ) -> None:
        self._app = app
        self._trusted = trusted_proxy
        self._fence = fence
        self._vouch = vouch
        self._refusals = refusals or RefusalLog()
        self._address = address
        self._port = port
        self._stop_seconds = stop_seconds
        self._settings: dict[str, Any] = {
            "threads": threads,
            "max_request_body_size": body_limit + 1,  # waitress refuses what is equal
            "max_request_header_size": _HEAD_BYTES,
            "inbuf_overflow": _SPOOL_BYTES,
            "recv_bytes": _RECEIVE_BYTES,
            "backlog": _BACKLOG,
            "connection_limit": _CONNECTIONS,
            "channel_timeout": _IDLE_SECONDS,
            "cleanup_interval": _CLEANUP_SECONDS,
            "ident": None,
            "expose_tracebacks": False,
            "log_socket_errors": False,
            # `Task` takes them out; waitress knows but one proxy (docs/decisions/0033).
            "clear_untrusted_proxy_headers": False,
        }
        self._map: dict[int, Any] = {}
        self._stopping = threading.Event()
        self._deadline = 0.0
        self._thread = threading.Thread(target=self._run, name="web", daemon=True)
        self._listener: Listener

    def start(self) -> str:
        """Listen, and return the base URL.

        Raises `OSError`, whose text says what to do, when the address or port cannot be had.
        """
        # NOTE: with more connections than threads a short queue is normal, no cause for a warning.
        logging.getLogger("waitress.queue").setLevel(logging.ERROR)
        listening = _listen(self._address, self._port)
        dispatcher = ThreadedTaskDispatcher()
        adjustments = Adjustments(sockets=[listening], **self._settings)
        dispatcher.set_thread_count(adjustments.threads)
        self._listener = self.listener_class(
            self._app,
            self._map,
            _sock=listening,
            dispatcher=dispatcher,
            adj=adjustments,
            sockinfo=(listening.family, listening.type, listening.proto, listening.getsockname()),
            bind_socket=False,
        )
        self._listener.trusted = self._trusted
        self._listener.fence = self._fence
        self._listener.vouch = self._vouch
        self._listener.refusals = self._refusals
        sys.setswitchinterval(min(_SWITCH_SECONDS, sys.getswitchinterval()))
        self._thread.start()
        return _url(listening)

    def stop(self) -> None:
        """Take no new requests, finish those under way, and close everything."""
        if self._thread.ident is None or self._stopping.is_set():
            return
        self._deadline = time.monotonic() + self._stop_seconds
        self._stopping.set()
        self._listener.pull_trigger()
        self._thread.join()
        self._listener.task_dispatcher.shutdown(timeout=1)
        self._listener.close()

    def _run(self) -> None:
        while not self._is_finished():
            wasyncore.loop(timeout=_LOOP_SECONDS, use_poll=True, map=self._map, count=1)
        for channel in self._listener.channels():
            channel.handle_close()

    def _is_finished(self) -> bool:
        """Return whether the loop may end; once it stops, close what has nothing to do."""
        if not self._stopping.is_set():
            return False
        self._listener.close_socket()
        for channel in self._listener.channels():
            if channel.is_idle:
                channel.handle_close()
        return not self._listener.channels() or time.monotonic() >= self._deadline


def _listen(address: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    try:
        return socket.create_server((address, port), family=family, backlog=_BACKLOG)
    except OSError as error:
        raise OSError(
            error.errno,
            f"cannot listen on {address} port {port} ({error.strerror or error}); is another "
            "program using it? `address` and `port` are set in base.yaml under `host`",
        ) from None


def _url(listening: socket.socket) -> str:
    address, port = listening.getsockname()[:2]
    return f"http://[{address}]:{port}" if ":" in address else f"http://{address}:{port}"
