"""Upstreams and targets that are left alone for a while, for every worker of the ledger."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from sqlalchemy import Connection, delete, func, select, update

from regbridge.store.history import remember
from regbridge.store.sql import insert_if_new
from regbridge.store.tables import deliveries, pauses, receipts, registrations


class Cause(StrEnum):
    """Why an upstream or target is paused."""

    OUTAGE = "outage"
    CREDENTIALS = "credentials"
    QUOTA = "quota"
    OPERATOR = "operator"


FOR_EVER = 253_402_300_799_000
"""The end of the year 9999: until somebody ends the pause."""


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
    """Pause an upstream or target, or go on pausing it; only the first time is remembered.

    What an operator paused stays so, whatever comes of a call that was under way.
    """
    what = {"client": client, "upstream": upstream}
    how: dict[str, Any] = {"cause": cause, "reason": reason, "until": until}
    new = insert_if_new(connection, pauses).values(**what, **how, since=now)
    if connection.scalar(new.returning(pauses.c.upstream)) is not None:
        remember(connection, now, client, "paused", f"{cause}: {reason}", target=upstream)
    else:
        going_on = update(pauses).filter_by(**what)
        if cause != Cause.OPERATOR:
            going_on = going_on.where(pauses.c.cause != Cause.OPERATOR)
        connection.execute(going_on.values(**how))


def pause_worker(connection: Connection, reason: str, now: int) -> None:
    """Let every host of the ledger end what it has begun, and begin nothing new."""
    pause(connection, "", "", Cause.OPERATOR, reason, FOR_EVER, now)


def is_worker_paused(connection: Connection) -> bool:
    """Say whether the worker is to begin nothing, at any host."""
    return find_pause(connection, "", "") is not None


def count_under_way(connection: Connection, now: int) -> int:
    """Return how many receipts, registrations and deliveries are being worked on at any host."""
    return sum(
        connection.scalar(
            select(func.count()).where(table.c.lease.is_not(None), table.c.due_at > now)
        )
        or 0
        for table in (receipts, registrations, deliveries)
    )


def prolong(connection: Connection, client: str, upstream: str, seen: int, until: int) -> bool:
    """Move the end of a pause that was seen to end at `seen`.

    Returns False when somebody else did so first, or the pause is over.
    """
    mine = update(pauses).filter_by(client=client, upstream=upstream, until=seen)
    return connection.execute(mine.values(until=until)).rowcount > 0


def try_credentials(connection: Connection, client: str, now: int) -> None:
    """Let what is paused because it refuses a client's credentials be tried now: they changed."""
    paused = update(pauses).where(
        pauses.c.client == client, pauses.c.cause == Cause.CREDENTIALS, pauses.c.until > now
    )
    connection.execute(paused.values(until=now))


def resume(
    connection: Connection, client: str, upstream: str, now: int, *, by_operator: bool = False
) -> bool:
    """End a pause, if there is one; that of an operator only `by_operator`."""
    ending = delete(pauses).where(pauses.c.client == client, pauses.c.upstream == upstream)
    if not by_operator:
        ending = ending.where(pauses.c.cause != Cause.OPERATOR)
    ended = connection.execute(ending).rowcount > 0
    if ended:
        remember(connection, now, client, "resumed", "", target=upstream)
    return ended
