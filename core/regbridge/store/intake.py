"""Commits waiting messages together, so that many callers share one durable write."""

from __future__ import annotations

import hashlib
import queue
import threading
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, update

from regbridge.errors import StoreUnavailableError
from regbridge.models import ReceiptKind
from regbridge.store.bodies import store_bodies
from regbridge.store.bulk import insert_numbered
from regbridge.store.clock import to_ms
from regbridge.store.engine import Store
from regbridge.store.sealed import stored_digest
from regbridge.store.sql import insert_or_update
from regbridge.store.tables import State, compatibility, receipts

_GROUP_COUNT = 256
_GROUP_BYTES = 16_000_000
_WAIT_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class Arrival:
    """A message that Cvent waits for an answer to.

    `problem` says why a malformed body cannot be read: it is kept as a parked receipt, and the
    same bytes again only raise its counter.
    """

    client: str
    endpoint: str
    body: bytes
    received_at: datetime
    event_type: str = ""
    message_stub: str = ""
    message_time: datetime | None = None
    message_time_text: str = ""
    record_count: int = 0
    problem: str = ""
    kind: ReceiptKind = ReceiptKind.WEBHOOK


class Intake:
    """Takes messages from the web threads to the ledger. `stored` is called after each commit."""

    def __init__(self, store: Store, stored: Callable[[], None] = lambda: None) -> None:
        self._store = store
        self._stored = stored
        self._failed = False
        self._waiting: queue.SimpleQueue[tuple[Arrival, Future[int]] | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._run, name="intake", daemon=True)
        self._thread.start()

    def accept(self, arrival: Arrival) -> int:
        """Return the id of the receipt once it is on disk.

        Raises `StoreUnavailableError` when it could not be committed.
        """
        if not self._thread.is_alive():
            raise StoreUnavailableError("the ledger is closed")
        future: Future[int] = Future()
        self._waiting.put((arrival, future))
        try:
            return future.result(timeout=_WAIT_SECONDS)
        except TimeoutError:
            if future.cancel():
                self._failed = True
                raise StoreUnavailableError("the ledger takes too long to write") from None
            return future.result()  # it is being written at this moment

    def takes_messages(self) -> bool:
        """Say whether the next message would be stored.

        Tries to write something if the last message was not: who is sent none any more would never
        know otherwise.
        """
        if self._failed and self._thread.is_alive():
            try:
                self._store.write_hastily(_write_something)
                self._failed = False
            except StoreUnavailableError:
                return False
        return self._thread.is_alive()

    def close(self) -> None:
        """Commit what waits, then stop."""
        self._waiting.put(None)
        self._thread.join()

    def _run(self) -> None:
        while self._take_turn():
            pass

    def _take_turn(self) -> bool:
        """Commit what waits; False at the end. It holds no message while it waits for the next."""
        group, stopping = self._next_group()
        if group:
            self._commit(group)
        return not stopping

    def _next_group(self) -> tuple[list[tuple[Arrival, Future[int]]], bool]:
        """Wait for one message, then take along whatever else waits."""
        group: list[tuple[Arrival, Future[int]]] = []
        size = 0
        item = self._waiting.get()
        while item is not None:
            group.append(item)
            size += len(item[0].body)
            if len(group) >= _GROUP_COUNT or size >= _GROUP_BYTES:
                return group, False
            try:
                item = self._waiting.get_nowait()
            except queue.Empty:
                return group, False
        return group, True

    def _commit(self, group: list[tuple[Arrival, Future[int]]]) -> None:
        group = [(each, future) for each, future in group if _is_wanted(future)]
        if not group:
            return
        arrivals = [arrival for arrival, _ in group]
        try:
            ids = self._store.write(lambda connection: store_receipts(connection, arrivals))
        except Exception as error:
            if len(group) > 1 and getattr(error, "lasts", True):
                # One message may be what the database refuses: the others must not suffer.
                for one in group:
                    self._commit([one])
                return
            self._failed = True
            for _, future in group:
                future.set_exception(error)
            return
        self._failed = False
        for (_, future), receipt in zip(group, ids, strict=True):
            future.set_result(receipt)
        self._stored()


def _write_something(connection: Connection) -> None:
    connection.execute(update(compatibility).values(oldest=compatibility.c.oldest))


def _is_wanted(future: Future[int]) -> bool:
    """Say whether the sender still waits; from then on it waits to the end.

    It was told that nothing was stored, if not.
    """
    return future.running() or future.set_running_or_notify_cancel()


def store_receipts(connection: Connection, arrivals: list[Arrival]) -> list[int]:
    """Insert receipts and return their ids in order; the caller commits."""
    good = [arrival for arrival in arrivals if not arrival.problem]
    ids: list[int] = []
    if good:
        ids = insert_numbered(connection, receipts, [_row(arrival) for arrival in good])
        bodies = [arrival.body for arrival in good]
        store_bodies(connection, zip(ids, bodies, strict=True))
    stored = iter(ids)
    return [
        _store_malformed(connection, arrival) if arrival.problem else next(stored)
        for arrival in arrivals
    ]


def _store_malformed(connection: Connection, arrival: Arrival) -> int:
    digest = hashlib.sha256(
        f"{arrival.client}\0{arrival.endpoint}\0".encode() + arrival.body
    ).hexdigest()
    row = _row(arrival) | {
        "digest": stored_digest(connection)(digest),
        "state": State.PARKED,
        "reason": arrival.problem,
        "due_at": None,
    }
    again = {"arrivals": receipts.c.arrivals + 1}
    statement = insert_or_update(connection, receipts, ["digest"], again).values(row)
    stored: int = connection.scalars(statement.returning(receipts.c.id)).one()
    store_bodies(connection, [(stored, arrival.body)])
    return stored


def _row(arrival: Arrival) -> dict[str, Any]:
    received_at = to_ms(arrival.received_at)
    return {
        "client": arrival.client,
        "endpoint": arrival.endpoint,
        "event_type": arrival.event_type,
        "message_stub": arrival.message_stub,
        "message_time": to_ms(arrival.message_time) if arrival.message_time else None,
        "message_time_text": arrival.message_time_text,
        "received_at": received_at,
        "record_count": arrival.record_count,
        "kind": arrival.kind,
        "state": State.PENDING,
        "due_at": received_at,
    }
