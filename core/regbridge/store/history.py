"""What happened out of the ordinary, kept for `show`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection

from regbridge.store.bulk import insert_rows
from regbridge.store.tables import history


def remember(
    connection: Connection, at: int, client: str, happening: str, text: str, **about: Any
) -> None:
    """Add one row; `about` is receipt_id, registration_id or target."""
    remember_all(
        connection,
        [{"at": at, "client": client, "happening": happening, "text": text} | about],
    )


def remember_all(connection: Connection, rows: Sequence[dict[str, Any]]) -> None:
    """Add rows in one statement."""
    blank = {"receipt_id": None, "registration_id": None, "target": ""}
    insert_rows(connection, history, [blank | row for row in rows])
