"""Whatever gets lost, doubled, late or edited: after a pass all are at the target, as counted."""

from __future__ import annotations

import json
import os
import random
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import select
from tests.integration.ledger.any_order_targets import WatchedStore
from tests.integration.ledger.conftest import Ledger
from tests.integration.ledger.reconcile_places import EVENT, RULES, Places

from regbridge.reconcile.report import plain_differences
from regbridge.store.proof_tables import passes

SEEDS = range(int(os.environ.get("REGBRIDGE_RECONCILE_SEEDS", "8")))
PEOPLE = 15
STATUSES = ("Accepted", "Accepted", "Accepted", "Cancelled")


class Story:
    """What happens to an event between two passes, decided by a seed."""

    def __init__(self, ledger: Ledger, seed: int, killed: type[BaseException]) -> None:
        self.random = random.Random(seed)
        self.overwrites = self.random.random() < 0.5
        self.places = Places(ledger, replace(RULES, overwrite=self.overwrites))
        self.late: list[Callable[[], None]] = []
        self.edited: set[str] = set()
        self._killed = killed

    def live(self, steps: int) -> None:
        """Let people register, change and cancel, and webhooks be lost, doubled and late."""
        for _ in range(steps):
            self.places.ledger.advance(self.random.uniform(1, 400))
            self._somebody_changes()
            if self.random.random() < 0.5:
                self.places.ledger.run()

    def _somebody_changes(self) -> None:
        number = self.random.randint(1, PEOPLE)
        known = self.places.account.people.get(number)
        if known is not None and known.is_deleted:
            return
        if known is not None and known.is_guest and self.random.random() < 0.2:
            self.places.account.remove_guest(number)
            return
        is_guest = known.is_guest if known else self.random.random() < 0.2
        status = self.random.choice(STATUSES) if known else "Accepted"
        company = f"C{self.random.randint(1, 99)}"
        record = self.places.account.put(number, company, status, is_guest=is_guest)
        self._webhook(record)

    def _webhook(self, record: Mapping[str, Any]) -> None:
        chance = self.random.random()
        clock = self.places.ledger.clock
        if chance < 0.15:
            return  # lost
        if chance < 0.3:
            sent_at = clock.now
            self.late.append(lambda: self._tell_of(sent_at, record))
            return
        self.places.tell(record)
        if chance > 0.9:
            self.places.tell(record)

    def _tell_of(self, sent_at: int, record: Mapping[str, Any]) -> None:
        """Let a webhook come late: it was made at `sent_at`."""
        clock = self.places.ledger.clock
        now, clock.now = clock.now, sent_at
        message = self.places.message(record)
        clock.now = now
        self.places.ledger.receive(message)

    def come_late(self, share: float) -> None:
        """Let some of the late webhooks arrive."""
        self.random.shuffle(self.late)
        for _ in range(round(len(self.late) * share)):
            self.late.pop()()

    def edit_rows(self) -> None:
        """Delete and change rows at the target, as people do there."""
        rows = self.places.table.rows
        for key in list(rows):
            chance = self.random.random()
            if chance < 0.15:
                del rows[key]
            elif chance < 0.3:
                rows[key]["company"] = "by hand"
                self.edited.add(key)

    def run_killed_at_random(self) -> None:
        """Let a worker begin the pass that is due, and die somewhere on its way."""
        ledger = self.places.ledger
        for _ in range(self.random.randint(1, 4)):
            left = self.random.randint(1, 60)

            def point(_: str) -> None:
                nonlocal left
                left -= 1
                if left == 0:
                    raise self._killed

            store = WatchedStore(ledger.store.url)
            store.point = point
            usual, ledger.store = ledger.store, store
            ledger._worker = None
            try:
                self.places.run(3)
            except self._killed:
                pass
            finally:
                store.close()
                ledger.store, ledger._worker = usual, None
            ledger.advance(61)


@pytest.mark.parametrize("seed", SEEDS)
def test_after_a_pass_everybody_is_there_in_the_newest_state(
    bare_ledger: Ledger, seed: int, killed: type[BaseException]
) -> None:
    story = Story(bare_ledger, seed, killed)
    story.live(25)
    story.come_late(0.5)
    story.places.wait(10)
    story.live(25)
    story.places.wait(10)
    story.edit_rows()
    story.places.ledger.advance(24 * 3600)
    story.run_killed_at_random()
    story.places.run(65)
    must_be_right(story)

    # A late one may be about somebody who was gone before they were known here.
    story.come_late(1.0)
    story.places.run(5)
    story.places.wait(24 * 60)
    must_be_right(story)


def must_be_right(story: Story) -> None:
    """Compare everybody with the target, and the account with our own counting."""
    places = story.places
    people = places.account.people.values()
    came = {row.invitee_stub for row in places.ledger.registrations()}
    expected = {
        one.invitee_stub: (one.fields["company"], one.fields["inviteeStatus"])
        for one in people
        if one.invitee_stub in came
    }
    there = {key: (row["company"], row["status"]) for key, row in places.table.rows.items()}
    kept = {key for key in story.edited if there.get(key, ("", ""))[0] == "by hand"}
    assert not (kept and story.overwrites)
    assert {k: v for k, v in there.items() if k not in kept} == {
        k: v for k, v in expected.items() if k not in kept
    }
    live = {one.invitee_stub for one in people if one.status == "Accepted" and not one.is_deleted}
    assert live <= came
    assert len(places.ledger.store.read(running)) == 0
    last = places.ledger.store.read(last_full)
    account = json.loads(last.account)
    assert account["at_cvent"] == len(live)
    assert account["here"] == len(live)
    assert account["targets"]["crm"]["there"] == len(live)
    found = places.ledger.store.read(lambda c: plain_differences(c, "apap", EVENT.id))
    changed = {row["invitee"] for row in found if row["kind"] == "changed there"}
    assert kept <= changed
    assert all(row["sent_at"] for row in found if row["kind"] != "changed there")


def running(connection: Any) -> Any:
    return connection.execute(select(passes).where(passes.c.finished_at.is_(None))).all()


def last_full(connection: Any) -> Any:
    full = passes.c.since.is_(None), passes.c.finished_at.is_not(None)
    return connection.execute(select(passes).where(*full).order_by(passes.c.id.desc())).first()
