"""A host dies with its ledger, and a backup that was taken amidst its work brings it back."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import requests
from tests.acceptance.test_reconcile import BY_HAND, run
from tests.chaos.life import Life
from tests.proof import figures
from tests.proof.vendors import TOKEN, Vendors, vendors, write_configuration
from tests.simulated import protech_target

from regbridge.backup import Backup, write_backup
from regbridge.status import figures as figures_of
from regbridge.store.engine import Store
from regbridge.store.restored import REASON
from regbridge.testing.payloads import encode, live, registrant
from regbridge_cvent.simulator import Population

ALL = range(1, 41)
"""Who registers."""

TOLD = range(1, 31)
"""Of whom a webhook tells; those of the others are lost."""

BACKED_UP_AFTER, BEFORE = 12, 24
"""The backup is taken while so many messages arrive, and more come after it."""

SECONDS = 60.0


def wait_until(is_so: Callable[[], object], life: Life) -> None:
    """Wait for something, as long as the process lives."""
    deadline = time.monotonic() + SECONDS
    while not is_so():
        assert life.process.poll() is None, life.last_words()
        assert time.monotonic() < deadline, life.last_words()
        threading.Event().wait(0.05)


@contextmanager
def serving(folder: Path) -> Iterator[tuple[Life, str]]:
    """Run a host until the end of the block, where it is killed."""
    life = Life(folder, "serve", "serve", "--port", "0", "--log-level", "warning")
    life.begin()
    try:
        yield life, life.wait_for_url()
    finally:
        life.end()


def tell(around: Vendors, url: str, told: list[int], backed_up: threading.Event) -> None:
    """Post one webhook after the other, as Cvent does."""
    for number in TOLD:
        if number > BEFORE:
            backed_up.wait(SECONDS)
        attendee = around.cvent.world.attendee(registrant(number)["inviteeStub"].lower())
        message = live("InviteeOrGuestAccepted", registrant(number), time=attendee["lastModified"])
        headers = {"Authorization": TOKEN, "Content-Type": "application/json"}
        answer = requests.post(url, data=encode(message), headers=headers, timeout=30)
        assert answer.status_code == 200
        told.append(number)


def staged(around: Vendors) -> set[str]:
    """Return whom the Protech service has; nobody twice, since that would be there twice."""
    counts = around.protech.staging.counts()
    assert set(counts.values()) <= {1}, counts
    return {invitee.lower() for invitee, _ in counts}


@pytest.fixture
def around() -> Iterator[Vendors]:
    with vendors(Population(len(ALL), guests_every=0, items=0)) as running:
        yield running


def test_after_a_restore_and_a_comparison_nobody_is_missing_and_nobody_is_there_twice(
    around: Vendors, tmp_path: Path
) -> None:
    folder, database = tmp_path / "configs", tmp_path / "regbridge.db"
    write_configuration(folder, f"sqlite:///{database}", around, BY_HAND)
    add_protech(folder, around)
    with serving(folder) as (life, url):
        made = back_up_amidst(around, database, tmp_path / "safe", life, url)
        wait_until(lambda: len(around.rows()) == len(TOLD) == len(staged(around)), life)
    before = staged(around)
    for file in (database, database.with_name("regbridge.db-wal")):
        file.write_bytes(b"\xff" * 4096)

    restored = run(folder, "restore", str(made.file), "--yes")
    with serving(folder) as (life, _), opened(database) as store:
        fixed = run(folder, "reconcile", "--full", "--fix", "--yes")
        wait_until(lambda: len(around.rows()) == len(ALL), life)
        wait_until(lambda: not figures.on_its_way(store, time.time_ns() // 1_000_000), life)
        reasons = figures_of(store, time.time_ns() // 1_000_000)["reasons"]

    assert restored.returncode == 0, restored.stderr
    all_there = f"{len(ALL)} at Cvent, {len(ALL)} here, {len(ALL)} at crm"
    assert all_there in fixed.stdout, fixed.stdout + fixed.stderr
    must_be_rows(around)
    assert staged(around) == before
    [parked] = [each for each in reasons if each["state"] == "parked"]
    assert parked["reason"] == REASON
    assert parked["count"] >= len(ALL) - made.contents.messages


def back_up_amidst(around: Vendors, database: Path, folder: Path, life: Life, url: str) -> Backup:
    """Write a backup while messages arrive, some of them after it."""
    told: list[int] = []
    backed_up = threading.Event()
    telling = threading.Thread(target=tell, args=(around, url, told, backed_up), daemon=True)
    telling.start()
    wait_until(lambda: len(told) >= BACKED_UP_AFTER, life)
    with opened(database) as store:
        made = write_backup(store, folder, datetime.now(UTC))
    backed_up.set()
    telling.join()
    assert made is not None
    assert BACKED_UP_AFTER <= made.contents.messages <= BEFORE
    return made


@contextmanager
def opened(database: Path) -> Iterator[Store]:
    store = Store(f"sqlite:///{database}")
    try:
        yield store
    finally:
        store.close()


def add_protech(folder: Path, around: Vendors) -> None:
    """Add a target that must not get a record twice."""
    file = folder / "clients" / "proof.yaml"
    client: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    client["targets"]["staging"] = protech_target(around.protech_url, "company")
    file.write_text(json.dumps(client), encoding="utf-8")


def must_be_rows(around: Vendors) -> None:
    """Dataverse has everybody once, in the state of now."""
    expected = {one["id"]: figures.expected_row(one) for one in figures.attendees(around)}
    [names] = {tuple(row) for row in expected.values()}
    assert figures.rows_there(around, names) == expected
