"""Who did or saw what in the console, and the secret that its sessions are signed with."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, select

from regbridge.store.bulk import insert_rows
from regbridge.store.console_tables import audit, console_keys
from regbridge.store.sql import insert_if_new


def note(
    connection: Connection,
    at: int,
    who: str,
    address: str,
    what: str,
    about: str = "",
    text: str = "",
) -> None:
    """Write down what somebody did or saw. `about` names a thing by its number, never a person."""
    row = {"at": at, "who": who, "address": address, "what": what, "about": about, "text": text}
    insert_rows(connection, audit, [row])


def noted(connection: Connection, below: int, limit: int) -> Sequence[Any]:
    """Return what was noted, the newest first, below a number (0 for all)."""
    statement = select(audit).order_by(audit.c.id.desc()).limit(limit)
    if below:
        statement = statement.where(audit.c.id < below)
    return connection.execute(statement).all()


def console_key(connection: Connection) -> bytes:
    """Return the ledger's own secret, which is made when it is asked for the first time."""
    connection.execute(
        insert_if_new(connection, console_keys).values(id=1, key=secrets.token_bytes(32))
    )
    key: bytes = connection.scalars(select(console_keys.c.key)).one()
    return key
