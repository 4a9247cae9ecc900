"""The configurations that mapped records, so that a fingerprint can be looked up later."""

from __future__ import annotations

from sqlalchemy import Connection

from regbridge.store.sql import insert_if_new
from regbridge.store.tables import configurations


def remember_configuration(
    connection: Connection, client: str, fingerprint: str, text: str, now: int
) -> None:
    """Keep a client's configuration, whose secrets are references; once for each fingerprint."""
    row = {"client": client, "fingerprint": fingerprint, "text": text, "first_used_at": now}
    connection.execute(insert_if_new(connection, configurations), [row])
