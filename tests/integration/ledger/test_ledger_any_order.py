"""Section 5 in any order: whatever happens meanwhile, the targets end with the newest revisions."""

from __future__ import annotations

import os
import shutil
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
import structlog
from hypothesis import settings
from hypothesis.stateful import (
    invariant,
    rule,
    run_state_machine_as_test,
)
from tests.integration.ledger.any_order_story import Story, watched
from tests.integration.ledger.any_order_targets import (
    Said,
)

from regbridge import blame
from regbridge.store import split as store_split
from regbridge.worker import split as worker_split

EXAMPLES = int(os.environ.get("REGBRIDGE_ANY_ORDER_EXAMPLES", "24"))
"""So many stories are tried on SQLite, a quarter of them on PostgreSQL.

By hand, thousands: `REGBRIDGE_ANY_ORDER_EXAMPLES=3000 python -m pytest -k any_order`.
"""

STEPS = int(os.environ.get("REGBRIDGE_ANY_ORDER_STEPS", "20"))
"""So many things happen in each story at most."""

BY_STRENGTH = ["parked", "pending", "delivered", "unchanged", "superseded", "filtered"]


class AnyOrder(Story):
    """Any story, and what must hold in it."""

    @invariant()
    def nothing_is_wrong(self) -> None:
        assert not self.accounts.wrong, self.accounts.wrong

    @rule()
    def come_to_rest(self) -> None:
        """Let all faults end and time pass: then everything is settled, and nobody has to help."""
        for target in self.targets.values():
            target.faults.clear()
        self.plugin.faults.clear()
        self.settle()
        self.nothing_is_wrong()
        self.check_accounts()
        self.check_targets()

    def teardown(self) -> None:
        if not hasattr(self, "workers") or self.accounts.wrong:
            return
        self.come_to_rest()
        self.retry()
        self.come_to_rest()
        self.check_that_only_the_unmappable_is_parked()

    def check_accounts(self) -> None:
        """Every record of every message is in one state with a reason; counts add up."""
        rows = self.rows()
        places = sorted((row.receipt_id, row.position) for row in rows)
        assert places == sorted(self.said)
        assert all(row.state == "split" for row in self.ledger.receipts())
        assert {row.state for row in rows} <= {*BY_STRENGTH, "duplicate"} - {"pending"}
        assert all(row.reason for row in rows if row.state != "delivered")
        assert all(row.lease is None and row.due_at is None for row in rows)
        states: dict[int, set[str]] = defaultdict(set)
        for row in self.sent_rows():
            states[row.registration_id].add(row.state)
        for row in rows:
            found = states.get(row.id)
            strongest = next((s for s in BY_STRENGTH if s in found), "") if found else row.state
            assert row.state == strongest, (row.id, row.state, found)
        self.check_duplicates(rows)

    def check_duplicates(self, rows: Sequence[Any]) -> None:
        """Of equal messages one counts, unless none is wanted."""
        counted: Counter[tuple[str, int]] = Counter()
        for row in rows:
            said = self.said_of(row)
            if said.company not in ("FILTERED", "FILTER BUG"):
                counted[said.stub, said.position] += row.state != "duplicate"
        assert set(counted.values()) <= {1}, counted

    def check_targets(self) -> None:
        """The oracle: each target holds the newest admitted revision of each registrant."""
        newest: dict[int, tuple[Said, Any]] = {}
        for row in self.rows():
            said = self.said_of(row)
            if row.state == "duplicate" or said.company in ("FILTERED", "FILTER BUG"):
                continue
            if said.registrant not in newest or newest[said.registrant][0].order < said.order:
                newest[said.registrant] = said, row
        for said, row in newest.values():
            for name, target in self.targets.items():
                if row.state != "parked" and (said.company, name) != ("NOT FOR ERP", "erp"):
                    held = target.holds[target.key(said)]
                    assert (held["company"], held["status"]) == (said.company, said.status), said
            assert row.state in ("delivered", "unchanged", "parked"), (said, row.state)

    def check_that_only_the_unmappable_is_parked(self) -> None:
        parked = [self.said_of(row).company for row in self.rows() if row.state == "parked"]
        assert set(parked) <= {"REFUSED", "BUG", "FILTER BUG"}, parked
        assert all(row.state != "pending" for row in self.sent_rows() if row.due_at is None)


@pytest.fixture
def machine(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[type[AnyOrder]]:
    """The machine at an embedded or a shared ledger; a message of more than three is a sync."""
    monkeypatch.setattr(store_split, "SYNC_SIZE", 3)
    monkeypatch.setattr(worker_split, "PART_SIZE", 2)
    # Bugs of plugins are part of the stories, and would hide what went wrong.
    monkeypatch.setattr(blame, "log", structlog.wrap_logger(structlog.ReturnLogger()))
    path = tmp_path / "regbridge.db"
    if request.param == "SQLite":
        shutil.copy(request.getfixturevalue("new_database"), path)
        ledger, stores = watched(path, "")
    else:
        url = request.getfixturevalue("postgres_tables") + "%20-csynchronous_commit%3Doff"
        ledger, stores = watched(path, url)
    yield type("AnyOrder", (AnyOrder,), {"ledger": ledger, "stores": stores})
    for store in stores:
        store.close()
    ledger.close()


@pytest.mark.parametrize(
    ("machine", "examples"),
    [("SQLite", EXAMPLES), ("PostgreSQL", max(EXAMPLES // 4, 1))],
    indirect=["machine"],
)
def test_in_any_order_each_target_ends_with_the_newest_and_gets_each_change_once(
    machine: type[AnyOrder], examples: int
) -> None:
    run_state_machine_as_test(
        machine,
        settings=settings(max_examples=examples, stateful_step_count=STEPS, print_blob=True),
    )
