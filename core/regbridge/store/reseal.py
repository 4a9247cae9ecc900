"""Goes through all that is kept of people and seals it by the first key, or opens it for good.

Batches are small and independent: others write meanwhile, and who is killed begins again and
passes quickly over what is done.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from sqlalchemy import Connection, Table, bindparam, func, select, tuple_, update
from sqlalchemy.types import LargeBinary, String

from regbridge.errors import ConfigError
from regbridge.store.bulk import update_rows
from regbridge.store.engine import Store
from regbridge.store.keys import (
    NOT_SEALED,
    all_keys,
    hosts_behind,
    note_counts,
    note_first,
    retire,
)
from regbridge.store.prepared import digest_of
from regbridge.store.proof_tables import differences
from regbridge.store.sealed import BYTES_MARK, TEXT_MARK, is_damaged, opened, sealed, sealing_of
from regbridge.store.sealing import KEY_LENGTH, KEYED, PLACES, Sealing, sealed_by
from regbridge.store.sql import among
from regbridge.store.tables import (
    corrections,
    deliveries,
    receipt_parts,
    receipts,
    registration_payloads,
)

TABLES = (receipt_parts, registration_payloads, deliveries, corrections, differences)

_LOOKED_AT = 5_000
"""Rows whose values are looked at with one query; only how they begin is read."""

_BATCH = 500
_BATCH_OF_PARTS = 4
"""Rows that one transaction seals; a part of a message has up to a megabyte."""

Progress = Callable[[str, int], None]
"""Is told a table's name and how many rows of it have been looked at."""


@dataclass(slots=True)
class Resealed:
    """How many rows were written, and the values by their keys: all, and those that are damaged.

    `behind` are the hosts that were started before the first key was.
    """

    behind: Sequence[str] = ()
    rows: int = 0
    counts: Counter[str] = field(default_factory=Counter)
    damaged: Counter[str] = field(default_factory=Counter)


@dataclass(frozen=True, slots=True)
class Seen:
    """The rows of one look: their primary keys, and how each sealed column begins."""

    rows: Sequence[tuple[Any, ...]]
    heads: Sequence[tuple[str, ...]]


def reseal(store: Store, now: int, progress: Progress = lambda _table, _rows: None) -> Resealed:
    """Seal everything by the first key (or open it, if the keys do not write).

    What is replaced by that is overwritten, as far as the database can. Gives up the keys that
    nothing needs any more. Raises `ConfigError` while a host runs with other keys.
    """
    sealing = _required(store)
    if behind := store.read(lambda c: hosts_behind(c, sealing, now)):
        names = ", ".join(behind)
        message = f"running hosts that may not have the first key, which is newer: {names}"
        remedy = "restart them with the keys of now, then run this again"
        raise ConfigError.of(message, remedy, "host.encryption.keys")
    store.overwrite_deleted()
    if sealing.writes:
        store.write(lambda c: note_first(c, sealing))
    done = Resealed()
    for table in TABLES:
        _reseal_table(store, sealing, table, done, progress)
    if sealing.writes:
        for table in (deliveries, receipts):
            _key_digests(store, sealing, table)
    store.truncate_log()
    done.counts = count(store, now, progress)
    wanted = {sealing.first} if sealing.writes else set()
    needed = wanted | {key for key, held in done.counts.items() if held > done.damaged[key]}
    done.behind = store.read(lambda c: hosts_behind(c, sealing, now))
    if not done.behind:  # else these may write by an older key still
        store.write(lambda c: retire(c, needed, now))
    return done


def count(store: Store, now: int, progress: Progress = lambda _table, _rows: None) -> Counter[str]:
    """Count the values by their keys (`NOT_SEALED` for none), and write the numbers down."""
    known = {NOT_SEALED, *(row.id for row in store.read(all_keys))}
    counts: Counter[str] = Counter()
    for table in TABLES:
        looked_at = 0
        for seen in _look_through(store, table):
            counts.update(key for heads in seen.heads for key in heads if key != _EMPTY)
            looked_at += len(seen.rows)
            progress(table.name, looked_at)
    for key in counts.keys() - known:  # it only looks so
        counts[NOT_SEALED] += counts.pop(key)
    store.write(lambda c: note_counts(c, counts, now))
    return counts


_EMPTY = "-"
"""Stands for the key of a value that has nothing in it, or was removed."""


def _required(store: Store) -> Sealing:
    assert store.sealing is not None
    return store.sealing


