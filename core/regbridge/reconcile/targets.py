"""Compares what a target has with what was delivered there."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import msgspec

from regbridge.errors import RejectedError, RetryableError
from regbridge.models import Delivered, KeyedOn, Record, Target
from regbridge.reconcile.step import Bench, require
from regbridge.store.clock import from_ms
from regbridge.store.differences import Difference, Found, add_differences
from regbridge.store.leases import Lease
from regbridge.store.passes import put_down
from regbridge.store.sealed import is_damaged
from regbridge.store.standing import SETTLED, delivered_to

_BATCH = 1_000
_MOST_PAGES = 100_000
_MOST_EXTRA = 1_000
"""So many records that nobody delivered are named one by one; the others are counted."""

_BEFORE_ALL = (0, 0, 0)


class _Delivery(NamedTuple):
    """What is said about a delivery; its record is not held, there may be many."""

    id: int
    registration: int
    subject: str
    name: str


_NOBODYS = _Delivery(0, 0, "", "")


@dataclass(slots=True)
class _Standing:
    """The newest delivery of a registrant; `key` is "" where nobody can say it.

    `fields` is JSON, None when it is not compared. `written_at` is when the target was last given
    anything of the registrant.
    """

    order: tuple[int, int, int] = _BEFORE_ALL
    written_at: int = 0
    delivery: _Delivery = _NOBODYS
    key: str = ""
    fields: bytes | None = None


@dataclass(slots=True)
class _Seen:
    """What reading a target has brought so far."""

    rows: int = 0
    extra: list[str] = field(default_factory=list)
    extra_count: int = 0
    changed: list[Found] = field(default_factory=list)


def targets_left(bench: Bench, row: Any) -> list[Target]:
    """Return the targets that a pass has still to read; an incremental one reads none."""
    if row.since is not None:
        return []
    done = json.loads(row.account or "{}").get("targets", {})
    return [
        target
        for target in bench.client.targets.values()
        if target.name not in done and bench.pipeline.can_read_back(target.name)
    ]


def compare_target(bench: Bench, row: Any, lease: Lease, target: Target) -> None:
    """Read a target and write down what it lacks, has otherwise, and has beyond that.

    What it is given meanwhile is left to the next time.

    Raises what `list_delivered` raises; a page that the target knows no longer is tried again.
    """
    ledger = _Ledger(bench, row, target)
    compared = sum(each.fields is not None for each in ledger.by_key.values())
    seen = _Seen()
    try:
        for record in _listed(bench, target):
            _look_at(ledger.by_key, seen, target, record)
    except RejectedError as error:
        raise RetryableError(f"the target {target.name} cannot be read: {error}") from error
    ledger.leave_alone(seen)
    found = seen.changed + [
        _missing(target, each.delivery) for each in ledger.by_key.values() if each.fields
    ]
    if seen.extra_count > ledger.unknown:  # else they may all be of deliveries that were purged
        found += [_extra(target, key) for key in seen.extra]
    account = json.loads(row.account or "{}")
    account.setdefault("targets", {})[target.name] = {
        "read_at": from_ms(ledger.began_at).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "rows": seen.rows,
        "compared": compared,
        "extra": seen.extra_count,
        "unknown": ledger.unknown,
    }
    now = lease.at(bench.clock())

    def write(connection: Any) -> None:
        add_differences(connection, row.id, found, now.now)
        require(put_down(connection, row.id, now, {"account": json.dumps(account)}))

    bench.store.write(write)


class _Ledger:
    """What a target should have by the ledger, by key.

    Of other events it is only known that they are there. `unknown` counts deliveries of which
    nobody can say any more where they are: purged, or not possible with today's settings.
    `began_at` is when reading began.
    """

    def __init__(self, bench: Bench, row: Any, target: Target) -> None:
        self.unknown = 0
        self._bench = bench
        self._client = row.client
        self._event = row.event_stub
        self._target = target
        self.began_at = bench.clock()
        self._registrants: dict[tuple[int, str], _Standing] = defaultdict(_Standing)
        self._keys: set[str] = set()
        for delivery in self._deliveries():
            self._take(delivery)
        self.by_key = self._by_key()

    def leave_alone(self, seen: _Seen) -> None:
        """Take out of what was seen whatever the target was given since reading began."""
        keys, ours = set[str](), set[int]()
        for delivery in self._deliveries(self.began_at):
            there = self._as_delivered(delivery)
            key = there.key if there else ""
            keys.add(key)
            for standing in (self._standing(delivery), self.by_key.get(key, _Standing())):
                ours.add(standing.delivery.id)
                standing.fields = None
        seen.changed = [each for each in seen.changed if each.delivery not in ours]
        extra = [key for key in seen.extra if key not in keys]
        seen.extra_count -= len(seen.extra) - len(extra)
        seen.extra = extra

    def _deliveries(self, since: int | None = None) -> Iterator[Any]:
        above = 0
        while batch := self._bench.store.read(
            lambda c, above=above: delivered_to(  # type: ignore[misc]
                c, self._client, self._target.name, above, _BATCH, since
            )
        ):
            above = batch[-1].id
            yield from batch

    def _take(self, delivery: Any) -> None:
        there = self._as_delivered(delivery)
        if there is None:
            self.unknown += 1
        else:
            self._keys.add(there.key)
        standing = self._standing(delivery)
        if delivery.reached:
            standing.written_at = max(standing.written_at, delivery.settled_at or 0)
        order = (delivery.order_0, delivery.order_1, delivery.order_2)
        if order > standing.order:
            said = (delivery.id, delivery.registration_id, delivery.subject or "", delivery.name)
            standing.order, standing.delivery = order, _Delivery(*said)
            standing.key = there.key if there else ""
            compares = there is not None and self._compares(delivery)
            standing.fields = msgspec.json.encode(there.fields) if there and compares else None

    def _standing(self, delivery: Any) -> _Standing:
        contact = delivery.contact_stub if self._target.keyed_on is KeyedOn.CONTACT else ""
        return self._registrants[delivery.registrant_id or -delivery.registration_id, contact]

    def _by_key(self) -> dict[str, _Standing]:
        """Return what should be there by key; of several registrants, who was written last.

        A key under which only older deliveries were is known, and need not be there.
        """
        found = {key: _Standing() for key in self._keys}
        for standing in self._registrants.values():
            if standing.key and standing.written_at >= found[standing.key].written_at:
                found[standing.key] = standing
        return found

    def _as_delivered(self, delivery: Any) -> Delivered | None:
        if not delivery.record or is_damaged(delivery.record):
            return None
        try:
            return self._bench.pipeline.as_delivered(_record(delivery), self._target)
        except RejectedError:
            return None

    def _compares(self, delivery: Any) -> bool:
        return delivery.event_stub == self._event and delivery.state in SETTLED


def _listed(bench: Bench, target: Target) -> Iterator[Delivered]:
    token = ""
    for _ in range(_MOST_PAGES):
        page = bench.pipeline.delivered(target, token)
        yield from page.records
        token = page.next_page
        if not token:
            return
    raise RetryableError(f"what the target {target.name} has is listed without an end")


def _look_at(
    by_key: Mapping[str, _Standing], seen: _Seen, target: Target, record: Delivered
) -> None:
    seen.rows += 1
    standing = by_key.get(record.key)
    if standing is None:
        seen.extra_count += 1
        if len(seen.extra) < _MOST_EXTRA:
            seen.extra.append(record.key)
    elif standing.fields:
        ours = msgspec.json.decode(standing.fields)
        standing.fields = None  # it is there
        theirs = msgspec.json.decode(msgspec.json.encode(dict(record.fields)))
        changes = {name: [ours[name], theirs.get(name)] for name in ours}
        if changes := {n: pair for n, pair in changes.items() if pair[0] != pair[1]}:
            seen.changed.append(_changed(target, standing.delivery, changes))


def _changed(target: Target, delivery: _Delivery, changes: Mapping[str, Any]) -> Found:
    return Found(
        kind=Difference.CHANGED_THERE,
        subject=delivery.subject,
        name=delivery.name,
        target=target.name,
        text=f"changed there since it was delivered: {', '.join(changes)}",
        changes=msgspec.json.encode(changes).decode(),
        registration=delivery.registration,
        delivery=delivery.id,
    )


def _missing(target: Target, delivery: _Delivery) -> Found:
    return Found(
        kind=Difference.MISSING_THERE,
        subject=delivery.subject,
        name=delivery.name,
        target=target.name,
        text="delivered, and not there any more",
        registration=delivery.registration,
        delivery=delivery.id,
    )


def _extra(target: Target, key: str) -> Found:
    text = f"nothing was delivered under the key {key}"
    return Found(kind=Difference.EXTRA_THERE, target=target.name, text=text)


def _record(delivery: Any) -> Record:
    return Record(
        fields=msgspec.json.decode(delivery.record),
        delivery=delivery.id,
        registration=delivery.registration_id,
        registrant=delivery.subject or "",
        contact_stub=delivery.contact_stub,
        previous_contact_stub=delivery.previous_contact_stub,
        external_id=delivery.external_id,
        event_stub=delivery.event_stub,
        message_time=None if delivery.message_time is None else from_ms(delivery.message_time),
    )
