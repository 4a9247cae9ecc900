"""Upstreams and targets that are left alone for a while, for every worker of the ledger."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from sqlalchemy import Connection, delete, select, update

from regbridge.store.history import remember
from regbridge.store.sql import insert_if_new
from regbridge.store.tables import pauses


class Cause(StrEnum):
    """Why an upstream or target is paused."""

    OUTAGE = "outage"
    CREDENTIALS = "credentials"
    QUOTA = "quota"


@dataclass(frozen=True, slots=True)
class Paused:
    """A pause; at `until` (ms) one record is tried."""

    cause: Cause
    reason: str
    since: int
    until: int


def find_pause(connection: Connection, client: str, upstream: str) -> Paused | None:
    """Return the pause of an upstream (a plugin's name) or a target, if there is one."""
    row = connection.execute(
        select(pauses).where(pauses.c.client == client, pauses.c.upstream == upstream)
    ).one_or_none()
    return Paused(Cause(row.cause), row.reason, row.since, row.until) if row else None


def pause(
    connection: Connection,
    client: str,
    upstream: str,
    cause: Cause,
    reason: str,
    until: int,
    now: int,
) -> None:
    """Pause an upstream or target, or go on pausing it; only the first time is remembered."""
    what = {"client": client, "upstream": upstream}
    how: dict[str, Any] = {"cause": cause, "reason": reason, "until": until}
    new = insert_if_new(connection, pauses).values(**what, **how, since=now)
    if connection.scalar(new.returning(pauses.c.upstream)) is not None:
        remember(connection, now, client, "paused", f"{cause}: {reason}", target=upstream)
    else:
        connection.execute(update(pauses).filter_by(**what).values(**how))


def prolong(connection: Connection, client: str, upstream: str, seen: int, until: int) -> bool:
    """Move the end of a pause that was seen to end at `seen`.

    Returns False when somebody else did so first, or the pause is over.
    """
    mine = update(pauses).filter_by(client=client, upstream=upstream, until=seen)
    return connection.execute(mine.values(until=until)).rowcount > 0


def resume(connection: Connection, client: str, upstream: str, now: int) -> None:
    """End a pause, if there is one."""
    if _forget(connection, client, upstream):
        remember(connection, now, client, "resumed", "", target=upstream)


def _forget(connection: Connection, client: str, upstream: str) -> bool:
    statement = delete(pauses).where(pauses.c.client == client, pauses.c.upstream == upstream)
    return connection.execute(statement).rowcount > 0
