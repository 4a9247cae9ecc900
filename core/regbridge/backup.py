"""Writes a backup of the ledger beside a running host: a whole one, or none."""

from __future__ import annotations

import os
import re
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from glob import escape
from pathlib import Path
from secrets import token_hex

from regbridge.errors import ConfigError, StoreUnavailableError
from regbridge.store.contents import Contents
from regbridge.store.engine import Store

FOLDER = "backups"
"""Where backups go unless somebody says so, in the folder of the configuration."""

_STEM = "regbridge-%Y%m%dT%H%M%SZ"
_OURS = re.compile(r"regbridge-\d{8}T\d{6}Z\.(db|dump)")
_PARTIAL = ".partial"
_ABANDONED_SECONDS = 86_400
_SPARE = 64_000_000
_COMPRESSED = 3
"""A dump is compressed, to less than one in so many bytes of its tables."""


@dataclass(frozen=True, slots=True)
class Backup:
    """A backup that was written and verified, and the older ones that were removed for it."""

    file: Path
    size: int
    contents: Contents
    removed: tuple[Path, ...] = ()


def write_backup(store: Store, to: Path, now: datetime, keep: int | None = None) -> Backup | None:
    """Copy the ledger into a new file, or into a new file of a folder; None without a ledger.

    `keep` is how many backups the folder has afterwards. Raises `ConfigError` when the place will
    not do, `StoreUnavailableError` when the copy fails; then no file is left.
    """
    file = _place(store, to, now, keep)
    file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    require_space(file.parent, _size_of(store))
    with partial_file(file) as partial:
        held = _copy(store, partial)
        if held is None:
            return None
        partial.rename(file)
    removed = _remove_old(file.parent, keep) if keep else ()
    return Backup(file, file.stat().st_size, held, removed)


@contextmanager
def partial_file(file: Path) -> Iterator[Path]:
    """Give an empty file beside another that its owner alone may read; it goes if it is left."""
    partial = file.with_name(f".{file.name}.{token_hex(4)}{_PARTIAL}")
    os.close(os.open(partial, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
    try:
        yield partial
    finally:
        partial.unlink(missing_ok=True)


def remove_partials(folder: Path, stem: str, older_than: float = 0) -> None:
    """Remove what killed runs left of files whose names begin so, if it is so many seconds old."""
    for path in folder.glob(f".{escape(stem)}*{_PARTIAL}*"):
        if path.stat().st_mtime <= time.time() - older_than:
            path.unlink()


def newest_backup(folder: Path) -> tuple[Path, datetime] | None:
    """Return the newest backup of a folder, and of when it is; None where there is none."""
    if not folder.is_dir() or not (ours := _backups(folder)):
        return None
    taken = datetime.strptime(ours[-1].stem, _STEM).replace(tzinfo=UTC)
    return ours[-1], taken


def require_space(folder: Path, size: int) -> None:
    """Raise `ConfigError` when a folder's disk has no room for so many bytes."""
    needed = size + _SPARE
    free = shutil.disk_usage(folder).free
    if free < needed:
        message = f"{folder} has {free / 1e6:,.0f} MB free, {needed / 1e6:,.0f} MB are needed"
        raise ConfigError.of(message, "make room, or name a folder on another disk")


def _place(store: Store, to: Path, now: datetime, keep: int | None) -> Path:
    """Return the file to write. Raises `ConfigError` for one that is there."""
    if to.is_dir() or not to.suffix:
        return to / f"{now:{_STEM}}{'.db' if store.embedded else '.dump'}"
    if keep:
        raise ConfigError.of("--keep counts the backups of a folder", f"name one, not {to.name}")
    if to.exists():
        raise ConfigError.of(
            f"{to} is there already, and is left as it is",
            "name another file; or a folder, in which each backup has a name of its own",
        )
    return to


def _size_of(store: Store) -> int:
    if store.file is None:
        from regbridge.store.postgresql_dump import size_of

        return size_of(store) // _COMPRESSED
    log = store.file.with_name(f"{store.file.name}-wal")
    return sum(file.stat().st_size for file in (store.file, log) if file.exists())


def _copy(store: Store, to: Path) -> Contents | None:
    """Copy the ledger, and look through the copy."""
    if not store.embedded:
        from regbridge.store.postgresql_dump import dump_ledger

        return dump_ledger(store, to)
    from regbridge.store.sqlite_copy import copy_ledger, look_through

    held = copy_ledger(store, to)
    if held is not None and (found := look_through(to, named=store.file)) != held:
        raise StoreUnavailableError(f"the copy holds {found}, the ledger {held}")
    return held


def _remove_old(folder: Path, keep: int) -> tuple[Path, ...]:
    """Remove all but the newest backups, and what a killed run left."""
    old = tuple(_backups(folder)[:-keep])
    for path in old:
        path.unlink()
    remove_partials(folder, "regbridge-", _ABANDONED_SECONDS)
    return old


def _backups(folder: Path) -> list[Path]:
    return sorted(path for path in folder.iterdir() if _OURS.fullmatch(path.name))
