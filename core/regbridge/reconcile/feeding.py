"""Sends what a pass found: records as receipts, and what targets lack as deliveries."""

from __future__ import annotations

import json
from typing import Any

from regbridge.models import Endpoint, KeyedOn, ReceiptKind
from regbridge.reconcile.attendees import BY_SCHEDULE
from regbridge.reconcile.records import message_of
from regbridge.reconcile.step import Bench, require
from regbridge.store.clock import from_ms
from regbridge.store.differences import (
    Difference,
    count_differences,
    deliveries_under_way,
    receipts_of,
    records_to_send,
    send_deliveries,
    send_records,
)
from regbridge.store.intake import Arrival
from regbridge.store.leases import Lease
from regbridge.store.passes import Step, put_down
from regbridge.store.report import unsettled

MOST_RECORDS = 20_000
MOST_BYTES = 30_000_000
"""How large a receipt becomes, about."""

FEW = 20
"""So many records a target may always lack; more than a tenth of all asks for a person."""


def feed(bench: Bench, row: Any, lease: Lease) -> bool:
    """Store one receipt of what was found; return False when nothing is left to store."""
    rows = bench.store.read(lambda c: records_to_send(c, row.id, MOST_RECORDS, MOST_BYTES))
    if not rows:
        return False
    now = lease.at(bench.clock())
    kind, ids = rows[0].event_type, [each.id for each in rows]
    stub = f"reconcile-{row.id}-{ids[0]}"
    at = from_ms(row.began_at)
    arrival = Arrival(
        client=row.client,
        endpoint=_endpoint(bench, row.event).name,
        body=message_of(kind, stub, at, [each.record for each in rows]),
        received_at=from_ms(now.now),
        event_type=kind,
        message_stub=stub,
        message_time=at,
        message_time_text=at.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        record_count=len(rows),
        kind=ReceiptKind.RECONCILE,
    )

    def store(connection: Any) -> None:
        send_records(connection, ids, arrival, now.now)
        require(put_down(connection, row.id, now, {}))

    bench.store.write(store)
    return True


def resend(bench: Bench, row: Any, lease: Lease) -> int:
    """Have targets given what they lack, and what they have otherwise if the pass overwrites.

    Returns how many deliveries are on their way.
    """
    now = lease.at(bench.clock())
    kinds = [Difference.MISSING_THERE, *([Difference.CHANGED_THERE] if row.overwrites else [])]
    by_contact = [
        target.name
        for target in bench.client.targets.values()
        if target.keyed_on is KeyedOn.CONTACT
    ]

    def send(connection: Any) -> int:
        targets = _targets(connection, bench, row)
        count = send_deliveries(connection, row, kinds, targets, by_contact, now.now)
        values = {"step": Step.SETTLE_AGAIN, "waiting": 0, "waiting_since": None}
        require(put_down(connection, row.id, now, values))
        return count

    return bench.store.write(send)


def still_waits(connection: Any, number: int) -> int:
    """Return how much of what a pass sent is on its way."""
    return unsettled(connection, receipts_of(connection, number)) + deliveries_under_way(
        connection, number
    )


def _targets(connection: Any, bench: Bench, row: Any) -> list[str]:
    """Return the targets that may be given what they lack.

    One that lacks so much was perhaps emptied on purpose, and some are never restored unasked. A
    pass that a person makes sends all that it has shown.
    """
    targets = list(bench.client.targets)
    if row.made_by != BY_SCHEDULE:
        return targets
    read = json.loads(row.account or "{}").get("targets", {})
    found = count_differences(connection, row.id)
    allowed = []
    for name in targets:
        lacks = found.get((Difference.MISSING_THERE, name))
        most = max(FEW, read.get(name, {}).get("compared", 0) // 10)
        restores = bench.pipeline.target_plugin(name).restores
        if lacks is None or (restores and lacks.count <= most):
            allowed.append(name)
    return allowed


def _endpoint(bench: Bench, event: str) -> Endpoint:
    """Return the endpoint that takes an event's messages."""
    endpoints = list(bench.client.endpoints.values())
    takes = (each for each in endpoints if not each.events or event in each.events)
    return next(takes, endpoints[0])
