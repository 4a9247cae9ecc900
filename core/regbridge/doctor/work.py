"""What waits for a person, or for something that does not come."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any

from regbridge.models import Finding, Level
from regbridge.store.pauses import Cause
from regbridge.store.tables import State

_LONG = timedelta(hours=1)
_SHOWN = 10


def examine_work(figures: Mapping[str, Any], now: datetime) -> list[Finding]:
    """Say what is parked, paused or waiting too long, by the figures of `status`."""
    found = [
        *_parked(figures["reasons"]),
        *_unread(figures["parked_receipts"]),
        *(_paused(pause) for pause in figures["pauses"]),
        *_waiting(figures["pending_since"], now),
        *_compared(figures["proofs"]),
    ]
    return found or [Finding(Level.OK, "nothing waits for a person, and nothing waits for long")]


def _parked(reasons: list[Mapping[str, Any]]) -> Iterator[Finding]:
    parked = [row for row in reasons if row["state"] == State.PARKED]
    for row in parked[:_SHOWN]:
        are = "registration is" if row["count"] == 1 else "registrations are"
        text = f"{row['client']}: {row['count']} {are} parked: {row['reason']}"
        yield Finding(Level.WARNING, text, remedy=row["remedy"])
    if len(parked) > _SHOWN:
        text = f"{len(parked) - _SHOWN} further reasons why registrations are parked"
        yield Finding(Level.WARNING, text, remedy="`regbridge status` lists them")


def _unread(receipts: list[Mapping[str, Any]]) -> Iterator[Finding]:
    if receipts:
        are = (
            "message that cannot be read is"
            if len(receipts) == 1
            else "messages are unreadable and"
        )
        remedy = "`regbridge status` says why; `regbridge show --receipt NUMBER --body`"
        yield Finding(Level.WARNING, f"{len(receipts)} {are} parked", remedy=remedy)


def _paused(pause: Mapping[str, Any]) -> Finding:
    what = f"{pause['client']}: {pause['upstream']}" if pause["client"] else "the worker"
    text = f"{what} is paused since {pause['since']} ({pause['cause']}): {pause['reason']}"
    if pause["cause"] == Cause.OPERATOR:
        return Finding(Level.WARNING, text, remedy="`regbridge resume` ends it")
    return Finding(Level.WARNING, text, remedy="it goes on by itself once what it says is over")


def _waiting(since: str | None, now: datetime) -> Iterator[Finding]:
    if since is not None and now - datetime.fromisoformat(since) > _LONG:
        text = f"the oldest registration that waits arrived at {since}"
        remedy = "is the service running, and not paused? `regbridge show` says what it waits for"
        yield Finding(Level.WARNING, text, remedy=remedy)


def _compared(proofs: list[Mapping[str, Any]]) -> Iterator[Finding]:
    for proof in proofs:
        if proof["problem"]:
            text = f"{proof['client']}: comparing {proof['event']} waits: {proof['problem']}"
            yield Finding(Level.WARNING, text, remedy="`regbridge reconcile` says more")
