"""A ledger in which there is something of everything that is watched."""

from __future__ import annotations

import json
from typing import Any

from sqlalchemy import Connection
from tests.integration.watched.conftest import CVENT_TOKEN, PATH, ask, send

from regbridge.host import Host
from regbridge.store.clock import from_ms
from regbridge.store.passes import calls_key
from regbridge.store.pauses import Cause, pause
from regbridge.store.proof_tables import passes
from regbridge.store.tables import limiter_blocks, limiter_calls
from regbridge.testing.payloads import EVENT, encode, live, message, registrant, sync

ACCOUNT = {
    "at_cvent": 12,
    "here": 9,
    "forgotten": 1,
    "targets": {"crm": {"there": 8, "states": {}}},
    "differences": [
        {"kind": "missing here", "target": "", "count": 2, "sent": 1},
        {"kind": "changed there", "target": "crm", "count": 3, "sent": 0},
    ],
}
PROVED_AT = 1_800_000_000_000


def fill(host: Host) -> None:
    """Receive, refuse, deliver and park; then add what takes a vendor to come about."""
    send(host, encode(sync(5)))
    send(host, encode(live("InviteeOrGuestAccepted", registrant(7, email=""))))
    send(host, encode(message("ContactOptedOut", [{"contactStub": "c1"}])))
    for token in ("wrong", CVENT_TOKEN):
        ask(host, PATH, {"Authorization": token}, b"{}")
    host._flush.flush()
    now = host.counting.clock()
    host.store.write(lambda c: _add(c, now))


def _add(connection: Connection, now: int) -> None:
    pause(connection, "acme", "crm", Cause.QUOTA, "tenant 42 is out of calls", now + 60_000, now)
    day = f"{from_ms(now):%Y-%m-%d}"
    calls = {"cvent 1a2b3c4d": 417, calls_key("acme"): 12}
    for key, number in calls.items():
        row = {"key": key, "day": day, "calls": number, "per_day": 1_000}
        connection.execute(limiter_calls.insert().values(row))
    for key, until in (("cvent 1a2b3c4d", now + 60_000), ("dynamics crm", now - 1)):
        connection.execute(limiter_blocks.insert().values(key=key, until=until, reason="429"))
    ended = {"event": "conference", "event_stub": EVENT.lower(), "finished_at": PROVED_AT}
    running = {"event": "conference", "event_stub": EVENT.lower(), "due_at": now + 10**9}
    other = {"event": "of old", "event_stub": "another", "finished_at": PROVED_AT}
    for row in (
        {**ended, "account": json.dumps(ACCOUNT)},
        {**running, "problem": "Cvent does not answer"},
        {**other, "account": json.dumps(ACCOUNT)},
    ):
        connection.execute(passes.insert().values(_pass(now) | row))


def _pass(now: int) -> dict[str, Any]:
    return {"client": "acme", "made_by": "schedule", "step": "attendees", "began_at": now}
