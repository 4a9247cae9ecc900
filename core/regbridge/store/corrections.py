"""Corrected values, kept with who made them and why."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

import msgspec
from sqlalchemy import Connection, select

from regbridge.corrections import Correction
from regbridge.store.bulk import insert_rows
from regbridge.store.history import remember
from regbridge.store.sealed import is_damaged, opened
from regbridge.store.sql import among
from regbridge.store.tables import corrections


def add_corrections(
    connection: Connection,
    registration: Any,
    made: Sequence[Correction],
    made_by: str,
    reason: str,
    now: int,
) -> None:
    """Keep corrections of one registration (a row with id and client).

    The latest of a field counts. The history names the fields, and no values.
    """
    rows = [
        {
            "registration_id": registration.id,
            "target": each.target,
            "field": each.field,
            "value": msgspec.json.encode(each.value).decode(),
            "made_by": made_by,
            "reason": reason,
            "at": now,
        }
        for each in made
    ]
    insert_rows(connection, corrections, rows)
    for target in dict.fromkeys(each.target for each in made):
        fields = ", ".join(each.field for each in made if each.target == target)
        remember(
            connection,
            now,
            registration.client,
            "corrected",
            f"{fields} by {made_by}: {reason}",
            registration_id=registration.id,
            target=target,
        )


def corrections_of(connection: Connection, of: Collection[int]) -> dict[int, list[Correction]]:
    """Return the corrections of registrations, oldest first, where there are any."""
    statement = (
        select(corrections)
        .where(among(corrections.c.registration_id, of), corrections.c.value != "")
        .order_by(corrections.c.id)
    )
    found: dict[int, list[Correction]] = {}
    for row in opened(connection, statement, corrections.c.value):
        lost = is_damaged(row.value)
        value = None if lost else msgspec.json.decode(row.value)
        correction = Correction(row.field, value, row.target, lost)
        found.setdefault(row.registration_id, []).append(correction)
    return found
