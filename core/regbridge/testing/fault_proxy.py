"""A proxy on this machine that fails as networks do, in front of any service that speaks HTTP."""

from __future__ import annotations

import os
import re
import socket
import ssl
import struct
import threading
from collections import Counter, deque
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from enum import StrEnum
from http import HTTPStatus
from typing import BinaryIO
from urllib.parse import urlsplit

from regbridge.testing.door import Door

_LENGTH = re.compile(rb"^content-length:\s*(\d+)\s*$", re.IGNORECASE | re.MULTILINE)
_CONNECTION = re.compile(rb"^(?:connection|keep-alive):[^\n]*\n", re.IGNORECASE | re.MULTILINE)
_CHUNK = 1 << 16
_AT_ONCE = struct.pack("hh" if os.name == "nt" else "ii", 1, 0)


class Fault(StrEnum):
    """What a network does to a request.

    `REFUSED`: nobody listens. `UNTRUSTED`: the certificate is another one than clients trust.
    `RESET_BEFORE`: the connection is reset before the request is read. `RESET_AFTER`: the service
    has answered, and the connection is reset without a byte of it. `SILENT`: accepted, and never
    answered. `DRIP`: the service's answer comes byte by byte. `HALF`: its answer ends in the
    middle of its body, or of its head where it has no body.
    """

    REFUSED = "refused"
    UNTRUSTED = "untrusted"
    RESET_BEFORE = "reset before"
    RESET_AFTER = "reset after"
    SILENT = "silent"
    DRIP = "drip"
    HALF = "half"


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer of the proxy's own, such as a gateway's: the service never hears of the request."""

    status: int = 200
    body: str = ""
    content_type: str = "text/html"
    retry_after: int | None = None

    def encoded(self) -> bytes:
        """Return the bytes of the answer."""
        body = self.body.encode()
        lines = [
            f"HTTP/1.1 {self.status} {HTTPStatus(self.status).phrase}",
            f"Content-Type: {self.content_type}",
            f"Content-Length: {len(body)}",
            "Connection: close",
        ]
        if self.retry_after is not None:
            lines.append(f"Retry-After: {self.retry_after}")
        return "\r\n".join([*lines, "", ""]).encode() + body


_PASSED_ON = frozenset({Fault.RESET_AFTER, Fault.DRIP, Fault.HALF})

PAGE = Reply(200, "<!DOCTYPE html><html><body>Please sign in</body></html>")
"""The page of a login or a maintenance in the place of an answer."""


class FaultProxy:
    """Passes on what comes to `url`, and fails as it is told; for a `with` block, or `close` it.

    `upstream` is an http URL of this or another machine; it may be set later, so that a service can
    be told `url` at its start. Each request has a connection of its own: the proxy asks both sides
    to close it. With `tls`, `url` is https; `untrusted` is shown in its place by
    `Fault.UNTRUSTED`. `drip_seconds` lie between two bytes of `Fault.DRIP`.

    `did` counts faults and replies, `passed_on` the requests that the service was sent, `seen` has
    the method and the path of each request that was read.

    Example:
        with LocalServer(app) as server, FaultProxy(server.url) as proxy:
            proxy.fail(Fault.RESET_AFTER, times=2)
            proxy.fail(Reply(429, retry_after=30))  # from then on, until `heal`
    """

    def __init__(
        self,
        upstream: str = "",
        *,
        tls: ssl.SSLContext | None = None,
        untrusted: ssl.SSLContext | None = None,
        drip_seconds: float = 0.02,
    ) -> None:
        self.upstream = upstream
        self.did: Counter[Fault | Reply] = Counter()
        self.passed_on = 0
        self.seen: list[str] = []
        self._tls = tls
        self._untrusted = untrusted
        self._drip_seconds = drip_seconds
        self._plan: deque[tuple[Fault | Reply | None, int | None]] = deque()
        self._lock = threading.Lock()
        self._ended = threading.Event()
        self._open: set[socket.socket] = set()
        self._threads: set[threading.Thread] = set()
        self._door = Door(self._enter)
        self._door.open()
        self.url = f"{'https' if tls else 'http'}://127.0.0.1:{self._door.port}"

    @property
    def calls(self) -> int:
        """How many requests came, whatever became of them; nobody can count refused ones."""
        with self._lock:
            return self.passed_on + sum(
                count for what, count in self.did.items() if what not in _PASSED_ON
            )

    def fail(self, what: Fault | Reply, times: int | None = None) -> None:
        """Do this to the next requests, after what was asked for before; without `times` for ever.

        Raises `ValueError` for `UNTRUSTED` without a certificate, and for `REFUSED` with `times`.
        """
        if what is Fault.UNTRUSTED and not (self._tls and self._untrusted):
            raise ValueError("UNTRUSTED needs `tls` and `untrusted`")
        if what is Fault.REFUSED:
            if times is not None:
                raise ValueError("refused connections cannot be counted: leave `times` out")
            self._door.shut()
            return
        with self._lock:
            self._plan.append((what, times))

    def let_pass(self, times: int) -> None:
        """Pass on so many requests, after what was asked for before."""
        with self._lock:
            self._plan.append((None, times))

    def heal(self) -> None:
        """Pass on everything from now on; what is failing already goes on failing."""
        with self._lock:
            self._plan.clear()
        self._door.open()

    def close(self) -> None:
        """End every connection at once; no thread and no socket is left."""
        self._ended.set()
        self._door.close()
        with self._lock:
            open_, threads = list(self._open), list(self._threads)
        for connection in open_:
            with suppress(OSError):
                # Not the shutdown of SSLSocket, which takes its keys away from a reading thread.
                socket.socket.shutdown(connection, socket.SHUT_RDWR)
        for thread in threads:
            thread.join()

    def __enter__(self) -> FaultProxy:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _enter(self, client: socket.socket) -> None:
        thread = threading.Thread(target=self._serve, args=[client], name="fault proxy")
        with self._lock:
            self._threads.add(thread)
        thread.start()

    def _serve(self, client: socket.socket) -> None:
        try:
            with suppress(OSError), self._secured(client) as secure, self._tracked(secure):
                if isinstance(secure, ssl.SSLSocket):
                    secure.do_handshake()
                with secure.makefile("rb") as stream:
                    if stream.peek(1):
                        self._treat(secure, stream)
        finally:
            with self._lock:
                self._threads.discard(threading.current_thread())

    def _secured(self, client: socket.socket) -> socket.socket:
        context = self._untrusted if self._took(Fault.UNTRUSTED) else self._tls
        if context is None:
            return client
        return context.wrap_socket(client, server_side=True, do_handshake_on_connect=False)

    def _treat(self, client: socket.socket, stream: BinaryIO) -> None:
        what = self._take()
        if what is Fault.RESET_BEFORE:
            _reset(client)
        elif what is Fault.SILENT:
            while client.recv(_CHUNK):
                pass
        elif isinstance(what, Reply):
            self._read(stream)
            client.sendall(what.encoded())
        else:
            self._spoil(client, self._pass_on(self._read(stream)), what)

    def _spoil(self, client: socket.socket, answer: bytes, fault: Fault | None) -> None:
        if fault is Fault.RESET_AFTER:
            _reset(client)
        elif fault is Fault.DRIP:
            for place in range(len(answer)):
                client.sendall(answer[place : place + 1])
                if self._ended.wait(self._drip_seconds):
                    return
        else:
            client.sendall(_half(answer) if fault is Fault.HALF else answer)

    def _read(self, stream: BinaryIO) -> bytes:
        """Return a request as it came, except that it asks for a connection of its own."""
        head = b""
        while not head.endswith(b"\r\n\r\n"):
            line = stream.readline()
            if not line:
                raise ConnectionError("the request has no end")
            head += line
        length = _LENGTH.search(head)
        body = stream.read(int(length[1])) if length else b""
        with self._lock:
            self.seen.append(head.partition(b" HTTP/")[0].decode("latin-1"))
        return _CONNECTION.sub(b"", head)[:-2] + b"Connection: close\r\n\r\n" + body

    def _pass_on(self, request: bytes) -> bytes:
        """Return the whole answer of the service."""
        parts = urlsplit(self.upstream)
        if parts.scheme != "http" or not parts.hostname:
            raise ValueError(f"{self.upstream!r} is no http URL of a service")
        where = (parts.hostname, parts.port or 80)
        with socket.create_connection(where) as service, self._tracked(service):
            with self._lock:
                self.passed_on += 1
            service.sendall(request)
            return b"".join(iter(lambda: service.recv(_CHUNK), b""))

    def _take(self) -> Fault | Reply | None:
        """Return what happens to the next request, and count it."""
        with self._lock:
            if not self._plan or self._plan[0][0] is Fault.UNTRUSTED:
                return None
            return self._next()

    def _took(self, fault: Fault) -> bool:
        with self._lock:
            return bool(self._plan) and self._plan[0][0] is fault and self._next() is fault

    def _next(self) -> Fault | Reply | None:
        what, times = self._plan.popleft()
        if what is not None:
            self.did[what] += 1
        if times is None or times > 1:
            self._plan.appendleft((what, times and times - 1))
        return what

    @contextmanager
    def _tracked(self, connection: socket.socket) -> Iterator[None]:
        """Let `close` end a connection while it is in use."""
        with self._lock:
            if self._ended.is_set():
                raise ConnectionError("the proxy is closed")
            self._open.add(connection)
        try:
            yield
        finally:
            with self._lock:
                self._open.discard(connection)


def _reset(connection: socket.socket) -> None:
    """Let the close, which follows, be a reset."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _AT_ONCE)


def _half(answer: bytes) -> bytes:
    head, empty_line, body = answer.partition(b"\r\n\r\n")
    return head + empty_line + body[: len(body) // 2] if body else head[: len(head) // 2]
