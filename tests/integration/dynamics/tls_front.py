"""Terminates TLS in front of a server that speaks plain HTTP, for clients that insist on https."""

from __future__ import annotations

import select
import socket
import socketserver
import ssl
import threading
from contextlib import suppress
from pathlib import Path
from urllib.parse import urlsplit

import trustme

_SECONDS = 30.0


class TlsFront:
    """Listens with a throw-away certificate; `url` is https, `ca_file` is what to trust.

    It needs to know where to send what it hears only once the first connection comes, so that
    the server behind it can be told `url` before.
    """

    def __init__(self, folder: Path) -> None:
        authority = trustme.CA()
        self.ca_file = folder / "ca.pem"
        authority.cert_pem.write_to_path(self.ca_file)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        authority.issue_cert("127.0.0.1").configure_cert(context)
        self._server = _Server(("127.0.0.1", 0), context)
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self.url = f"https://127.0.0.1:{self._server.server_address[1]}"

    def start(self, target: str) -> None:
        """Send on what comes to the server at an http URL."""
        parts = urlsplit(target)
        assert parts.hostname and parts.port
        self._server.target = (parts.hostname, parts.port)
        self._thread.start()

    def stop(self) -> None:
        """Take no more connections and end those that are open."""
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


class _Server(socketserver.ThreadingTCPServer):
    daemon_threads = False

    def __init__(self, address: tuple[str, int], context: ssl.SSLContext) -> None:
        super().__init__(address, _Connection)
        self.context = context
        self.target = ("", 0)


class _Connection(socketserver.BaseRequestHandler):
    server: _Server

    def handle(self) -> None:
        """Carry bytes both ways in one thread: two must not use one TLS connection at a time."""
        self.request.settimeout(_SECONDS)
        with (
            suppress(OSError),
            self.server.context.wrap_socket(self.request, server_side=True) as outside,
            socket.create_connection(self.server.target, timeout=_SECONDS) as inside,
        ):
            while _carry(outside, inside):
                pass


def _carry(outside: ssl.SSLSocket, inside: socket.socket) -> bool:
    """Carry what has come; return whether both ends are still there."""
    ready = (
        [outside] if outside.pending() else select.select([outside, inside], [], [], _SECONDS)[0]
    )
    for source, drain in ((outside, inside), (inside, outside)):
        if source in ready:
            data = source.recv(65_536)
            if not data:
                return False
            drain.sendall(data)
    return bool(ready)
