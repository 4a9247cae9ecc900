"""Wakes the workers of other hosts: PostgreSQL's NOTIFY, heard by LISTEN.

A wake-up that is lost costs a worker's next look for work, so nothing here is ever in the way of a
transaction: rings are sent together by a thread of their own, on a connection that does not wait
for the disk.
"""

from __future__ import annotations

import threading
import uuid
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import structlog
from sqlalchemy.engine import make_url

from regbridge.config.schema import PostgresqlConfig
from regbridge.store.postgresql import PROGRAM, connect_arguments

if TYPE_CHECKING:
    import psycopg

log = structlog.get_logger()

Wake = Callable[[str, str], None]

_CHANNEL = "regbridge"
_LISTEN_SECONDS = 1.0
_AGAIN_SECONDS = 2.0
_RING_SECONDS = 0.01
"""Rings within this time are sent together."""


class Bell:
    """Rings at the other hosts of a ledger, and hears when they ring. Start and close it once.

    `wake` is called with a step and a client, or with two empty texts when rings may have been
    missed. `name` is that of its connections at the server.
    """

    def __init__(self, url: str, settings: PostgresqlConfig, wake: Wake) -> None:
        self._url = url
        self._settings = settings
        self._wake = wake
        self.name = f"{PROGRAM}-bell-{uuid.uuid4().hex}"
        self._rings: set[str] = set()
        self._lock = threading.Lock()
        self._rung = threading.Event()
        self._closing = threading.Event()
        self._threads = [
            threading.Thread(target=self._keep_up, args=(run,), name=name, daemon=True)
            for name, run in (("bell rings", self._send), ("bell listens", self._listen))
        ]

    def start(self) -> None:
        """Start to listen."""
        for thread in self._threads:
            thread.start()

    def ring(self, step: str, client: str = "") -> None:
        """Tell the other hosts that there is work for a step of a client, or of any."""
        with self._lock:
            self._rings.add(f"{self.name} {step} {client}")
        self._rung.set()

    def close(self) -> None:
        """Stop; the last ring is one's own, for the thread that listens."""
        self._closing.set()
        self.ring("close")
        for thread in self._threads:
            if thread.ident is not None:
                thread.join()

    def _keep_up(self, run: Callable[[psycopg.Connection[Any]], None]) -> None:
        """Run something on a connection, and on a new one whenever that is lost."""
        import psycopg

        is_known = False
        while not self._closing.is_set():
            try:
                with self._connect() as connection:
                    is_known = False
                    run(connection)
            except psycopg.Error as error:
                # Every host looks for work by itself; this only makes it wait for that.
                if not is_known:
                    log.warning("no wake-ups between hosts", error=type(error).__name__)
                is_known = True
                self._closing.wait(_AGAIN_SECONDS)

    def _connect(self) -> psycopg.Connection[Any]:
        import psycopg

        url = make_url(self._url).set(drivername="postgresql")
        given: dict[str, Any] = {"application_name": self.name}
        return psycopg.connect(
            url.render_as_string(hide_password=False),
            autocommit=True,
            **connect_arguments(self._settings) | given,
        )

    def _send(self, connection: psycopg.Connection[Any]) -> None:
        connection.execute("SET synchronous_commit = off")
        while True:
            self._rung.wait()
            self._closing.wait(_RING_SECONDS)
            self._rung.clear()
            with self._lock:
                rings, self._rings = self._rings, set()
            if rings:
                statement = "SELECT pg_notify(%s, ring) FROM unnest(%s::text[]) AS ring"
                connection.execute(statement, (_CHANNEL, sorted(rings)))
            if self._closing.is_set():
                return

    def _listen(self, connection: psycopg.Connection[Any]) -> None:
        connection.execute(f"LISTEN {_CHANNEL}")
        self._wake("", "")
        while not self._closing.is_set():
            for notify in connection.notifies(timeout=_LISTEN_SECONDS):
                name, _, ring = notify.payload.partition(" ")
                step, _, client = ring.partition(" ")
                if name != self.name:
                    self._wake(step, client)
                if self._closing.is_set():
                    return
