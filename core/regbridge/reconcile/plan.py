"""Begins the passes of one client's events: those that are due, or one that a person asks for."""

from __future__ import annotations

from typing import Any

from regbridge.models import Client, Event
from regbridge.reconcile.attendees import BY_SCHEDULE
from regbridge.reconcile.schedule import Due, Past, due_now, is_old, since
from regbridge.store.differences import has_unsent
from regbridge.store.passes import (
    NewPass,
    begin_passes,
    last_pass,
    newest_change,
    running_pass,
)

_KEPT_FOR_THEM_MS = 3_600_000
"""So old is at most what a person is shown who had to begin a command again."""


def find_due(connection: Any, client: Client, now: int) -> list[NewPass]:
    """Return the passes of a client that are due and do not run."""
    rules = client.reconcile
    found = []
    for event in client.events.values():
        if running_pass(connection, client.name, event.id) is None:
            due = due_now(past_of(connection, client.name, event.id), rules, now)
            if due:
                chosen = {"fixes": rules.fix, "overwrites": rules.overwrite}
                found.append(_new(client, event, due, BY_SCHEDULE, **chosen))
    return found


def begin_one(
    connection: Any, client: Client, event: Event, made_by: str, now: int, *, full: bool
) -> None:
    """Begin a pass that a person asks for, unless one of the event is under way.

    It sends nothing by itself. It is a full one too if the last full one is old, or if the last
    ones found what was not sent. If their last one came to its end without them, because the
    command was killed, that is what they are shown.
    """
    rules = client.reconcile
    past = past_of(connection, client.name, event.id)
    if _has_not_seen(past.last, made_by, now, full=full):
        return
    full = full or past.has_unsent or is_old(past, rules, now)
    due = Due(None if full else since(past, rules))
    new = _new(client, event, due, made_by, fixes=False, overwrites=False)
    begin_passes(connection, [new], now)


def _has_not_seen(row: Any | None, who: str, now: int, *, full: bool) -> bool:
    """Say whether a person asked for a pass and was not shown what it found a while ago."""
    return (
        row is not None
        and row.made_by == who
        and not row.shown
        and (row.since is None or not full)
        and now - row.finished_at < _KEPT_FOR_THEM_MS
    )


def past_of(connection: Any, client: str, event: str) -> Past:
    """Return what passes of an event have been."""
    return Past(
        last_pass(connection, client, event),
        last_pass(connection, client, event, full=True),
        newest_change(connection, client, event),
        has_unsent(connection, client, event),
    )


def _new(
    client: Client, event: Event, due: Due, made_by: str, *, fixes: bool, overwrites: bool
) -> NewPass:
    return NewPass(
        client=client.name,
        event_stub=event.id,
        event=event.name,
        since=due.since,
        fixes=fixes,
        overwrites=overwrites,
        made_by=made_by,
    )
