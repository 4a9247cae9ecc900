"""Connections that `requests` makes by our rules: a call ends in time, and how it failed is told.

`requests` bounds the wait for each byte, not that for all of them. And its errors do not tell TLS
that fails before a request was sent from TLS that fails after it, when it may have arrived.
"""

from __future__ import annotations

import http.client
import io
import ssl
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

from requests.adapters import HTTPAdapter
from urllib3 import HTTPConnectionPool, HTTPSConnectionPool, ProxyManager
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import NewConnectionError

if TYPE_CHECKING:
    import socket

    from _typeshed import WriteableBuffer
    from requests import PreparedRequest

_seconds_left: ContextVar[Callable[[], float]] = ContextVar("seconds left")


@contextmanager
def bounded(seconds_left: Callable[[], float]) -> Iterator[None]:
    """Let what is read within the block fail with `TimeoutError` once no seconds are left."""
    token = _seconds_left.set(seconds_left)
    try:
        yield
    finally:
        _seconds_left.reset(token)


class BoundedAdapter(HTTPAdapter):
    """Makes the connections of a session, also those through a proxy."""

    def init_poolmanager(self, *args: Any, **options: Any) -> None:
        """Make the pools of direct connections."""
        super().init_poolmanager(*args, **options)
        self.poolmanager.pool_classes_by_scheme = _POOLS

    def proxy_manager_for(self, *args: Any, **options: Any) -> Any:
        """Return the pools of a proxy's connections."""
        manager = super().proxy_manager_for(*args, **options)
        if isinstance(manager, ProxyManager):
            manager.pool_classes_by_scheme = _POOLS
        return manager

    def connect(self, request: PreparedRequest, proxies: Any, verify: Any, seconds: float) -> None:
        """Open a connection for a request, with TLS if it is one of https, and close it again."""
        pool = self.get_connection_with_tls_context(request, verify, proxies=proxies)
        assert isinstance(pool, HTTPConnectionPool)
        connection = pool._new_conn()
        connection.timeout = seconds
        try:
            if isinstance(connection, HTTPSConnection) and pool.proxy:
                pool._prepare_proxy(connection)
            else:
                connection.connect()
        finally:
            connection.close()


@contextmanager
def _as_lost() -> Iterator[None]:
    """Let TLS that breaks in the middle count as a connection that breaks there."""
    try:
        yield
    except ssl.SSLError as error:
        raise ConnectionAbortedError(f"TLS failed: {error.reason}") from error


class _Reader(io.RawIOBase):
    """Reads a connection, and waits no longer than the call has seconds left."""

    def __init__(self, raw: io.RawIOBase, connection: socket.socket) -> None:
        self._raw = raw
        self._connection = connection
        self._patience = connection.gettimeout()
        self._seconds_left = _seconds_left.get()

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: WriteableBuffer) -> int | None:
        left = self._seconds_left()
        if left <= 0:
            raise TimeoutError("the call has taken too long")
        self._connection.settimeout(min(left, self._patience or left))
        with _as_lost():
            return self._raw.readinto(buffer)

    def close(self) -> None:
        self._raw.close()
        super().close()


class _Response(http.client.HTTPResponse):
    def __init__(self, connection: socket.socket, *args: Any, **options: Any) -> None:
        super().__init__(connection, *args, **options)
        self.fp = io.BufferedReader(_Reader(self.fp.detach(), connection))


class _Http(HTTPConnection):
    response_class = _Response


class _Https(HTTPSConnection):
    response_class = _Response

    def connect(self) -> None:
        try:
            super().connect()
        except ssl.SSLError:
            raise
        except (OSError, http.client.HTTPException) as error:  # nothing was sent yet
            raise NewConnectionError(self, f"it was not secured: {error}") from error

    def send(self, data: Any) -> None:
        with _as_lost():
            super().send(data)


class _HttpPool(HTTPConnectionPool):
    ConnectionCls = _Http


class _HttpsPool(HTTPSConnectionPool):
    ConnectionCls = _Https


_POOLS = {"http": _HttpPool, "https": _HttpsPool}
