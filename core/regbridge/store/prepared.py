"""Writes the deliveries of prepared registrations: what each target is to get, or why nothing."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec
from sqlalchemy import Connection, and_, or_, select, update

from regbridge.errors import RejectedError
from regbridge.models import Record, Target
from regbridge.store.bulk import insert_rows
from regbridge.store.history import remember_all
from regbridge.store.restored import numbered
from regbridge.store.sealed import comparable_digest, sealed, stored_digest
from regbridge.store.sql import among
from regbridge.store.tables import State, deliveries, registrations


@dataclass(frozen=True, slots=True)
class Prepared:
    """What one registration becomes at one target: a record, or the reason why there is none.

    `by_contact` says that the target keeps one record for each contact. `dropped` says why the
    target gets none, `problem` and `field` what a person has to mend first. `after` is the target
    that goes first.
    """

    target: str
    by_contact: bool = False
    record: str = ""
    after: str = ""
    dropped: str = ""
    problem: str = ""
    field: str = ""

    @property
    def digest(self) -> str:
        """Tells equal records; written as `stored_digest` makes it."""
        return digest_of(self.record)


def digest_of(record: str) -> str:
    """Return what tells equal records, without encryption."""
    return hashlib.blake2b(record.encode(), digest_size=16).hexdigest()


def as_text(record: Record, target: Target) -> str:
    """Return a record as the ledger keeps it. Raises `RejectedError` for what is no JSON."""
    try:
        return msgspec.json.encode(record.fields).decode()
    except (TypeError, ValueError, RecursionError, msgspec.MsgspecError) as error:
        raise RejectedError(f"the record for {target.name} is no JSON: {error}") from None


def write_deliveries(
    connection: Connection,
    done: Mapping[int, Sequence[Prepared]],
    now: int,
    client: str,
    fingerprint: str,
) -> set[int]:
    """Insert one delivery for each target, unchanged where the target has an equal record.

    A registration that is prepared again (a person retried it) keeps what was delivered, and what
    is in flight: taking its lease away would send it twice. Returns the registrations whose row
    says already what their deliveries make of it: they wait for their targets.
    """
    about = _about(connection, done)
    known = _known(connection, done)
    last = last_reached(connection, {row.registrant_id for row in about.values()} - {None})
    waiting = {key for key, row in about.items() if row.waits}
    stored, comparable = stored_digest(connection), comparable_digest(connection)
    new: list[dict[str, Any]] = []
    for key, results in done.items():
        for result in results:
            row = _delivery(about[key], result, last, now, comparable) | {
                "client": client,
                "configuration": fingerprint,
                "digest": stored(result.digest),
            }
            before = known.get((key, result.target))
            if before or row["state"] != State.PENDING or row["reason"]:
                waiting.discard(key)
            if before is None:
                new.append(row)
            elif not (
                before.claimed or (before.settled and _adds_nothing(result, before, comparable))
            ):
                [written] = sealed(connection, deliveries, [row])
                connection.execute(
                    update(deliveries).where(deliveries.c.id == before.id).values(**written)
                )
    insert_rows(connection, deliveries, numbered(connection, new))
    _remember_parked(connection, done, now, client)
    return waiting


def _remember_parked(
    connection: Connection, done: Mapping[int, Sequence[Prepared]], now: int, client: str
) -> None:
    remember_all(
        connection,
        [
            {
                "at": now,
                "client": client,
                "registration_id": key,
                "target": result.target,
                "happening": "parked",
                "text": result.problem,
            }
            for key, results in done.items()
            for result in results
            if result.problem
        ],
    )


def _adds_nothing(result: Prepared, before: Any, comparable: Callable[[str], str]) -> bool:
    return not result.record or comparable(result.digest) == comparable(before.digest)


def _about(connection: Connection, ids: Collection[int]) -> dict[int, Any]:
    statement = select(
        registrations.c.id,
        registrations.c.registrant_id,
        registrations.c.contact_stub,
        registrations.c.bulk,
        and_(
            registrations.c.state == State.PENDING,
            registrations.c.reason == "",
            registrations.c.field == "",
        ).label("waits"),
    ).where(among(registrations.c.id, ids))
    return {row.id: row for row in connection.execute(statement).all()}


def _known(connection: Connection, ids: Collection[int]) -> dict[tuple[int, str], Any]:
    """Return the deliveries that a retried registration has from before."""
    statement = select(
        deliveries.c.id,
        deliveries.c.registration_id,
        deliveries.c.target,
        deliveries.c.digest,
        deliveries.c.state.in_((State.DELIVERED, State.UNCHANGED)).label("settled"),
        deliveries.c.lease.is_not(None).label("claimed"),
    ).where(among(deliveries.c.registration_id, ids))
    return {(row.registration_id, row.target): row for row in connection.execute(statement).all()}


def last_reached(
    connection: Connection, registrants: Collection[int]
) -> dict[tuple[int, str, str], Any]:
    """Return what each target last got, by registrant, target and contact ("" is any contact).

    What is in flight counts: nobody can say yet that the target does not have it.
    """
    statement = (
        select(
            deliveries.c.registrant_id,
            deliveries.c.target,
            deliveries.c.contact_stub,
            deliveries.c.registration_id,
            deliveries.c.state,
            deliveries.c.digest,
        )
        .join(registrations, registrations.c.id == deliveries.c.registration_id)
        .where(
            among(deliveries.c.registrant_id, registrants),
            or_(deliveries.c.reached, deliveries.c.lease.is_not(None)),
        )
        .order_by(registrations.c.ordered_at, registrations.c.receipt_id, registrations.c.position)
    )
    last: dict[tuple[int, str, str], Any] = {}
    for row in connection.execute(statement).all():
        last[row.registrant_id, row.target, ""] = row
        last[row.registrant_id, row.target, row.contact_stub] = row
    return last


def equal_before(before: Any | None, digest: str, comparable: Callable[[str], str]) -> bool:
    """Say whether a target surely has an equal record: what it last got, as `last_reached` says.

    `comparable` is what `comparable_digest` returns.
    """
    return (
        before is not None
        and before.state in (State.DELIVERED, State.UNCHANGED)
        and comparable(before.digest) == comparable(digest)
    )


def unchanged_since(before: Any) -> str:
    """Return the reason of an unchanged delivery."""
    return f"equal to what registration {before.registration_id} delivered"


def _delivery(
    about: Any,
    result: Prepared,
    last: Mapping[tuple[int, str, str], Any],
    now: int,
    comparable: Callable[[str], str],
) -> dict[str, Any]:
    contact = about.contact_stub if result.by_contact else ""
    before = last.get((about.registrant_id, result.target, contact))
    row = {
        "registration_id": about.id,
        "registrant_id": about.registrant_id,
        "target": result.target,
        "contact_stub": about.contact_stub,
        "bulk": about.bulk,
        "state": State.PENDING,
        "reason": f"waits for the target {result.after}" if result.after else "",
        "field": "",
        "record": result.record,
        "attempts": 0,
        "lease": None,
        "due_at": now,
        "created_at": now,
        "settled_at": None,
    }
    if not result.record:
        row |= {
            "state": State.PARKED if result.problem else State.FILTERED,
            "reason": result.problem or result.dropped,
            "field": result.field,
            "due_at": None,
            "settled_at": now,
        }
    elif equal_before(before, result.digest, comparable):
        row |= {
            "state": State.UNCHANGED,
            "due_at": None,
            "settled_at": now,
            "reason": unchanged_since(before),
        }
    return row
