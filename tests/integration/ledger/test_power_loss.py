"""Whenever the power goes, the files of a SQLite ledger hold all that was acknowledged.

A copy of the database file and its write-ahead log, without the shared memory, is what a restart
finds after a power cut. The two files have to be of one moment: a reader's transaction keeps
checkpoints from beginning the log anew, so that whatever a checkpoint changes in the first file
while it is copied is in the log as well, which is copied after it.

This proves the order in which SQLite writes, that an acknowledgement comes after its commit, and
that a torn end of the log does no harm. It reads what the operating system has: that
`synchronous=FULL` brings it to the disk before the acknowledgement is another test's matter
(`test_a_commit_waits_for_the_disk`), and that the disk keeps its word is nobody's.
"""

from __future__ import annotations

import itertools
import shutil
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import event

from regbridge.store.bodies import PART_BYTES
from regbridge.testing.payloads import encode, live, registrant, sync

if TYPE_CHECKING:
    from tests.integration.ledger.conftest import Ledger

COPIES = 12
SENDERS = 3
TORN = 8
"""Ends of the log that are tried for the last copy."""

pytestmark = pytest.mark.parametrize("bare_ledger", ["SQLite"], indirect=True)


class Senders:
    """Threads that send messages; `acknowledged` has the receipt of each, and its body."""

    def __init__(self, ledger: Ledger) -> None:
        self.acknowledged: dict[int, bytes] = {}
        self._ledger = ledger
        self._numbers = itertools.count(1)
        self._stopping = threading.Event()
        self._threads = [threading.Thread(target=self._send) for _ in range(SENDERS)]

    @contextmanager
    def sending(self) -> Iterator[None]:
        for thread in self._threads:
            thread.start()
        try:
            yield
        finally:
            self._stopping.set()
            for thread in self._threads:
                thread.join()

    def _send(self) -> None:
        while not self._stopping.is_set():
            number = next(self._numbers)
            if number % 10 == 0:
                body = encode(sync(20, first=number))
            elif number % 25 == 1:  # of several parts
                body = b" " * PART_BYTES + encode(sync(1, first=number))
            else:
                body = encode(live("InviteeOrGuestModified", registrant(number)))
            receipt = self._ledger.receive(body)
            self.acknowledged[receipt] = body


@pytest.fixture
def checkpointing(ledger: Ledger) -> Ledger:
    """A ledger whose log is written back to the file after every few pages."""

    def often(connection: Any, _record: object) -> None:
        connection.execute("PRAGMA wal_autocheckpoint=50")

    ledger.store.close()
    event.listen(ledger.store.writer, "connect", often)
    return ledger


def work(ledger: Ledger) -> None:
    """Let each step do a batch: the worker writes, too."""
    for step, client in (
        ("split", ""),
        ("split", "syncs"),
        ("prepare", "apap"),
        ("deliver", "apap"),
    ):
        ledger.lane(step, client)()


def copy_files(path: Path, to: Path) -> Path:
    """Copy what a power cut would leave behind now; the readers' file is made anew."""
    to.mkdir()
    copy = to / path.name
    with closing(sqlite3.connect(path)) as reader:
        reader.execute("BEGIN")
        reader.execute("SELECT count(*) FROM receipts").fetchone()
        shutil.copyfile(path, copy)
        shutil.copyfile(f"{path}-wal", f"{copy}-wal")
    return copy


def messages(path: Path) -> dict[int, bytes]:
    """Open a copy as a start does, and return the messages in it; a half one is an error."""
    with closing(sqlite3.connect(path)) as database:
        assert database.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        assert database.execute("PRAGMA foreign_key_check").fetchall() == []
        parts = "SELECT receipt_id, body FROM receipt_parts ORDER BY receipt_id, part"
        bodies: dict[int, bytes] = {}
        for receipt, body in database.execute(parts):
            bodies[receipt] = bodies.get(receipt, b"") + body
        receipts = {row[0] for row in database.execute("SELECT id FROM receipts")}
    assert receipts == bodies.keys()
    return bodies


def test_each_copy_holds_what_had_been_acknowledged_when_it_began(
    checkpointing: Ledger, tmp_path: Path
) -> None:
    senders = Senders(checkpointing)
    copies: list[tuple[dict[int, bytes], Path]] = []
    with senders.sending():
        for number in range(COPIES):
            work(checkpointing)
            before = dict(senders.acknowledged)
            copies.append((before, copy_files(checkpointing.path, tmp_path / f"copy-{number}")))

    assert len(copies[-1][0]) > len(copies[0][0])
    for before, copy in copies:
        assert before.items() <= messages(copy).items()


def test_a_log_whose_end_is_torn_loses_whole_transactions_and_no_half_ones(
    checkpointing: Ledger, tmp_path: Path
) -> None:
    senders = Senders(checkpointing)
    with senders.sending():
        while len(senders.acknowledged) < 40:
            work(checkpointing)
        copy = copy_files(checkpointing.path, tmp_path / "whole")
    log = Path(f"{copy}-wal").read_bytes()
    found = []
    for number in range(TORN):
        torn = tmp_path / f"torn-{number}" / copy.name
        torn.parent.mkdir()
        shutil.copyfile(copy, torn)
        Path(f"{torn}-wal").write_bytes(log[: len(log) * (number + 1) // TORN - 7])
        found.append(messages(torn))

    whole = messages(copy)
    assert all(part.items() <= whole.items() for part in found)
