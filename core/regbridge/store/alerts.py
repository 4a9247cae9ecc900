"""What is worth an alert, and which alerts were sent."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, delete, func, select, update

from regbridge.models import ReceiptKind
from regbridge.store.pauses import Cause
from regbridge.store.sql import among, insert_if_new
from regbridge.store.tables import State, alerts, pauses, receipts, registrations

HOUR = 3_600_000


@dataclass(frozen=True, slots=True)
class Sent:
    """The alert before the one that was just claimed; None where there was none."""

    about: int
    at: int


def parked_registrations(connection: Connection, clients: Collection[str]) -> list[Any]:
    """Return rows (client, parked, newest): how many, and when the newest was, in ms."""
    at = func.max(registrations.c.settled_at).label("newest")
    statement = select(registrations.c.client, func.count().label("parked"), at).where(
        among(registrations.c.client, clients), registrations.c.state == State.PARKED
    )
    return list(connection.execute(statement.group_by(registrations.c.client)))


def unread_messages(connection: Connection, since: int) -> list[Any]:
    """Return rows (client, parked, newest) of messages that cannot be read, arrived since then."""
    at = func.max(receipts.c.received_at).label("newest")
    statement = select(receipts.c.client, func.count().label("parked"), at).where(
        receipts.c.received_at > since, receipts.c.state == State.PARKED
    )
    return list(connection.execute(statement.group_by(receipts.c.client)))


def troubled(connection: Connection) -> list[Any]:
    """Return the pauses that nobody asked for: client, upstream, cause, since, until."""
    found = select(pauses).where(pauses.c.cause != Cause.OPERATOR)
    return list(connection.execute(found.order_by(pauses.c.client, pauses.c.upstream)))


def has_arrived(connection: Connection, client: str, endpoint: str, since: int) -> bool:
    """Say whether Cvent has posted a message to an endpoint since a time."""
    found = select(receipts.c.id).where(
        receipts.c.received_at > since,
        receipts.c.kind == ReceiptKind.WEBHOOK,
        receipts.c.client == client,
        receipts.c.endpoint == endpoint,
    )
    return connection.scalar(found.limit(1)) is not None


def last_arrival(connection: Connection, client: str, endpoint: str) -> int | None:
    """Return when the last message arrived at an endpoint, in ms; None before the first."""
    found = (
        select(receipts.c.received_at)
        .where(
            receipts.c.client == client,
            receipts.c.endpoint == endpoint,
            receipts.c.kind == ReceiptKind.WEBHOOK,
        )
        .order_by(receipts.c.received_at.desc())
    )
    at: int | None = connection.scalar(found.limit(1))
    return at


def claim_alert(
    connection: Connection, cause: str, about: int, now: int
) -> tuple[bool, Sent | None]:
    """Say whether this host is to send an alert, and what the one before it was.

    At most one of a cause in an hour, whatever the number of hosts; and none that tells nothing
    new: `about` is the time of the newest thing that it tells.
    """
    new = insert_if_new(connection, alerts).values(cause=cause, about=about, sent_at=now)
    if connection.scalar(new.returning(alerts.c.cause)) is not None:
        return True, None
    before = connection.execute(
        select(alerts.c.about, alerts.c.sent_at).where(alerts.c.cause == cause)
    ).one()
    mine = update(alerts).where(
        alerts.c.cause == cause,
        alerts.c.about == before.about,
        alerts.c.about < about,
        alerts.c.sent_at <= now - HOUR,
    )
    claimed = connection.execute(mine.values(about=about, sent_at=now)).rowcount > 0
    return claimed, Sent(before.about, before.sent_at)


def give_back_alert(connection: Connection, cause: str, before: Sent | None) -> None:
    """Undo a claim whose alert could not be sent."""
    if before is None:
        connection.execute(delete(alerts).where(alerts.c.cause == cause))
    else:
        mine = update(alerts).where(alerts.c.cause == cause)
        connection.execute(mine.values(about=before.about, sent_at=before.at))
