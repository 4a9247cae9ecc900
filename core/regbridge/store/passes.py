"""Passes: begun, claimed for one step, put down again, finished."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from sqlalchemy import Connection, delete, func, select, update

from regbridge.store.leases import Lease, held, take
from regbridge.store.proof_tables import differences, passes
from regbridge.store.sql import among, insert_if_new, insert_or_update
from regbridge.store.tables import limiter_calls

_KEPT = 7 * 86_400_000
"""For so many ms the results of passes are kept, beside the last one of each kind."""


class Step(StrEnum):
    """What a pass does next."""

    ATTENDEES = "attendees"
    FEED = "feed"
    SETTLE = "settle"
    TARGETS = "targets"
    RESEND = "resend"
    SETTLE_AGAIN = "settle again"
    FINISH = "finish"


@dataclass(frozen=True, slots=True)
class NewPass:
    """A pass to begin. `since` (ms) is None for a full one."""

    client: str
    event_stub: str
    event: str
    since: int | None
    fixes: bool
    overwrites: bool
    made_by: str


def begin_passes(connection: Connection, due: Sequence[NewPass], now: int) -> None:
    """Begin passes, each unless one of the same event is running."""
    for new in due:
        connection.execute(insert_if_new(connection, passes).values(_begun(new, now)))


def has_due(connection: Connection, client: str, now: int) -> bool:
    """Say whether a pass of a client is due."""
    due = select(passes.c.id).where(passes.c.client == client, passes.c.due_at <= now)
    return connection.scalar(due.limit(1)) is not None


def claim_pass(connection: Connection, client: str, event: str, lease: Lease) -> Any | None:
    """Claim a running pass of a client that is due (of one event, unless ""); None for none."""
    where = [passes.c.client == client, passes.c.due_at <= lease.now]
    if event:
        where.append(passes.c.event_stub == event)
    statement = select(passes).where(*where).order_by(passes.c.due_at, passes.c.id).limit(1)
    row = connection.execute(statement.with_for_update(skip_locked=True)).one_or_none()
    if row is not None:
        take(connection, passes, [row.id], lease)
    return row


def put_down(connection: Connection, number: int, lease: Lease, values: dict[str, Any]) -> bool:
    """Write what a step made of a pass, and free it; False when its lease was lost.

    It is due at once, or when `values` say. A caller that gets False must undo its transaction.
    """
    if not held(connection, passes, [number], lease.token):
        return False
    row = {"lease": None, "due_at": lease.now, "attempts": 0, "problem": "", **values}
    connection.execute(update(passes).where(passes.c.id == number).values(row))
    return True


def begin_again(connection: Connection, number: int, lease: Lease, due_at: int) -> None:
    """Let a pass read its event from the first page again."""
    problem = "Cvent no longer knows where the pass was, so it begins again"
    first = {"page": "", "attendees": 0, "due_at": due_at, "problem": problem}
    if put_down(connection, number, lease, first):
        connection.execute(delete(differences).where(differences.c.pass_id == number))


def finish_pass(connection: Connection, row: Any, lease: Lease, values: dict[str, Any]) -> bool:
    """End a pass; what earlier passes found goes once a full one found it anew."""
    end = {"finished_at": lease.now, "due_at": None, "page": ""}
    if not put_down(connection, row.id, lease, end | values):
        return False
    if row.since is None:
        earlier = select(passes.c.id).where(
            passes.c.client == row.client,
            passes.c.event_stub == row.event_stub,
            passes.c.id < row.id,
        )
        connection.execute(delete(differences).where(differences.c.pass_id.in_(earlier)))
        old = passes.c.began_at < lease.now - _KEPT
        connection.execute(delete(passes).where(passes.c.id.in_(earlier), old))
    return True


def reopen_pass(connection: Connection, row: Any, now: int, *, overwrites: bool) -> bool:
    """Let a finished pass send what it found; False when a later one of the event is there."""
    later = select(passes.c.id).where(
        passes.c.client == row.client, passes.c.event_stub == row.event_stub, passes.c.id > row.id
    )
    if connection.scalar(later.limit(1)) is not None:
        return False
    again = {"finished_at": None, "due_at": now, "step": Step.FEED, "fixes": True}
    mine = update(passes).where(passes.c.id == row.id)
    connection.execute(mine.values(again | {"overwrites": overwrites}))
    return True


def abandon_pass(connection: Connection, client: str, event: str) -> bool:
    """Remove the running pass of an event with what it found; say whether there was one."""
    running = select(passes.c.id).where(
        passes.c.client == client, passes.c.event_stub == event, passes.c.finished_at.is_(None)
    )
    ids = connection.scalars(running.with_for_update()).all()
    connection.execute(delete(differences).where(among(differences.c.pass_id, ids)))
    connection.execute(delete(passes).where(among(passes.c.id, ids)))
    return bool(ids)


def mark_shown(connection: Connection, client: str, event: str) -> None:
    """Remember that who asked has seen what an event's finished passes found."""
    unseen = update(passes).where(
        passes.c.client == client,
        passes.c.event_stub == event,
        passes.c.finished_at.is_not(None),
        ~passes.c.shown,
    )
    connection.execute(unseen.values(shown=True))


