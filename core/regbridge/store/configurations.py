"""The configurations that mapped records, so that a fingerprint can be looked up later."""

from __future__ import annotations

from sqlalchemy import Connection

from regbridge.store.bulk import insert_rows
from regbridge.store.tables import configurations


def remember_configuration(
    connection: Connection, client: str, fingerprint: str, text: str, now: int
) -> None:
    """Keep a client's configuration, whose secrets are references; once for each fingerprint."""
    row = {"client": client, "fingerprint": fingerprint, "text": text, "first_used_at": now}
    insert_rows(connection, configurations, [row], if_new=True)
