"""What the ledger holds, in numbers, as plain values for commands and scripts."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from regbridge.reconcile.report import proofs
from regbridge.remedies import remedy_of
from regbridge.standings import no_standings, standings
from regbridge.store import report
from regbridge.store.admissions import current_tokens, refused_requests
from regbridge.store.clock import from_ms, moment
from regbridge.store.engine import Store
from regbridge.store.keys import NOT_SEALED, all_keys
from regbridge.store.limits import calls_since
from regbridge.store.tables import State

if TYPE_CHECKING:
    from regbridge.store.sealing import Sealing

Plain = dict[str, Any]

_LISTS: Mapping[str, Callable[[Any], Sequence[Any]]] = {
    "receipts": report.count_receipts,
    "registrations": report.count_registrations,
    "deliveries": report.count_deliveries,
    "reasons": report.count_reasons,
    "pauses": report.all_pauses,
    "parked_receipts": report.parked_receipts,
    "tokens": current_tokens,
    "refused": refused_requests,
}
_TIMES = ("since", "until", "received_at", "first_used_at", "last_used_at", "last_at")


def figures(store: Store, now: int) -> Plain:
    """Return counts by client, endpoint, target and state, and what needs a person.

    They are of one moment. `now` (ms) says of which day (GMT) calls to vendors are counted, and
    who is there. Nothing personal is in them.
    """
    today = from_ms(now).date().isoformat()

    def read(connection: Any) -> Plain:
        found = {name: _plain_rows(name, query(connection)) for name, query in _LISTS.items()}
        return {
            **found,
            "encryption": encryption_keys(connection, store.sealing),
            "calls": _plain_rows("calls", calls_since(connection, today)),
            "proofs": proofs(connection),
            "pending_since": moment(report.pending_since(connection)),
            **standings(connection, now),
        }

    return store.read(read)


def no_figures() -> Plain:
    """Return the figures of a ledger that is not there yet."""
    lists: Plain = {name: [] for name in (*_LISTS, "encryption", "calls", "proofs")}
    return {**lists, "pending_since": None, **no_standings()}


def encryption_keys(connection: Any, sealing: Sealing | None) -> list[Plain]:
    """Return the keys by their ids, how many values each encrypted when that was last counted.

    "none" stands for what is not encrypted. A key that "can go" encrypts nothing any more.
    """
    rows = all_keys(connection)
    if sealing is None and all(row.id == NOT_SEALED or row.retired_at for row in rows):
        return []
    return [
        {
            "key": row.id or "none",
            "state": _state(row, sealing),
            "values": row.held,
            "counted_at": moment(row.counted_at),
            "first_used_at": moment(row.first_used_at) if row.id else None,
        }
        for row in rows
        if row.retired_at is None or (sealing and row.id in sealing.keys)
    ]


def _state(row: Any, sealing: Sealing | None) -> str:
    if row.id == NOT_SEALED:
        return "not encrypted"
    if sealing is None or row.id not in sealing.keys:
        return "missing"
    if row.id == sealing.first and sealing.writes:
        return "encrypts"
    return "decrypts" if row.retired_at is None else "can go"


def _plain_rows(name: str, rows: Sequence[Any]) -> list[Plain]:
    plain = _with_remedy if name in ("reasons", "parked_receipts") else _plain
    return [plain(row) for row in rows]


def _plain(row: Any) -> Plain:
    return {key: moment(value) if key in _TIMES else value for key, value in row._mapping.items()}


def _with_remedy(row: Any) -> Plain:
    """Return a reason why something is parked with what to do about it."""
    plain = _plain(row)
    if plain.get("state", State.PARKED) == State.PARKED:
        plain["remedy"] = remedy_of(plain["reason"])
    return plain
