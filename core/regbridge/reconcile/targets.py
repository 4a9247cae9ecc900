"""Compares what a target has with what was delivered there."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import msgspec

from regbridge.errors import RejectedError, RetryableError
from regbridge.models import KeyedOn, Record, Target
from regbridge.reconcile.step import Bench, require
from regbridge.store.differences import Difference, Found, add_differences, drop_differences
from regbridge.store.leases import Lease
from regbridge.store.passes import put_down
from regbridge.store.standing import SETTLED, count_purged, delivered_to

_BATCH = 1_000
_MOST_PAGES = 100_000
_MOST_EXTRA = 1_000
"""So many records that nobody delivered are listed one by one; the others are counted."""


@dataclass(slots=True)
class _Standing:
    """What a target should have under one key; `fields` is JSON, None if it is not compared."""

    order: tuple[int, int, int]
    row: Any
    fields: bytes | None = None


@dataclass(slots=True)
class _Comparison:
    """What is known at some moment of comparing one target."""

    by_key: dict[str, _Standing]
    found: list[Found] = field(default_factory=list)
    rows: int = 0
    extra: int = 0


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

    Raises what `list_delivered` raises; a page that the target knows no longer is tried again.
    """
    began_at = bench.clock()
    comparison = _Comparison(_standing(bench, row, target, began_at))
    compared = sum(each.fields is not None for each in comparison.by_key.values())
    try:
        for page in _pages(bench, target):
            for key, fields in page:
                _look_at(comparison, target, key, fields)
    except RejectedError as error:
        raise RetryableError(f"the target {target.name} cannot be read: {error}") from error
    missing = [each for each in comparison.by_key.values() if each.fields is not None]
    comparison.found += [_missing(target, each.row) for each in missing]
    purged = bench.store.read(lambda c: count_purged(c, row.client, target.name))
    account = json.loads(row.account or "{}")
    account.setdefault("targets", {})[target.name] = {
        "rows": comparison.rows,
        "compared": compared,
        "extra": comparison.extra,
        "purged": purged,
    }
    now = lease.at(bench.clock())

    def write(connection: Any) -> None:
        drop_differences(connection, row.id, target.name)
        add_differences(connection, row.id, comparison.found, now.now)
        require(put_down(connection, row.id, now, {"account": json.dumps(account)}))

    bench.store.write(write)


def _pages(bench: Bench, target: Target) -> Iterator[list[tuple[str, Mapping[str, Any]]]]:
    token = ""
    for _ in range(_MOST_PAGES):
        page = bench.pipeline.delivered(target, token)
        yield [(each.key, each.fields) for each in page.records]
        token = page.next_page
        if not token:
            return
    raise RetryableError(f"what the target {target.name} has is listed without an end")


def _standing(bench: Bench, row: Any, target: Target, began_at: int) -> dict[str, _Standing]:
    """Return what the target should have, by key; of other events only that it is known."""
    newest: dict[tuple[Any, str], tuple[tuple[int, int, int], int]] = {}
    by_key: dict[str, _Standing] = {}
    by_contact = target.keyed_on is KeyedOn.CONTACT
    above = 0
    while rows := bench.store.read(
        lambda c, above=above: delivered_to(c, row.client, target.name, above, _BATCH)  # type: ignore[misc]
    ):
        above = rows[-1].id
        for each in rows:
            order = (each.order_0, each.order_1, each.order_2)
            whose = (each.registrant_id or -each.registration_id, each.contact_stub * by_contact)
            if order > newest.get(whose, ((0, 0, 0), 0))[0]:
                newest[whose] = (order, each.id)
            _put(bench, row, target, each, order, began_at, by_key)
    last = {number for _, number in newest.values()}
    for each in by_key.values():
        if each.row.id not in last:  # a newer one has another key: this one need not be there
            each.fields = None
    return by_key


def _put(
    bench: Bench,
    row: Any,
    target: Target,
    delivery: Any,
    order: tuple[int, int, int],
    began_at: int,
    by_key: dict[str, _Standing],
) -> None:
    if not delivery.record:
        return
    try:
        there = bench.pipeline.as_delivered(_record(delivery), target)
    except RejectedError:  # by today's settings the target could not have it
        return
    before = by_key.get(there.key)
    if before and before.order > order:
        return
    is_compared = (
        delivery.event_stub == row.event_stub
        and delivery.state in SETTLED
        and (delivery.settled_at or 0) < began_at
    )
    fields = msgspec.json.encode(there.fields) if is_compared else None
    by_key[there.key] = _Standing(order, delivery, fields)


def _look_at(comparison: _Comparison, target: Target, key: str, fields: Mapping[str, Any]) -> None:
    comparison.rows += 1
    standing = comparison.by_key.get(key)
    if standing is None:
        comparison.extra += 1
        if comparison.extra <= _MOST_EXTRA:
            text = f"nothing was delivered under the key {key}"
            found = Found(kind=Difference.EXTRA_THERE, target=target.name, text=text)
            comparison.found.append(found)
        return
    if standing.fields is None:
        return
    ours = msgspec.json.decode(standing.fields)
    standing.fields = None  # it is there
    theirs = msgspec.json.decode(msgspec.json.encode(dict(fields)))
    changed = {
        name: [value, theirs.get(name)] for name, value in ours.items() if theirs.get(name) != value
    }
    if changed:
        comparison.found.append(_changed(target, standing.row, changed))


def _changed(target: Target, delivery: Any, changed: Mapping[str, Any]) -> Found:
    return Found(
        kind=Difference.CHANGED_THERE,
        subject=delivery.subject or "",
        name=delivery.name,
        target=target.name,
        text=f"changed there since it was delivered: {', '.join(changed)}",
        changes=msgspec.json.encode(changed).decode(),
        registration=delivery.registration_id,
        delivery=delivery.id,
    )


def _missing(target: Target, delivery: Any) -> Found:
    return Found(
        kind=Difference.MISSING_THERE,
        subject=delivery.subject or "",
        name=delivery.name,
        target=target.name,
        text="delivered, and not there any more",
        registration=delivery.registration_id,
        delivery=delivery.id,
    )


def _record(delivery: Any) -> Record:
    return Record(
        fields=msgspec.json.decode(delivery.record),
        delivery=delivery.id,
        registration=delivery.registration_id,
        registrant=delivery.subject or "",
        contact_stub=delivery.contact_stub,
        previous_contact_stub=delivery.previous_contact_stub,
        external_id=delivery.external_id,
    )
