"""What passes found, as plain values for commands, pages and scripts."""

from __future__ import annotations

import json
from typing import Any

from regbridge.store.clock import moment
from regbridge.store.differences import differences_of
from regbridge.store.passes import latest_passes

Plain = dict[str, Any]

NO_LIMIT = 1_000_000


def proofs(connection: Any, client: str = "") -> list[Plain]:
    """Return, for each event, its last finished pass and the one that is under way."""
    return [plain_pass(row) for row in latest_passes(connection, client)]


def plain_pass(row: Any) -> Plain:
    """Return a pass; `account` is None until it is finished."""
    return {
        "pass": row.id,
        "client": row.client,
        "event": row.event,
        "event_id": row.event_stub,
        "full": row.since is None,
        "since": moment(row.since),
        "made_by": row.made_by,
        "began_at": moment(row.began_at),
        "finished_at": moment(row.finished_at),
        "step": row.step if row.finished_at is None else "",
        "attendees": row.attendees,
        "total": row.total,
        "calls": row.calls,
        "problem": row.problem,
        "account": json.loads(row.account) if row.finished_at and row.account else None,
    }


def plain_differences(
    connection: Any, client: str, event: str, limit: int = NO_LIMIT
) -> list[Plain]:
    """Return what stands between Cvent, the ledger and the targets about an event, by name."""
    return [
        {
            "kind": row.kind,
            "target": row.target,
            "name": row.name,
            "invitee": row.subject.rpartition(":")[2],
            "registration": row.registration_id,
            "text": row.text,
            "changes": json.loads(row.changes) if row.changes else {},
            "receipt": row.receipt_id,
            "found_at": moment(row.found_at),
            "sent_at": moment(row.sent_at),
        }
        for row in differences_of(connection, client, event, limit)
    ]
