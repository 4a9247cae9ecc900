"""The result of a pass: how many are at Cvent, here, and at each target, and what differs."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from regbridge.pipeline import Pipeline
from regbridge.store.account import count_attendees, count_here, count_there
from regbridge.store.compared import was_told
from regbridge.store.differences import Difference, count_differences
from regbridge.store.passes import last_pass
from regbridge.store.tables import State

Account = Mapping[str, Any]

_THERE = (State.DELIVERED, State.UNCHANGED)


def take_account(connection: Any, row: Any, pipeline: Pipeline) -> dict[str, Any]:
    """Return the columns that end a pass: its account as JSON, and whom no webhook told of."""
    found = count_differences(connection, row.id)
    before = last_pass(connection, row.client, row.event_stub)
    missing = found.get((Difference.MISSING_HERE, ""))
    untold = 0
    if missing and before and not was_told(connection, row.client, row.event_stub, before.began_at):
        untold = missing.count
    account = count_all(connection, row, pipeline)
    return {"account": json.dumps(account), "untold": untold}


def count_all(connection: Any, row: Any, pipeline: Pipeline) -> dict[str, Any]:
    """Return the account of a pass's event as it is now, with what the pass found."""
    client, event = row.client, row.event_stub
    statuses = pipeline.client.reconcile.statuses
    at_cvent, others = count_attendees(connection, client, event, statuses)
    here, forgotten, states = count_here(connection, client, event, statuses)
    full = row if row.since is None else last_pass(connection, client, event, full=True)
    read = json.loads(full.account or "{}").get("targets", {}) if full else {}
    targets = {}
    for name in pipeline.client.targets:
        number = full.id if full else row.id
        there = count_there(connection, number, client, event, name, statuses)
        targets[name] = {
            **_read(read.get(name, {})),
            "can_be_read": pipeline.can_read_back(name),
            "there": sum(there.get(state, 0) for state in _THERE),
            "states": there,
        }
    return {
        "statuses": sorted(statuses),
        "at_cvent": at_cvent,
        "others_at_cvent": others,
        "here": here,
        "forgotten": forgotten,
        "states": states,
        "targets": targets,
        "differences": [
            {"kind": kind, "target": target, "count": each.count, "sent": each.sent}
            for (kind, target), each in sorted(count_differences(connection, row.id).items())
        ],
    }


def _read(found: Mapping[str, Any]) -> dict[str, Any]:
    names = ("read_at", "rows", "compared", "extra", "unknown")
    return {name: found[name] for name in names if name in found}


def sentence(account: Account) -> str:
    """Return an account in one line: "12,408 at Cvent, 12,408 here, 12,405 at crm: 3 parked"."""
    parts = [f"{account['at_cvent']:,} at Cvent", f"{account['here']:,} here"]
    parts += [f"{each['there']:,} at {name}" for name, each in account["targets"].items()]
    why = "; ".join(_reasons(account))
    return ", ".join(parts) + (f": {why}" if why else "")


def _reasons(account: Account) -> Iterator[str]:
    """Yield why the numbers differ."""
    if missing := account["at_cvent"] - account["here"] - account["forgotten"]:
        yield f"{missing:,} not here"
    several = len(account["targets"]) > 1
    for name, each in account["targets"].items():
        at = f" at {name}" if several else ""
        for state, count in sorted(each["states"].items()):
            if state not in _THERE and count:
                yield f"{count:,} {state if state != Difference.MISSING_THERE else 'missing'}{at}"
    if account["forgotten"]:
        yield f"{account['forgotten']:,} forgotten"
