"""The keys that a ledger's values are sealed by: noted before they seal, given up when none is."""

from __future__ import annotations

import os
import time
from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, insert, select, text, update

from regbridge.errors import ConfigError
from regbridge.models import Finding, Level
from regbridge.store.hosts import hosts_there
from regbridge.store.key_tables import encryption_keys
from regbridge.store.upgrades import require_at_least

if TYPE_CHECKING:
    from regbridge.store.engine import Store
    from regbridge.store.sealing import Sealing

NOT_SEALED = ""
"""Stands among the keys for values that are not sealed."""

_REVISION = "0016"
"""Versions that do not know this one would take sealed values for what arrived."""

_DIGEST_KEY_BYTES = 32
_ABOUT = b"encryption_keys.digest_key"
_CLOCK = text("SELECT extract(epoch FROM clock_timestamp()) * 1000")
_LOCK = text("SELECT pg_advisory_xact_lock(hashtext('regbridge encryption'))")


def require_keys(store: Store) -> None:
    """Raise `ConfigError` when the ledger may hold values that this process could not read."""
    rows = store.read(all_keys)
    if findings := missing_keys(rows, store.sealing):
        raise ConfigError(findings)
    if store.sealing:
        store.sealing.digest_key = _digest_key(rows, store.sealing) or b""


def take_up_keys(store: Store) -> None:
    """Let the ledger know by which key this process seals, before it does.

    For a process that goes on writing; the others note their key with the first value. Raises
    `ConfigError` as `require_keys` does.
    """
    require_keys(store)
    sealing = store.sealing
    if sealing and sealing.writes:
        store.write(lambda c: note_first(c, sealing))
        sealing.is_noted = True


def missing_keys(rows: Sequence[Any], sealing: Sealing | None) -> list[Finding]:
    """Return a finding for each key that is needed and not given, of what `all_keys` returns."""
    given = sealing.keys if sealing else []
    return [
        Finding(
            Level.ERROR,
            f"the ledger has values that are encrypted by the key {row.id}, and no key here is "
            "that one",
            where="host.encryption.keys",
            remedy="add the key again, after the first one; `regbridge encrypt` then encrypts "
            "everything by the first one and says which keys can go",
        )
        for row in rows
        if row.id != NOT_SEALED and row.retired_at is None and row.id not in given
    ]


def all_keys(connection: Connection) -> Sequence[Any]:
    """Return the keys that the ledger has known, the first used first."""
    order = (encryption_keys.c.first_used_at, encryption_keys.c.id)
    return connection.execute(select(encryption_keys).order_by(*order)).all()


def note_first(connection: Connection, sealing: Sealing) -> None:
    """Write down the first key, with the ledger's digest key sealed by it, and take up the latter.

    The digest key is the same for ever, so that equal records are known when the keys are others.
    """
    rows = all_keys(connection)
    if not any(row.id == sealing.first and row.retired_at is None for row in rows):
        rows = _alone(connection)
    digest_key = _digest_key(rows, sealing) or os.urandom(_DIGEST_KEY_BYTES)
    sealing.digest_key = digest_key
    mine = next((row for row in rows if row.id == sealing.first), None)
    values: dict[str, Any] = {"digest_key": sealing.seal(digest_key, _ABOUT), "retired_at": None}
    values["first_used_at"] = _now(connection)
    if mine is None:
        require_at_least(connection, _REVISION)
        row = {"id": sealing.first, **values}
        connection.execute(insert(encryption_keys).values(row))
    elif mine.retired_at is not None:
        again = update(encryption_keys).where(encryption_keys.c.id == sealing.first)
        connection.execute(again.values(values))


def _alone(connection: Connection) -> Sequence[Any]:
    """Return the keys when no other process can note one before this transaction ends."""
    if connection.dialect.name != "sqlite":
        connection.execute(_LOCK)
    return all_keys(connection)


def hosts_behind(connection: Connection, sealing: Sealing, now: int) -> list[str]:
    """Return the running hosts that were started before the first key was used at all.

    They write by another one, or as it came, and may not be able to read what this one seals.
    """
    if not sealing.writes:
        return []
    statement = select(encryption_keys.c.first_used_at).where(encryption_keys.c.id == sealing.first)
    first_used_at = connection.scalar(statement)
    return [
        row.host
        for row in hosts_there(connection, now)
        if first_used_at is None or row.started_at < first_used_at
    ]


def note_counts(connection: Connection, counts: Mapping[str, int], now: int) -> None:
    """Write down how many values were counted by each key."""
    known = {row.id for row in all_keys(connection)}
    for key in known | counts.keys():
        values = {"held": counts.get(key, 0), "counted_at": now}
        if key in known:
            mine = update(encryption_keys).where(encryption_keys.c.id == key)
            connection.execute(mine.values(values))
        else:
            row = {"id": key, "digest_key": b"", "first_used_at": now, **values}
            connection.execute(insert(encryption_keys).values(row))


def retire(connection: Connection, needed: Collection[str], now: int) -> None:
    """Give up all other keys: who starts does not need them any more."""
    others = encryption_keys.c.id.not_in([NOT_SEALED, *needed])
    mine = update(encryption_keys).where(others, encryption_keys.c.retired_at.is_(None))
    connection.execute(mine.values(retired_at=now))


def _now(connection: Connection) -> int:
    """Return the time (ms) by the clock by which hosts say when they were started."""
    if connection.dialect.name == "sqlite":
        return time.time_ns() // 1_000_000
    return int(connection.scalar(_CLOCK) or 0)


def _digest_key(rows: Sequence[Any], sealing: Sealing) -> bytes | None:
    for row in rows:
        if row.id in sealing.keys:
            return sealing.open(bytes(row.digest_key), _ABOUT)
    return None
