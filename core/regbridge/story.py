"""Stories of the ledger: one registrant's, or one receipt's, as plain values."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from regbridge.store import received, report
from regbridge.store.bodies import read_bodies
from regbridge.store.clock import moment
from regbridge.store.engine import Store
from regbridge.store.sealed import is_damaged

Story = dict[str, Any]


def registrant_stories(store: Store, text: str, client: str, *, body: bool) -> list[Story]:
    """Return the story of every registrant that a text names; `body` adds what was received."""
    rows = store.read(lambda c: report.find_registrations(c, text, client))
    return _stories(store, rows, body)


def registration_story(store: Store, number: int, *, body: bool) -> Story | None:
    """Return the story of the registrant whom a registration is about, or None."""
    rows = store.read(lambda c: report.revisions_beside(c, number))
    return next(iter(_stories(store, rows, body)), None)


def receipt_story(store: Store, number: int, *, body: bool) -> Story | None:
    """Return the story of a receipt, or None; `body` adds the message as it arrived."""
    row = store.read(lambda c: received.find_receipt(c, number))
    if row is None:
        return None
    message = store.read(lambda c: read_bodies(c, [number])).get(number, b"")
    happenings = store.read(lambda c: received.receipt_history(c, number))
    story: Story = {
        "receipt": row.id,
        "client": row.client,
        "kind": row.kind,
        "endpoint": row.endpoint,
        "received_at": moment(row.received_at),
        "event_type": row.event_type,
        "message_time": row.message_time_text,
        "message_stub": row.message_stub,
        "state": row.state,
        "reason": row.reason,
        "arrivals": row.arrivals,
        "records": row.record_count,
        "size": len(message),
        "registrations": [
            dict(each._mapping) for each in store.read(lambda c: received.states_of(c, number))
        ],
        "history": [_happening(each) for each in happenings],
    }
    if body:
        story["body"] = message.decode("utf-8", "backslashreplace")
    return story


def _stories(store: Store, rows: Sequence[Any], body: bool) -> list[Story]:
    ids = [row.id for row in rows]
    deliveries = _grouped(store.read(lambda c: report.deliveries_of(c, ids)))
    happenings = _grouped(store.read(lambda c: report.history_of(c, ids)))
    stories: dict[Any, Story] = {}
    for row in rows:
        # A record that names nobody is a story of its own.
        key = row.registrant_id or f"registration {row.id}"
        story = stories.setdefault(key, _about(row))
        story |= {name: value for name, value in _person(row).items() if value}
        revision = _revision(row)
        revision["deliveries"] = [_delivery(each) for each in deliveries[row.id]]
        revision["history"] = [_happening(each) for each in happenings[row.id]]
        if body:
            revision["received"] = _fields(row.payload)
        story["registrations"].append(revision)
    return list(stories.values())


def _grouped(rows: Iterable[Any]) -> Mapping[int, list[Any]]:
    groups = defaultdict(list)
    for row in rows:
        groups[row.registration_id].append(row)
    return groups


def _about(row: Any) -> Story:
    return {
        "client": row.client,
        "subject": row.subject or "",
        **_person(row),
        "registrations": [],
    }


def _person(row: Any) -> Story:
    """Return who a revision names; a later one may name somebody else (a substitution)."""
    return {
        "name": row.name,
        "email": row.email,
        "confirmation": row.confirmation,
        "event": row.event_stub,
    }


def _revision(row: Any) -> Story:
    return {
        "registration": row.id,
        "kind": row.kind,
        "event_type": row.event_type,
        "message_time": row.message_time_text,
        "received_at": moment(row.received_at),
        "receipt": row.receipt_id,
        "receipt_kind": row.receipt_kind,
        "endpoint": row.endpoint,
        **_person(row),
        "state": row.state,
        "reason": row.reason,
        "field": row.field,
        "attempts": row.attempts,
        "settled_at": moment(row.settled_at),
    }


def _delivery(row: Any) -> Story:
    return {
        "target": row.target,
        "state": row.state,
        "reason": row.reason,
        "field": row.field,
        "outcome": row.outcome,
        "external_id": row.external_id,
        "attempts": row.attempts,
        "configuration": row.configuration,
        "begun_at": moment(row.begun_at),
        "settled_at": moment(row.settled_at),
        "batch": row.batch,
        "record": _fields(row.record),
    }


def _fields(kept: str | bytes | None) -> Any:
    return json.loads(kept) if kept and not is_damaged(kept) else {}


def _happening(row: Any) -> Story:
    return {
        "at": moment(row.at),
        "happening": row.happening,
        "target": row.target,
        "text": row.text,
    }
