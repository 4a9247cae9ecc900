"""The ledger: whether it is whole and current, has room, and was backed up; and its clock."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

from regbridge.backup import FOLDER, newest_backup
from regbridge.errors import ConfigError, StoreUnavailableError
from regbridge.models import Finding, Level
from regbridge.store.clock import from_ms, to_ms
from regbridge.store.engine import Store
from regbridge.store.set_back import newest_time
from regbridge.store.shared_clock import SharedClock
from regbridge.store.sqlite import quick_check
from regbridge.store.upgrades import require_current

_LITTLE, _TOO_LITTLE = 2_000_000_000, 200_000_000
"""Bytes that a ledger's disk should have free, and that it must have."""

_LARGE_LOG = 1_000_000_000
_OLD = timedelta(days=2)
_AHEAD_SECONDS = 60


def examine_ledger(store: Store, configs: Path, now: datetime) -> tuple[list[Finding], bool]:
    """Return what there is to say about a ledger, and whether its figures can be read."""
    if store.file is not None and not store.file.is_file():
        remedy = "`regbridge serve` makes it"
        return [Finding(Level.WARNING, "there is no ledger yet", remedy=remedy)], False
    try:
        store.ping()
        problem = store.read(quick_check) if store.embedded else ""
        require_current(store)
    except ConfigError as error:
        return list(error.findings), False
    except StoreUnavailableError as error:
        return [Finding(Level.ERROR, str(error))], False
    if problem:
        remedy = "stop the service and `regbridge restore` a backup"
        return [Finding(Level.ERROR, f"the ledger is damaged: {problem}", remedy=remedy)], False
    whole = "whole and" if store.embedded else "there and"
    findings = [Finding(Level.OK, f"the ledger is {whole} of this version")]
    if store.file is not None:
        findings += [_room(store.file), *_log(store.file)]
    return [*findings, _backed_up(configs / FOLDER, now)], True


def examine_clock(store: Store, now: datetime) -> list[Finding]:
    """Compare this machine's clock with the ledger's."""
    if not store.embedded:
        ahead = (to_ms(now) - SharedClock(store)()) / 1000
        return [_skew(ahead, "the clock of the database server, which is what counts")]
    newest = store.read(newest_time)
    if newest > to_ms(now) + _AHEAD_SECONDS * 1000:
        text = (
            f"the newest message arrived at {from_ms(newest):%Y-%m-%dT%H:%M:%SZ}, which is to come"
        )
        remedy = "set this machine's clock by a time server; it was ahead, or is behind"
        return [Finding(Level.WARNING, text, remedy=remedy)]
    return [Finding(Level.OK, "no message of the ledger is of the future")]


def _room(file: Path) -> Finding:
    size, free = file.stat().st_size + _log_size(file), shutil.disk_usage(file.parent).free
    text = f"the ledger has {size / 1e6:,.1f} MB, its disk {free / 1e6:,.0f} MB free"
    if free >= max(_LITTLE, size // 4):
        return Finding(Level.OK, text)
    level = Level.ERROR if free < _TOO_LITTLE else Level.WARNING
    return Finding(level, text, remedy="make room; a full disk lets messages be refused with 503")


def _log(file: Path) -> Iterator[Finding]:
    size = _log_size(file)
    if size > _LARGE_LOG:
        text = f"{file.name}-wal has {size / 1e6:,.0f} MB: something reads the ledger all the time"
        remedy = "look which program has it open"
        yield Finding(Level.WARNING, text, remedy=remedy)


def _log_size(file: Path) -> int:
    log = file.with_name(f"{file.name}-wal")
    return log.stat().st_size if log.exists() else 0


def _backed_up(folder: Path, now: datetime) -> Finding:
    newest = newest_backup(folder)
    if newest is None:
        text = f"no backup is in {folder.name}"
        remedy = "run `regbridge backup` every night, unless it goes elsewhere"
        return Finding(Level.WARNING, text, remedy=remedy)
    file, taken = newest
    text = f"the newest backup in {folder.name} is {file.name}"
    if now - taken <= _OLD:
        return Finding(Level.OK, text)
    remedy = "run `regbridge backup` every night, unless it goes elsewhere by now"
    return Finding(Level.WARNING, f"{text}, {(now - taken).days} days old", remedy=remedy)


def _skew(ahead: float, of: str) -> Finding:
    if abs(ahead) <= _AHEAD_SECONDS:
        return Finding(Level.OK, f"this clock and {of}, differ by {abs(ahead):.1f} s")
    text = f"this clock is {abs(ahead):.0f} s {'ahead of' if ahead > 0 else 'behind'} {of}"
    return Finding(Level.WARNING, text, remedy="set it by a time server")
