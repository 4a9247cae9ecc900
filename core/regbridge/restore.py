"""Puts a backup in the place of the ledger, and keeps the one that was there."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from regbridge.backup import partial_file, remove_partials, require_space
from regbridge.errors import ConfigError
from regbridge.store import postgresql_dump, sqlite_copy
from regbridge.store.clock import to_ms
from regbridge.store.contents import Contents, contents_of
from regbridge.store.engine import Store
from regbridge.store.host_lock import HostLock
from regbridge.store.in_place import give_locks, opened, put_in_place
from regbridge.store.keys import require_keys
from regbridge.store.report import all_pauses
from regbridge.store.restored import Buried, buried, mark_restored
from regbridge.store.shared_clock import SharedClock
from regbridge.store.upgrades import upgrade

Agrees = Callable[[Contents | None, Contents | None], bool]
"""Asks whether to go on: what the backup holds, what the ledger holds; None where nobody knows."""

_ROLES = ("receive", "work")


@dataclass(frozen=True, slots=True)
class Restored:
    """A ledger that was restored, and what it says.

    `replaced` is where the one before is now. `forgets` says whether those who were forgotten after
    the backup are forgotten here too; what the ledger of before cannot tell, a person has to.
    """

    contents: Contents
    replaced: Path | None
    forgets: bool
    pauses: tuple[Any, ...]


def restore_backup(store: Store, backup: Path, now: datetime, agrees: Agrees) -> Restored | None:
    """Restore the ledger from a backup; None when `agrees` says no.

    Raises `ConfigError` when the backup cannot be used, a host runs, or the ledger is in the way;
    then nothing has changed.
    """
    _require_kind(store, backup)
    if store.file is None:
        return _restore_dump(store, backup, agrees)
    lock = HostLock(store.file, _ROLES)
    lock.take()
    try:
        return _restore_file(store, store.file, backup, now, agrees)
    finally:
        lock.release()


def _require_kind(store: Store, backup: Path) -> None:
    """Refuse a backup of the other kind of ledger."""
    other = postgresql_dump.MAGIC if store.embedded else sqlite_copy.MAGIC
    with backup.open("rb") as file:
        is_other = file.read(len(other)) == other
    if is_other:
        here, there = ("a SQLite file", "a database in PostgreSQL")[:: 1 if store.embedded else -1]
        message = f"{backup} is of {there}, the ledger is {here}"
        raise ConfigError.of(message, "name a database of that kind in host.database")


def _restore_file(
    store: Store, ledger: Path, backup: Path, now: datetime, agrees: Agrees
) -> Restored | None:
    require_space(ledger.parent, 2 * backup.stat().st_size)
    remove_partials(ledger.parent, ledger.name)
    with partial_file(ledger) as copy:
        sqlite_copy.copy_backup(backup, copy)
        held = sqlite_copy.look_through(copy, named=backup)
        before, forgotten = _look_at(ledger)
        if not agrees(held, before):
            return None
        with opened(store, copy) as restored:
            upgrade(restored)
            require_keys(restored)
            restored.write(lambda c: mark_restored(c, to_ms(now), forgotten or ()))
            found = restored.read(lambda c: (contents_of(c), tuple(all_pauses(c))))
        replaced = put_in_place(copy, ledger, now)
    give_locks(ledger, _ROLES)
    return Restored(found[0] or held, replaced, forgotten is not None, found[1])


def _restore_dump(store: Store, backup: Path, agrees: Agrees) -> Restored | None:
    store.ping()
    archive = postgresql_dump.look_into(backup)
    postgresql_dump.require_place(store, archive)
    if not agrees(None, None):
        return None
    postgresql_dump.restore_dump(store, backup, archive)
    upgrade(store)
    now = SharedClock(store)()
    store.write(lambda c: mark_restored(c, now))
    contents, pauses = store.read(lambda c: (contents_of(c), tuple(all_pauses(c))))
    assert contents is not None
    return Restored(contents, None, False, pauses)


def _look_at(ledger: Path) -> tuple[Contents | None, list[Buried] | None]:
    """Return what the ledger of before tells; nothing if it is not there, or cannot be read."""
    if not ledger.exists():
        return None, None
    return (
        sqlite_copy.look_at(ledger, contents_of),
        sqlite_copy.look_at(ledger, buried),
    )
