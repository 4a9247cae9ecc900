"""What is true by the simulators, beside what the ledger and the report say."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from sqlalchemy import func, select
from tests.proof.vendors import Vendors

from regbridge.reconcile.report import plain_differences, plain_pass
from regbridge.store.engine import Store
from regbridge.store.proof_tables import passes
from regbridge.store.tables import receipts, registrations
from regbridge.testing.payloads import EVENT
from regbridge_cvent.simulator.account.questions import QUESTIONS

Row = Mapping[str, Any]

CLIENT = "proof"
_STATUSES = {"Accepted": 100000000, "Cancelled": 100000001}
_VISITS = next(q for q in QUESTIONS if q.code == "VISITS").id_at(EVENT.lower())
_RETRIES_MS = 5_000
"""What is tried again after so long waits for Cvent to show it, and not for its turn."""


def full_pass_since(store: Store, moment: int) -> Row | None:
    """Return the first full pass that the schedule began after a moment (ms), once it is over."""
    chosen = (
        select(passes)
        .where(passes.c.began_at > moment, passes.c.since.is_(None))
        .where(passes.c.finished_at.is_not(None), passes.c.made_by == "schedule")
        .order_by(passes.c.id)
    )
    row = store.read(lambda c: c.execute(chosen).first())
    return None if row is None else plain_pass(row)


def is_running(store: Store) -> bool:
    """Say whether a pass is under way."""
    chosen = select(passes.c.id).where(passes.c.finished_at.is_(None)).limit(1)
    return store.read(lambda c: c.scalar(chosen)) is not None


def on_its_way(store: Store, now: int) -> int:
    """Return how many receipts and registrations are worked on or wait for their turn."""
    unsplit = select(func.count()).where(receipts.c.state == "pending")
    soon = registrations.c.state == "pending", registrations.c.due_at < now + _RETRIES_MS
    waiting = select(func.count()).where(*soon)
    return store.read(lambda c: (c.scalar(unsplit) or 0) + (c.scalar(waiting) or 0))


def pending(store: Store) -> int:
    """Return how many registrations have not come to their end."""
    waiting = select(func.count()).where(registrations.c.state == "pending")
    return store.read(lambda c: c.scalar(waiting)) or 0


def came(store: Store) -> set[str]:
    """Return the attendees of whom anything has arrived."""
    return set(store.read(lambda c: c.scalars(select(registrations.c.invitee_stub)).all()))


def receipts_of_kind(store: Store, kind: str) -> int:
    """Return how many receipts of a kind the ledger has."""
    counted = select(func.count()).where(receipts.c.kind == kind)
    return store.read(lambda c: c.scalar(counted)) or 0


def differences(store: Store) -> list[dict[str, Any]]:
    """Return what the report names."""
    return store.read(lambda c: plain_differences(c, CLIENT, EVENT.lower()))


def attendees(around: Vendors) -> list[Row]:
    """Return everybody whom Cvent has at the event, deleted guests among them."""
    return around.cvent.world.attendees_at(EVENT)


def must_be_here(around: Vendors) -> set[str]:
    """Return who has accepted."""
    return {one["id"] for one in attendees(around) if is_live(one)}


def is_live(attendee: Row) -> bool:
    """Say whether somebody has accepted, and is no deleted guest."""
    return attendee["status"] == "Accepted" and not attendee["deletedGuest"]


def expected_row(attendee: Row) -> Row:
    """Return what Dataverse should have of an attendee, by Cvent's own record."""
    contact = attendee["contact"]
    status = "Cancelled" if attendee["deletedGuest"] else attendee["status"]
    return {
        "new_name": contact.get("company", ""),
        "new_lastname": contact["lastName"],
        "new_firstname": contact["firstName"],
        "new_score": _visits(attendee),
        "new_registrationstatus": _STATUSES[status],
    }


def rows_there(around: Vendors, names: Collection[str]) -> dict[str, Row]:
    """Return the rows at Dataverse by the attendee, with these columns."""
    rows = around.rows()
    found: dict[str, Row] = {
        row["new_inviteeid"]: {name: row[name] for name in names}
        | {"new_name": row["new_name"] or ""}
        for row in rows
    }
    assert len(found) == len(rows), f"{len(rows)} rows of {len(found)} attendees"
    return found


def _visits(attendee: Row) -> float | None:
    visits = [
        answer["value"][0]
        for answer in attendee.get("answers", ())
        if answer["question"]["id"] == _VISITS
    ]
    return float(visits[0]) if visits else None
