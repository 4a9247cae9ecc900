"""What the ledger knows of the people whom a reason is about, to be taken out of it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec
from sqlalchemy import Connection, select

from regbridge.store.sealed import opened
from regbridge.store.sql import among, own_payload
from regbridge.store.tables import State, deliveries, registration_payloads, registrations

_FEW = 5
_LOOKED_AT = 50


def words_about(connection: Connection, client: str, state: str, reason: str) -> list[str]:
    """Return names, addresses and ids of registrations that a reason explains.

    With what Cvent sent and what targets were to get, if the reason is one for a person, or of few
    registrations: one that explains many tells nobody's values.
    """
    named = (
        registrations.c.name,
        registrations.c.email,
        registrations.c.confirmation,
        registrations.c.invitee_stub,
        registrations.c.contact_stub,
    )
    mine = (
        registrations.c.client == client,
        registrations.c.state == state,
        registrations.c.reason == reason,
    )
    found = select(registrations.c.id, *named).where(*mine).limit(_LOOKED_AT)
    rows = connection.execute(found).all()
    words = [str(value) for row in rows for value in row[1:] if value]
    if state == State.PARKED or len(rows) <= _FEW:
        words += _values_of(connection, [row.id for row in rows])
    return words


def _values_of(connection: Connection, ids: list[int]) -> Iterator[str]:
    payload, record = registration_payloads.c, deliveries.c
    payloads = (
        select(payload.payload, payload.receipt_id, payload.position)
        .join(registrations, own_payload())
        .where(among(registrations.c.id, ids))
    )
    for row in opened(connection, payloads, payload.payload):
        yield from _texts(row.payload)
    records = select(record.record, record.registration_id, record.target)
    chosen = records.where(among(record.registration_id, ids))
    for row in opened(connection, chosen, record.record):
        yield from _texts(row.record)


def _texts(json: bytes | str) -> Iterator[str]:
    try:
        yield from _leaves(msgspec.json.decode(json))
    except (msgspec.MsgspecError, RecursionError):
        return


def _leaves(value: Any) -> Iterator[str]:
    match value:
        case dict():
            for inner in value.values():
                yield from _leaves(inner)
        case list():
            for inner in value:
                yield from _leaves(inner)
        case str() | int() | float() if not isinstance(value, bool):
            yield str(value)
