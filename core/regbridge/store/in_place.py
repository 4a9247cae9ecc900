"""Puts a copy in the place of a ledger in a file, and the ledger beside it."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

from sqlalchemy import make_url

from regbridge.store.engine import Store
from regbridge.store.sqlite_copy import settle

_LOGS = ("-wal", "-shm")


@contextmanager
def opened(store: Store, copy: Path) -> Iterator[Store]:
    """Open a copy as its ledger is opened, and make one file of it again at the end."""
    url = make_url(store.url).set(database=copy.as_posix())
    other = store.elsewhere(url.render_as_string(hide_password=False))
    try:
        yield other
    finally:
        other.close()
        settle(copy)


def put_in_place(copy: Path, ledger: Path, now: datetime) -> Path | None:
    """Rename the ledger, if there is one, then the copy; return the ledger's new name.

    Who owned the ledger owns it afterwards, with the same rights, whoever runs this.
    """
    there = ledger.exists()
    _give(copy, ledger if there else ledger.parent)
    if there:
        copy.chmod(ledger.stat().st_mode & 0o777)
    beside = ledger.with_name(f"{ledger.stem}.replaced-{now:%Y%m%dT%H%M%SZ}{ledger.suffix}")
    # The logs go first: a copy that came to lie beside a log of another would be spoilt by it.
    for name in (*_LOGS, ""):
        old = ledger.with_name(ledger.name + name)
        if old.exists():
            old.rename(beside.with_name(beside.name + name))
    copy.rename(ledger)
    return beside if there else None


def give_locks(ledger: Path, roles: Sequence[str]) -> None:
    """Let the account that owns a ledger have its locks too."""
    for role in roles:
        _give(ledger.with_name(f"{ledger.name}.{role}.lock"), ledger)


def _give(file: Path, like: Path) -> None:
    """Give a file to the owner of another one, where files have one that may be changed."""
    if sys.platform != "win32" and os.geteuid() == 0:
        owner = like.stat()
        os.chown(file, owner.st_uid, owner.st_gid)
