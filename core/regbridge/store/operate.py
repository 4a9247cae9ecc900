"""What a person does about what is parked: retry it, ignore it, correct a value of it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, Connection, Table, select, update

from regbridge.corrections import Correction
from regbridge.errors import RejectedError
from regbridge.nearest import did_you_mean
from regbridge.store.choice import Choice
from regbridge.store.corrections import add_corrections
from regbridge.store.history import remember_all
from regbridge.store.revisions import newer_revisions, roll_up, superseded_by
from regbridge.store.sql import among
from regbridge.store.tables import State, deliveries, receipts, registrations

AGAIN = (State.PARKED, State.FILTERED, State.PENDING)
"""What can be retried: set aside, dropped by a rule that may have changed, waiting for its time."""

CORRECTABLE = (
    State.PARKED,
    State.FILTERED,
    State.PENDING,
    State.DELIVERED,
    State.UNCHANGED,
)


def retry_registrations(connection: Connection, choice: Choice, now: int) -> int:
    """Prepare registrations again, with today's configuration; return their number.

    What was delivered to one target stays delivered while another target's record is retried.
    Those that are pending are tried now instead of later.
    """
    settled = choice.of_registrations()
    # Of what was purged there is nothing left to prepare.
    settled += [registrations.c.state != State.PENDING, registrations.c.purged_at.is_(None)]
    count = _put_back(connection, registrations, settled, now)
    return count + (_hurry(connection, choice, now) if State.PENDING in choice.states else 0)


def retry_receipts(connection: Connection, choice: Choice, now: int) -> int:
    """Read parked receipts again; return their number."""
    where = [*choice.of_receipts(), receipts.c.state.in_((State.PARKED, State.FILTERED))]
    return _put_back(connection, receipts, where, now)


def ignore_registrations(
    connection: Connection, choice: Choice, made_by: str, reason: str, now: int
) -> int:
    """Settle parked registrations as filtered, because a person said so; return their number.

    With a target, only its deliveries are ignored.
    """
    statement = select(registrations.c.id, registrations.c.client)
    chosen = connection.execute(statement.where(*choice.of_registrations())).all()
    ids = [row.id for row in chosen]
    ignored = _ignored(made_by, reason, now)
    parked = [among(deliveries.c.registration_id, ids), deliveries.c.state == State.PARKED]
    if choice.target:
        parked.append(deliveries.c.target == choice.target)
    connection.execute(update(deliveries).where(*parked).values(ignored))
    mine = among(registrations.c.id, ids)
    if not choice.target:
        # What never came as far as a target is ignored itself; the deliveries decide the others.
        connection.execute(update(registrations).where(mine).values(ignored))
    roll_up(connection, ids, now)
    _remember(connection, "registration_id", chosen, now, "ignored", ignored["reason"])
    return len(ids)


def ignore_receipts(
    connection: Connection, choice: Choice, made_by: str, reason: str, now: int
) -> int:
    """Settle parked receipts as filtered; return their number."""
    where = choice.of_receipts()
    chosen = connection.execute(select(receipts.c.id, receipts.c.client).where(*where)).all()
    ignored = _ignored(made_by, reason, now)
    del ignored["field"], ignored["settled_at"]
    connection.execute(update(receipts).where(*where).values(ignored))
    _remember(connection, "receipt_id", chosen, now, "ignored", ignored["reason"])
    return len(chosen)


def correct(
    connection: Connection,
    number: int,
    made: Sequence[Correction],
    made_by: str,
    reason: str,
    now: int,
) -> None:
    """Keep corrections of a registration and prepare it again.

    Raises `RejectedError` when it is not there, on its way, not the newest, not correctable, or
    not for a target that a correction names.
    """
    row = connection.execute(
        select(registrations).where(registrations.c.id == number).with_for_update()
    ).one_or_none()
    if row is None or row.purged_at is not None:
        raise RejectedError(f"there is no registration {number}, or its data was purged")
    if newer := newer_revisions(connection, [number]):
        raise RejectedError(f"{superseded_by(newer[number])}: correct that one")
    if row.state not in CORRECTABLE:
        raise RejectedError(f"registration {number} is {row.state}, which nothing can be made of")
    if row.lease or _is_under_way(connection, number):
        raise RejectedError(f"registration {number} is on its way; try again in a minute")
    _require_targets(connection, number, made)
    add_corrections(connection, row, made, made_by, reason, now)
    _put_back(connection, registrations, [registrations.c.id == number], now)


def _require_targets(connection: Connection, number: int, made: Sequence[Correction]) -> None:
    """Refuse a target that takes no record of a registration, where it came as far as targets."""
    there = select(deliveries.c.target).where(deliveries.c.registration_id == number)
    known = connection.scalars(there).all()
    for each in made:
        if known and each.target and each.target not in known:
            remedy = did_you_mean(each.target, known)
            raise RejectedError(f"registration {number} is not for {each.target!r}; {remedy}")


def _is_under_way(connection: Connection, number: int) -> bool:
    there = select(deliveries.c.id).where(
        deliveries.c.registration_id == number, deliveries.c.lease.is_not(None)
    )
    return connection.scalar(there.limit(1)) is not None


def _ignored(made_by: str, reason: str, now: int) -> dict[str, Any]:
    return {
        "state": State.FILTERED,
        "reason": f"ignored by {made_by}: {reason}",
        "field": "",
        "due_at": None,
        "lease": None,
        "settled_at": now,
    }


def _hurry(connection: Connection, choice: Choice, now: int) -> int:
    """Try what waits for its time now, not what is under way; return how many registrations."""
    waits = deliveries.c.due_at > now, deliveries.c.lease.is_(None)
    there = update(deliveries).where(*choice.of_deliveries(), *waits)
    moved = set(
        connection.scalars(
            there.values(due_at=now, attempts=0).returning(deliveries.c.registration_id)
        )
    )
    if not choice.target:
        here = update(registrations).where(
            *choice.of_registrations(),
            registrations.c.due_at > now,
            registrations.c.lease.is_(None),
        )
        moved |= set(
            connection.scalars(here.values(due_at=now, attempts=0).returning(registrations.c.id))
        )
    return len(moved)


def _put_back(
    connection: Connection, table: Table, where: list[ColumnElement[bool]], now: int
) -> int:
    chosen = connection.execute(select(table.c.id, table.c.client).where(*where)).all()
    pending = {"state": State.PENDING, "due_at": now, "lease": None, "attempts": 0}
    ids = [row.id for row in chosen]
    connection.execute(update(table).where(among(table.c.id, ids)).values(pending))
    about = "receipt_id" if table is receipts else "registration_id"
    _remember(connection, about, chosen, now, "retried", "")
    return len(chosen)


def _remember(
    connection: Connection, about: str, chosen: Sequence[Any], now: int, happening: str, text: str
) -> None:
    what = {"at": now, "happening": happening, "text": text}
    remember_all(connection, [what | {"client": row.client, about: row.id} for row in chosen])
