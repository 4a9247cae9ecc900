"""A port of this machine that stays ours whether somebody listens there or not."""

from __future__ import annotations

import os
import socket
import threading
from collections.abc import Callable
from contextlib import suppress


class Door:
    """A port at 127.0.0.1, open or shut; `enter` is told each connection, in one thread."""

    def __init__(self, enter: Callable[[socket.socket], None]) -> None:
        self._enter = enter
        self._bound = _bind(0)
        self.port: int = self._bound.getsockname()[1]
        self._thread: threading.Thread | None = None
        self._shutting = False

    def open(self) -> None:
        """Listen, unless somebody does already."""
        if self._thread:
            return
        self._shutting = False
        self._bound.listen(128)
        self._thread = threading.Thread(target=self._accept, name="fault proxy's door")
        self._thread.start()

    def shut(self) -> None:
        """Refuse connections and keep the port: one that is bound and not listened to refuses."""
        if self._thread:
            self.close()
            self._bound = _bind(self.port)

    def close(self) -> None:
        """Give up the port."""
        if self._thread:
            self._shutting = True
            with suppress(OSError):  # a closed socket does not wake who accepts, a connection does
                socket.create_connection(("127.0.0.1", self.port)).close()
            self._thread.join()
            self._thread = None
        self._bound.close()

    def _accept(self) -> None:
        while not self._shutting:
            connection, _ = self._bound.accept()
            if self._shutting:
                connection.close()
            else:
                self._enter(connection)


def _bind(port: int) -> socket.socket:
    bound = socket.socket()
    if os.name != "nt":  # there it would mean that others may take the port too
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    bound.bind(("127.0.0.1", port))
    return bound
