"""What passes found: written, sent as receipts or as deliveries, listed for people."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from sqlalchemy import Connection, Select, func, or_, select, update

from regbridge.store.bulk import insert_rows
from regbridge.store.history import remember_all
from regbridge.store.intake import Arrival, store_receipts
from regbridge.store.proof_tables import differences, passes
from regbridge.store.revisions import lock_registrants, newer_revisions, roll_up
from regbridge.store.sealed import opened
from regbridge.store.sql import among
from regbridge.store.standing import SETTLED
from regbridge.store.tables import State, deliveries


class Difference(StrEnum):
    """How Cvent, the ledger and a target can differ about one registrant."""

    MISSING_HERE = "missing here"
    STALE = "stale"
    CANCELLED = "cancelled at Cvent"
    DELETED_GUEST = "deleted guest"
    GONE = "gone at Cvent"
    MISSING_THERE = "missing there"
    CHANGED_THERE = "changed there"
    EXTRA_THERE = "extra there"


@dataclass(frozen=True, slots=True)
class Found:
    """One difference, as it is written down; see `DifferenceRow`."""

    kind: str
    subject: str = ""
    name: str = ""
    text: str = ""
    target: str = ""
    changes: str = ""
    registration: int | None = None
    delivery: int | None = None
    event_type: str = ""
    record: bytes | None = None


def add_differences(connection: Connection, number: int, found: Sequence[Found], now: int) -> None:
    """Write down what a pass found."""
    insert = [_row(number, each, now) for each in found]
    with_record = [row for row in insert if row["record"] is not None]
    without = [
        {name: value for name, value in row.items() if name != "record"}
        for row in insert
        if row["record"] is None
    ]
    insert_rows(connection, differences, without)
    insert_rows(connection, differences, with_record)


def known_subjects(
    connection: Connection, number: int, subjects: Collection[str]
) -> Collection[str]:
    """Return those subjects about whom a pass has found something already."""
    mine = differences.c.pass_id == number, among(differences.c.subject, list(subjects))
    return set(connection.scalars(select(differences.c.subject).where(*mine)))


def records_to_send(connection: Connection, number: int, most: int, size: int) -> Sequence[Any]:
    """Return rows (id, event_type, record) of one event type that are not sent yet.

    At most so many, and about so many bytes.
    """
    waiting = differences.c.pass_id == number, differences.c.record.is_not(None)
    first = select(differences.c.event_type).where(*waiting).order_by(differences.c.id).limit(1)
    kind = connection.scalar(first)
    statement = (
        select(
            differences.c.id,
            differences.c.event_type,
            differences.c.record,
            *(differences.c[name] for name in ("pass_id", "kind", "target", "subject")),
        )
        .where(*waiting, differences.c.event_type == kind)
        .order_by(differences.c.id)
        .limit(most)
    )
    rows: list[Any] = []
    for row in opened(connection, statement, differences.c.record) if kind is not None else ():
        size -= len(row.record)
        rows.append(row)
        if size <= 0:
            break
    return rows


def send_records(connection: Connection, ids: Collection[int], arrival: Arrival, now: int) -> int:
    """Store the receipt that holds the records of differences; return its number."""
    [receipt] = store_receipts(connection, [arrival])
    mine = update(differences).where(among(differences.c.id, ids))
    connection.execute(mine.values(receipt_id=receipt, sent_at=now, record=None))
    return receipt


def send_deliveries(
    connection: Connection,
    row: Any,
    kinds: Collection[str],
    targets: Collection[str],
    by_contact: Collection[str],
    now: int,
) -> int:
    """Deliver again what targets lack, or have otherwise, that a pass found; return how many.

    Of these kinds and targets only. `by_contact` are the targets that keep one record for each
    contact. What is no longer delivered, or no longer the newest, is left alone.
    """
    rows = connection.execute(
        _found_at_targets().where(
            differences.c.pass_id == row.id,
            differences.c.sent_at.is_(None),
            among(differences.c.kind, list(kinds)),
            among(differences.c.target, list(targets)),
            deliveries.c.state.in_(SETTLED),
        )
    ).all()
    of = select(deliveries.c.registrant_id).where(
        among(deliveries.c.id, [each.delivery_id for each in rows])
    )
    lock_registrants(connection, of)
    newer = newer_revisions(connection, {each.registration_id for each in rows})
    mine = [each for each in rows if each.registration_id not in newer]
    _set_back(connection, mine, by_contact, now)
    sent = among(differences.c.id, [each.id for each in mine])
    connection.execute(update(differences).where(sent).values(sent_at=now))
    remember_all(
        connection,
        [
            {
                "at": now,
                "client": row.client,
                "registration_id": each.registration_id,
                "target": each.target,
                "happening": "sent again",
                "text": f"{each.kind}: found by reconciling",
            }
            for each in mine
        ],
    )
    return len(mine)


def _found_at_targets() -> Select[Any]:
    return select(
        differences.c.id,
        differences.c.kind,
        differences.c.delivery_id,
        deliveries.c.registration_id,
        deliveries.c.registrant_id,
        deliveries.c.contact_stub,
        deliveries.c.target,
    ).join(deliveries, deliveries.c.id == differences.c.delivery_id)


def _set_back(
    connection: Connection, rows: Sequence[Any], by_contact: Collection[str], now: int
) -> None:
    """Make deliveries pending, and what was delivered before no reason to call them unchanged."""
    for target in {row.target for row in rows}:
        there = [row for row in rows if row.target == target]
        ids = [row.delivery_id for row in there]
        before = [
            among(deliveries.c.registrant_id, [row.registrant_id for row in there]),
            deliveries.c.target == target,
            ~among(deliveries.c.id, ids),
        ]
        if target in by_contact:
            before.append(among(deliveries.c.contact_stub, [row.contact_stub for row in there]))
        connection.execute(update(deliveries).where(*before).values(digest="", external_id=None))
        mine = update(deliveries).where(among(deliveries.c.id, ids))
        connection.execute(mine.values(**_PENDING, due_at=now))
    roll_up(connection, {row.registration_id for row in rows}, now)


_PENDING = {
    "state": State.PENDING,
    "reason": "",
    "outcome": "",
    "attempts": 0,
    "external_id": None,
    "bulk": True,
    "settled_at": None,
}


def receipts_of(connection: Connection, number: int) -> list[int]:
    """Return the receipts that a pass made."""
    mine = differences.c.pass_id == number, differences.c.receipt_id.is_not(None)
    return list(connection.scalars(select(differences.c.receipt_id).where(*mine).distinct()))


def count_sendable(connection: Connection, number: int, *, overwrites: bool) -> int:
    """Return how many differences of a pass can be sent."""
    kinds = [Difference.MISSING_THERE, *([Difference.CHANGED_THERE] if overwrites else [])]
    statement = select(func.count()).where(
        differences.c.pass_id == number,
        differences.c.sent_at.is_(None),
        or_(differences.c.record.is_not(None), among(differences.c.kind, kinds)),
    )
    return connection.scalar(statement) or 0


def has_unsent(connection: Connection, client: str, event: str) -> bool:
    """Say whether passes of an event have found what could have been sent, and was not."""
    found = (
        select(differences.c.id)
        .join(passes, passes.c.id == differences.c.pass_id)
        .where(
            passes.c.client == client,
            passes.c.event_stub == event,
            differences.c.record.is_not(None),
        )
    )
    return connection.scalar(found.limit(1)) is not None


def deliveries_under_way(connection: Connection, number: int) -> int:
    """Return how many of the deliveries that a pass sent again are pending."""
    statement = (
        select(func.count())
        .select_from(differences)
        .join(deliveries, deliveries.c.id == differences.c.delivery_id)
        .where(
            differences.c.pass_id == number,
            differences.c.sent_at.is_not(None),
            deliveries.c.state == State.PENDING,
        )
    )
    return connection.scalar(statement) or 0


def count_differences(connection: Connection, number: int) -> dict[tuple[str, str], Any]:
    """Return rows (kind, target, count, sent) by kind and target."""
    columns = (differences.c.kind, differences.c.target)
    statement = select(
        *columns, func.count().label("count"), func.count(differences.c.sent_at).label("sent")
    ).where(differences.c.pass_id == number)
    return {(r.kind, r.target): r for r in connection.execute(statement.group_by(*columns))}


def differences_of(connection: Connection, client: str, event: str, limit: int) -> Sequence[Any]:
    """Return what stands: what the last full pass of an event found and those after it."""
    statement = (
        select(differences, passes.c.began_at)
        .join(passes, passes.c.id == differences.c.pass_id)
        .where(passes.c.client == client, passes.c.event_stub == event)
        .order_by(differences.c.kind, differences.c.target, differences.c.name, differences.c.id)
        .limit(limit)
    )
    sealed = differences.c.text, differences.c.changes
    return opened(connection, statement, *sealed).all()


def _row(number: int, found: Found, now: int) -> dict[str, Any]:
    return {
        "pass_id": number,
        "kind": found.kind,
        "target": found.target,
        "subject": found.subject,
        "registration_id": found.registration,
        "delivery_id": found.delivery,
        "name": found.name,
        "text": found.text,
        "changes": found.changes,
        "event_type": found.event_type,
        "record": found.record,
        "found_at": now,
    }