def running_pass(connection: Connection, client: str, event: str) -> Any | None:
    """Return the pass of an event that is under way."""
    found = select(passes).where(
        passes.c.client == client, passes.c.event_stub == event, passes.c.finished_at.is_(None)
    )
    return connection.execute(found).one_or_none()


def last_pass(
    connection: Connection, client: str, event: str, *, full: bool = False, before: int = 0
) -> Any | None:
    """Return the last finished pass of an event, the last full one with `full`.

    `before` is a pass to look before.
    """
    where = [
        passes.c.client == client,
        passes.c.event_stub == event,
        passes.c.finished_at.is_not(None),
    ]
    if full:
        where.append(passes.c.since.is_(None))
    if before:
        where.append(passes.c.id < before)
    found = select(passes).where(*where).order_by(passes.c.id.desc()).limit(1)
    return connection.execute(found).one_or_none()


def newest_change(connection: Connection, client: str, event: str) -> int | None:
    """Return the newest change (ms) that any pass of an event was shown."""
    found = select(func.max(passes.c.newest)).where(
        passes.c.client == client, passes.c.event_stub == event
    )
    newest: int | None = connection.scalar(found)
    return newest


def latest_passes(connection: Connection, client: str = "") -> Sequence[Any]:
    """Return the newest pass of every event that has finished, and every one that is under way."""
    mine = [passes.c.client == client] if client else []
    newest = (
        select(func.max(passes.c.id))
        .where(passes.c.finished_at.is_not(None), *mine)
        .group_by(passes.c.client, passes.c.event_stub)
    )
    last_or_running = passes.c.id.in_(newest) | passes.c.finished_at.is_(None)
    statement = select(passes).where(last_or_running, *mine)
    return connection.execute(
        statement.order_by(passes.c.client, passes.c.event, passes.c.id)
    ).all()


def count_call(connection: Connection, client: str, day: str) -> None:
    """Count one of Cvent's calls that a client's passes made on a day (GMT)."""
    one_more = {"calls": limiter_calls.c.calls + 1}
    today = insert_or_update(connection, limiter_calls, ("key", "day"), one_more)
    connection.execute(today.values(key=calls_key(client), day=day, calls=1))


def calls_on(connection: Connection, client: str, day: str) -> int:
    """Return how many calls a client's passes made on a day."""
    found = select(limiter_calls.c.calls).where(
        limiter_calls.c.key == calls_key(client), limiter_calls.c.day == day
    )
    return connection.scalar(found) or 0


def calls_key(client: str) -> str:
    """Return under which name a client's calls are counted."""
    return f"reconcile {client}"


def _begun(new: NewPass, now: int) -> dict[str, Any]:
    return {
        "client": new.client,
        "event_stub": new.event_stub,
        "event": new.event,
        "since": new.since,
        "fixes": new.fixes,
        "overwrites": new.overwrites,
        "made_by": new.made_by,
        "step": Step.ATTENDEES,
        "began_at": now,
        "due_at": now,
    }
