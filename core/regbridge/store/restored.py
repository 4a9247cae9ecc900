"""What a ledger has to do about all that happened after the backup that it was restored from.

Nobody knows any more what was received and delivered then. What a target takes twice without harm
is sent again; what another target may have is parked once, for a person to look.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    and_,
    delete,
    func,
    not_,
    or_,
    select,
    text,
    update,
)

from regbridge.models import ReceiptKind
from regbridge.store.bulk import insert_rows
from regbridge.store.console_tables import console_keys
from regbridge.store.forget import forget
from regbridge.store.proof_tables import differences, passes
from regbridge.store.restore_tables import restores
from regbridge.store.sql import among
from regbridge.store.tables import (
    State,
    deliveries,
    receipts,
    registrants,
    registrations,
    tombstones,
)

REASON = (
    "the ledger was restored from a backup, so the target may have it; look there before you "
    "retry it"
)
"""Why a delivery is parked that may have been made between the backup and the restore."""

_RESTORED = "restored"
"""The lease of what was pending: as if its worker had been killed in the middle."""

_GAP = 10_000_000
"""More deliveries than any ledger makes between two backups."""

_AHEAD = 300_000
"""By so many ms Cvent's clock may be ahead of ours."""

_WEEK = 7 * 86_400_000
"""For so many ms what was on its way, or what a sync brings, may have been there before."""


@dataclass(frozen=True, slots=True)
class Buried:
    """Somebody whom a ledger has forgotten; `contact_stub` is "" for any contact."""

    client: str
    subject: str
    contact_stub: str


_last = select(func.max(restores.c.restored_at)).scalar_subquery()

DOUBTFUL: ColumnElement[bool] = or_(
    deliveries.c.lease == _RESTORED,
    and_(
        not_(deliveries.c.reached),
        deliveries.c.created_at >= _last,
        or_(
            and_(
                deliveries.c.created_at < _last + _WEEK,
                or_(receipts.c.received_at <= _last, registrations.c.bulk),
            ),
            and_(
                receipts.c.kind == ReceiptKind.RECONCILE,
                registrations.c.ordered_at < _last + _AHEAD,
            ),
        ),
    ),
)
"""Whether a delivery, with its registration and receipt, may have been made before a restore.

One that a person has retried since then is not: it counts as `reached` since it was parked. What
a message of Cvent's alone brings after the restore is not either: nobody had acknowledged it. The
records of a sync have no time of their own, those that reconciling sends have.
"""


def buried(connection: Connection) -> list[Buried]:
    """Return whom a ledger has forgotten."""
    about = registrants.c.client, registrants.c.subject, tombstones.c.contact_stub
    joined = tombstones.join(registrants, registrants.c.id == tombstones.c.registrant_id)
    return [Buried(*row) for row in connection.execute(select(*about).select_from(joined))]


def mark_restored(connection: Connection, now: int, forgotten: Sequence[Buried] = ()) -> None:
    """Prepare a ledger of before for today, in one transaction.

    Who was `forgotten` since is forgotten again.
    """
    for table in (receipts, registrations, deliveries):
        # Who held these leases is gone.
        held = update(table).where(table.c.lease.is_not(None))
        connection.execute(held.values(lease=None, due_at=now))
    _forget_again(connection, forgotten, now)
    pending = update(deliveries).where(deliveries.c.state == State.PENDING)
    connection.execute(pending.values(lease=_RESTORED, due_at=now))
    # A pass that was under way would go on at a page that Cvent has forgotten.
    running = select(passes.c.id).where(passes.c.finished_at.is_(None))
    connection.execute(delete(differences).where(differences.c.pass_id.in_(running)))
    connection.execute(delete(passes).where(passes.c.finished_at.is_(None)))
    # Who was logged in logs in again: a backup may have been in other hands.
    connection.execute(delete(console_keys))
    _leap(connection, now)


def numbered(connection: Connection, rows: Sequence[dict[str, Any]]) -> Sequence[Mapping[str, Any]]:
    """Give the first deliveries after a restore numbers that no delivery had before it.

    A target knows deliveries by their numbers. SQLite takes the highest number there is, and goes
    on from it; PostgreSQL was told.
    """
    if connection.dialect.name != "sqlite" or not rows:
        return rows
    first = connection.scalar(select(func.max(restores.c.deliveries_from)))
    highest = connection.scalar(select(func.max(deliveries.c.id))) or 0
    if first is None or highest >= first:
        return rows
    return [row | {"id": first + place} for place, row in enumerate(rows)]


def _forget_again(connection: Connection, forgotten: Sequence[Buried], now: int) -> None:
    new = [one for one in forgotten if one not in set(buried(connection))]
    rows = [{"client": one.client, "subject": one.subject} for one in new]
    insert_rows(connection, registrants, rows, if_new=True)
    numbers = {
        (row.client, row.subject): row.id
        for row in connection.execute(
            select(registrants).where(among(registrants.c.subject, {one.subject for one in new}))
        )
    }
    of: dict[int, set[str]] = {}
    for one in new:
        of.setdefault(numbers[one.client, one.subject], set()).add(one.contact_stub)
    # A tombstone without a contact stands for all contacts of the registrant.
    whom = {number: set() if "" in contacts else contacts for number, contacts in of.items()}
    forget(connection, whom, "regbridge restore", "forgotten after the backup", now)


def _leap(connection: Connection, now: int) -> None:
    """Let deliveries be numbered from far above on, and remember that there was a restore."""
    first = (connection.scalar(select(func.max(deliveries.c.id))) or 0) + _GAP
    if connection.dialect.name != "sqlite":
        numbers = text("SELECT setval(pg_get_serial_sequence('deliveries', 'id'), :first, false)")
        connection.execute(numbers, {"first": first})
    insert_rows(connection, restores, [{"restored_at": now, "deliveries_from": first}])