def _reseal_table(
    store: Store, sealing: Sealing, table: Table, done: Resealed, progress: Progress
) -> None:
    wanted = sealing.first if sealing.writes else NOT_SEALED
    size = _BATCH_OF_PARTS if table is receipt_parts else _BATCH
    looked_at = 0
    for seen in _look_through(store, table):
        due = [
            row
            for row, heads in zip(seen.rows, seen.heads, strict=True)
            if any(key not in (wanted, _EMPTY) for key in heads)
        ]
        for start in range(0, len(due), size):
            keys = due[start : start + size]
            lost = store.write(partial(_reseal_rows, table=table, keys=keys))
            done.damaged.update(lost)
            done.rows += len(keys) - lost.total()
        looked_at += len(seen.rows)
        progress(table.name, looked_at)


def _key_digests(store: Store, sealing: Sealing, table: Table) -> None:
    """Write digests anew that anybody could compute who guesses what they are of."""
    above = 0
    while rows := store.read(partial(_digests, table=table, above=above)):
        above = rows[-1].id
        due = {
            row.id: sealing.keyed(row.digest)
            for row in rows
            if row.digest and not row.digest.startswith(KEYED)
        }
        if due:
            store.write(partial(_write_digests, table=table, due=due))


def _digests(connection: Connection, table: Table, above: int) -> Sequence[Any]:
    chosen = select(table.c.id, table.c.digest).where(table.c.id > above)
    return connection.execute(chosen.order_by(table.c.id).limit(_LOOKED_AT)).all()


def _write_digests(connection: Connection, table: Table, due: Mapping[int, str]) -> None:
    taken: set[str] = set()
    if table is receipts:  # the same bytes may have arrived again since, under their new digest
        same = among(receipts.c.digest, set(due.values()))
        taken = set(connection.scalars(select(receipts.c.digest).where(same)))
    rows = {key: f"{digest}:{key}" if digest in taken else digest for key, digest in due.items()}
    update_rows(connection, table, {key: {"digest": digest} for key, digest in rows.items()})


def _look_through(store: Store, table: Table) -> Iterator[Seen]:
    above: tuple[Any, ...] | None = None
    while True:
        rows = store.read(partial(_look, table=table, above=above))
        if not rows:
            return
        width = len(table.primary_key)
        above = tuple(rows[-1][:width])
        yield Seen(
            [tuple(row[:width]) for row in rows],
            [tuple(_key_of(value) for value in row[width:]) for row in rows],
        )


def _look(connection: Connection, table: Table, above: tuple[Any, ...] | None) -> Sequence[Any]:
    """Return primary keys, with how each sealed column begins."""
    keys = list(table.primary_key)
    heads = [
        func.substr(column, 1, len(BYTES_MARK) + KEY_LENGTH + 1, type_=LargeBinary())
        if isinstance(column.type, LargeBinary)
        else func.substr(column, 1, len(TEXT_MARK) + KEY_LENGTH + 1, type_=String())
        for column in (table.c[name] for name in PLACES[table.name].columns)
    ]
    statement = select(*keys, *heads).order_by(*keys).limit(_LOOKED_AT)
    if above is not None:
        statement = statement.where(tuple_(*keys) > tuple_(*above))
    return connection.execute(statement).all()


def _key_of(head: str | bytes | None) -> str:
    return sealed_by(head) if head else _EMPTY


def _reseal_rows(
    connection: Connection, table: Table, keys: Sequence[tuple[Any, ...]]
) -> Counter[str]:
    """Open rows by their primary keys and write them anew.

    What is damaged stays as it is: how many values that are is returned by their keys.
    """
    columns = [table.c[name] for name in PLACES[table.name].columns]
    mine = tuple_(*table.primary_key).in_(keys)
    found = opened(connection, select(table).where(mine).with_for_update(), *columns)
    names = [column.name for column in columns]
    rows: list[dict[str, Any]] = []
    lost: Counter[str] = Counter()
    for row in found:
        values = row._asdict()
        damaged = [values[name] for name in names if is_damaged(values[name])]
        lost.update(map(sealed_by, damaged))
        rows += [] if damaged else [values]
    sealing = sealing_of(connection)
    if table is deliveries and sealing and not sealing.writes:
        rows = [row | {"digest": _digest(row)} for row in rows]
        names.append("digest")
    if rows:
        each = update(table).where(
            *(column == bindparam(f"key_{column.name}") for column in table.primary_key)
        )
        connection.execute(
            each.values({name: bindparam(f"new_{name}") for name in names}),
            [
                {f"key_{column.name}": row[column.name] for column in table.primary_key}
                | {f"new_{name}": row[name] for name in names}
                for row in sealed(connection, table, rows)
            ],
        )
    return lost


def _digest(row: Mapping[str, Any]) -> str:
    """Return a digest as it is without encryption, where the record is there to make it of."""
    known: str = row["digest"]
    return digest_of(row["record"]) if known.startswith(KEYED) and row["record"] else known
