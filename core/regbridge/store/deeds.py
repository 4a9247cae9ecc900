"""What somebody does in the console: the deed and its note in the audit, in one transaction."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, select

from regbridge.corrections import Correction
from regbridge.errors import RejectedError
from regbridge.store.audit import note
from regbridge.store.choice import Choice
from regbridge.store.operate import (
    AGAIN,
    correct,
    ignore_receipts,
    ignore_registrations,
    retry_receipts,
    retry_registrations,
)
from regbridge.store.parked import parked_for
from regbridge.store.tables import State, registrations

_NAMED = 20
"""So many numbers are named in the audit."""


@dataclass(frozen=True, slots=True)
class Doer:
    """Who does something, from where, and when (ms)."""

    name: str
    address: str
    now: int


def retry_one(connection: Connection, doer: Doer, number: int) -> str | None:
    """Prepare a registration again; return its client, None when there is no such registration.

    Raises `RejectedError` when that cannot be done now.
    """
    row = _row(connection, number)
    if row is None:
        return None
    if not retry_registrations(connection, Choice(ids=(number,), states=AGAIN), doer.now):
        raise RejectedError(_no_retry(row))
    _note(connection, doer, "retried", f"registration {number}")
    return str(row.client)


def ignore_one(connection: Connection, doer: Doer, number: int, reason: str) -> str | None:
    """Settle a parked registration as filtered; return its client, None as above.

    Raises `RejectedError` when it is not parked.
    """
    row = _row(connection, number)
    if row is None:
        return None
    choice = Choice(ids=(number,))
    if not ignore_registrations(connection, choice, doer.name, reason, doer.now):
        raise RejectedError(f"registration {number} is {row.state}; what is parked can be ignored")
    _note(connection, doer, "ignored", f"registration {number}")
    return str(row.client)


def correct_one(
    connection: Connection, doer: Doer, number: int, made: Correction, reason: str
) -> str | None:
    """Keep a correction of a registration and prepare it again; return its client, None as above.

    Raises `RejectedError` when that cannot be done now.
    """
    row = _row(connection, number)
    if row is None:
        return None
    correct(connection, number, [made], doer.name, reason, doer.now)
    # Values and reasons are personal data: they stay with the registration, which can be forgotten.
    field = f"{made.target}: {made.field}" if made.target else made.field
    _note(connection, doer, "corrected", f"registration {number}", field)
    return str(row.client)


def retry_cause(connection: Connection, doer: Doer, client: str, key: str) -> int:
    """Prepare all again that is parked for one cause; return the number of registrations."""
    ids = parked_for(connection, client, key)
    count = retry_registrations(connection, Choice(client, ids=ids), doer.now) if ids else 0
    if count:
        _note(connection, doer, "retried", f"parked of {client}", _numbers("registrations", ids))
    return count


def ignore_cause(connection: Connection, doer: Doer, client: str, key: str, reason: str) -> int:
    """Settle all that is parked for one cause; return the number of registrations."""
    ids = parked_for(connection, client, key)
    choice = Choice(client, ids=ids)
    count = ignore_registrations(connection, choice, doer.name, reason, doer.now) if ids else 0
    if count:
        _note(connection, doer, "ignored", f"parked of {client}", _numbers("registrations", ids))
    return count


def read_again(
    connection: Connection,
    doer: Doer,
    ids: Collection[int],
    states: Collection[State] = (State.PARKED,),
) -> int:
    """Read receipts again that are parked, or in one of these states; return their number."""
    choice = Choice(receipts=ids, states=states)
    count = retry_receipts(connection, choice, doer.now) if ids else 0
    if count:
        _note(connection, doer, "retried", _numbers("receipts", ids))
    return count


def ignore_unread(connection: Connection, doer: Doer, ids: Collection[int], reason: str) -> int:
    """Settle parked receipts as filtered; return their number."""
    choice = Choice(receipts=ids)
    count = ignore_receipts(connection, choice, doer.name, reason, doer.now) if ids else 0
    if count:
        _note(connection, doer, "ignored", _numbers("receipts", ids))
    return count


def _row(connection: Connection, number: int) -> Any | None:
    columns = registrations.c.id, registrations.c.client, registrations.c.state
    chosen = select(*columns, registrations.c.purged_at).where(registrations.c.id == number)
    return connection.execute(chosen).one_or_none()


def _no_retry(row: Any) -> str:
    if row.purged_at is not None:
        return f"the data of registration {row.id} was removed, so nothing can be made of it"
    if row.state == State.PENDING:
        return f"registration {row.id} is on its way already; look again in a minute"
    return f"registration {row.id} is {row.state}; what is parked or filtered can be tried again"


def _note(connection: Connection, doer: Doer, what: str, about: str, text: str = "") -> None:
    note(connection, doer.now, doer.name, doer.address, what, about, text)


def _numbers(kind: str, ids: Collection[int]) -> str:
    ordered = sorted(ids)
    named = ", ".join(map(str, ordered[:_NAMED]))
    return f"{kind} {named}" + (f" and {len(ids) - _NAMED} more" if len(ids) > _NAMED else "")
