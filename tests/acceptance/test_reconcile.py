"""Whatever gets lost between Cvent and the CRM, one pass finds it, and its numbers are true."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest
import structlog
from tests.chaos.life import Life
from tests.postgres import new_schema
from tests.proof import figures
from tests.proof.serving import POINTS, Serving
from tests.proof.story import Story
from tests.proof.vendors import Vendors, vendors, write_configuration
from tests.simulated import STAGING

from regbridge.store.engine import Store
from regbridge.store.upgrades import upgrade
from regbridge.testing.payloads import EVENT
from regbridge_cvent.simulator import Population

TRIALS = int(os.environ.get("REGBRIDGE_RECONCILE_TRIALS", "2"))
SIDES = [
    *(("SQLite", seed) for seed in range(TRIALS)),
    *(("PostgreSQL", seed) for seed in range(TRIALS, TRIALS + -(-TRIALS // 2))),
]
REGISTRANTS = 300
GUESTS_EVERY = 10
AT_POINTS, AT_MOMENTS = 4, 1
STRANGERS = 3
OFTEN: Mapping[str, Any] = {
    "every_minutes": 2 / 60,
    "full_every_hours": 5 / 3600,
    "calls_per_day": 100_000,
    "grace_minutes": 0,
    "overlap_minutes": 1,
    "overwrite": True,
}
BY_HAND: Mapping[str, Any] = {"every_minutes": None}
MANY = 2_000
RUN = "from regbridge.cli import main; main()"


@contextmanager
def ledger(database: str, folder: Path) -> Iterator[Store]:
    """Give an empty ledger."""
    with ExitStack() as stack:
        url = f"sqlite:///{folder / 'regbridge.db'}"
        store = Store(url if database == "SQLite" else stack.enter_context(new_schema()))
        stack.callback(store.close)
        upgrade(store)
        yield store


def now() -> int:
    return time.time_ns() // 1_000_000


def run(folder: Path, *command: str) -> subprocess.CompletedProcess[str]:
    """Run a command of regbridge."""
    return subprocess.run(
        [sys.executable, "-c", RUN, *command, "--configs", str(folder)],
        capture_output=True,
        text=True,
        timeout=120,
    )


def reconcile(folder: Path, *options: str) -> subprocess.CompletedProcess[str]:
    """Run `regbridge reconcile` for the event."""
    return run(folder, "reconcile", "--event", "conference", *options)


@pytest.mark.parametrize(("database", "seed"), SIDES)
def test_after_one_pass_everybody_is_at_the_crm_in_the_newest_state_and_counted(
    database: str, seed: int, tmp_path: Path
) -> None:
    with ExitStack() as stack:
        store = stack.enter_context(ledger(database, tmp_path))
        population = Population(REGISTRANTS, guests_every=GUESTS_EVERY, items=0)
        around = stack.enter_context(vendors(population))
        folder = tmp_path / "configs"
        write_configuration(folder, store.url, around, OFTEN)
        story = Story(around, seed, REGISTRANTS, GUESTS_EVERY)
        stack.callback(story.give_up)
        serving = Serving(folder, store, seed)
        stack.callback(serving.end)

        def tell(url: str) -> None:
            story.url = url

        story.begin()
        serving.live_and_die(AT_POINTS, AT_MOMENTS, tell)
        serving.live_on(tell)
        story.end()
        structlog.get_logger().info("the story", kills=serving.kills, happened=story.happened)
        strangers = {add_stranger(around, number) for number in range(STRANGERS)}
        serving.wait_until(lambda: not figures.on_its_way(store, now()), "at rest")
        last_disturbance = now()
        serving.wait_until(lambda: figures.full_pass_since(store, last_disturbance), "compared")

        proof = figures.full_pass_since(store, last_disturbance)
        assert proof is not None
        serving.end()
        must_be_there(store, around, story, strangers)
        must_be_counted(around, proof, story)
        must_be_named(figures.differences(store), story)
        must_be_counted_by_commands(around, folder)
        assert serving.passed() >= set(POINTS)
        assert serving.kills.total() == AT_POINTS + AT_MOMENTS
        assert figures.receipts_of_kind(store, "webhook") > 20
        assert figures.receipts_of_kind(store, "reconcile") > 0


def add_stranger(around: Vendors, number: int) -> str:
    """Have somebody enter a registration by hand in the CRM, and return whose."""
    invitee = f"entered by hand {number}"
    row = {"new_inviteeid": invitee, "new_eventid": EVENT.lower(), "new_lastname": "Unknown"}
    around.dataverse.add(STAGING, row)
    return invitee


def must_be_there(store: Store, around: Vendors, story: Story, strangers: set[str]) -> None:
    """Everybody who came, and everybody who has accepted, is a row in their newest state."""
    known = figures.came(store)
    assert figures.must_be_here(around) <= known
    expected = {
        one["id"]: figures.expected_row(one)
        for one in figures.attendees(around)
        if one["id"] in known
    } | story.gone
    [names] = {tuple(row) for row in expected.values()}
    there = figures.rows_there(around, names)
    assert strangers <= there.keys()
    wrong = {
        who: (there.get(who), expected.get(who))
        for who in expected.keys() | there.keys() - strangers
        if there.get(who) != expected.get(who)
    }
    assert not wrong, f"{len(wrong)} wrong; the first is there, the second should be: {wrong}"
    assert figures.pending(store) == 0


def must_be_counted(around: Vendors, proof: Mapping[str, Any], story: Story) -> None:
    """The account of the pass has the numbers of Cvent and of Dataverse."""
    account = proof["account"]
    assert_numbers(around, account)
    found = {(each["kind"], each["target"]): each for each in account["differences"]}
    gone = found.pop(("gone at Cvent", ""), {"count": 0})
    assert gone["count"] == len(story.gone)
    assert found.pop(("extra there", "crm"))["count"] == STRANGERS
    assert all(each["count"] == each["sent"] for each in found.values()), found
    missing = found.get(("missing there", "crm"), {"count": 0})["count"]
    crm = account["targets"]["crm"]
    assert crm["rows"] + missing == len(around.rows())
    assert crm["extra"] == STRANGERS


def must_be_named(found: Sequence[Mapping[str, Any]], story: Story) -> None:
    """What nobody mends by themselves is named."""
    left = {
        (each["kind"], each["invitee"] or each["text"]) for each in found if not each["sent_at"]
    }
    gone = {("gone at Cvent", invitee) for invitee in story.gone}
    assert gone <= left
    assert {kind for kind, _ in left - gone} == {"extra there"}
    assert all(each["name"] for each in found if each["kind"] != "extra there")


def must_be_counted_by_commands(around: Vendors, folder: Path) -> None:
    """`reconcile --last` and `status` have the same numbers."""
    [said] = json.loads(reconcile(folder, "--last", "--json").stdout)
    assert_numbers(around, said["account"])
    proofs = json.loads(run(folder, "status", "--json").stdout)["proofs"]
    [shown] = [each for each in proofs if each["finished_at"]]
    assert shown["account"] == said["account"]


def assert_numbers(around: Vendors, account: Mapping[str, Any]) -> None:
    live, all_ = len(figures.must_be_here(around)), len(figures.attendees(around))
    assert account["at_cvent"] == live
    assert account["others_at_cvent"] == all_ - live
    assert account["here"] == live
    assert account["targets"]["crm"]["there"] == live


def test_a_backfill_by_hand_that_is_killed_again_and_again_brings_in_everybody_once(
    tmp_path: Path,
) -> None:
    with ExitStack() as stack:
        store = stack.enter_context(ledger("SQLite", tmp_path))
        population = Population(MANY, guests_every=0, items=0)
        around = stack.enter_context(vendors(population, latency=0.15))
        folder = tmp_path / "configs"
        write_configuration(folder, store.url, around, BY_HAND)
        serving = Serving(folder, store, 0)
        stack.callback(serving.end)
        serving.live_on(lambda _: None)

        kills = 0
        for is_time in moments_of_a_backfill(around):
            with by_hand(folder) as command:
                serving.wait_until(is_time, "so far")
                kills += command.process.poll() is None
        done = reconcile(folder, "--full", "--fix", "--yes")

        assert kills > 2
        assert done.returncode == 0, done.stdout + done.stderr
        assert f"{MANY:,} at Cvent, {MANY:,} here, {MANY:,} at crm." in done.stdout
        assert len(figures.rows_there(around, ["new_name"])) == MANY
        assert figures.must_be_here(around) == figures.came(store)
        assert around.listings() <= MANY // 200 + kills
        assert not around.cvent.calls.was_refused


def moments_of_a_backfill(around: Vendors) -> Sequence[Callable[[], bool]]:
    """Return when the command is killed: twice while it pages, twice while it sends."""
    return (
        lambda: around.listings() >= 3,
        lambda: around.listings() >= 6,
        lambda: len(around.rows()) >= MANY // 10,
        lambda: len(around.rows()) >= MANY // 2,
    )


@contextmanager
def by_hand(folder: Path) -> Iterator[Life]:
    """Run the command that brings in everybody, and kill it at the end of the block."""
    command = ("reconcile", "--event", "conference", "--full", "--fix", "--yes")
    life = Life(folder, "command", *command)
    life.begin()
    try:
        yield life
    finally:
        life.end()


def test_a_target_that_cannot_be_read_back_is_counted_by_what_was_delivered(
    tmp_path: Path,
) -> None:
    with ExitStack() as stack:
        store = stack.enter_context(ledger("SQLite", tmp_path))
        around = stack.enter_context(vendors(Population(60, guests_every=10, items=0)))
        folder = tmp_path / "configs"
        write_configuration(folder, store.url, around, OFTEN, target="protech")
        serving = Serving(folder, store, 0)
        stack.callback(serving.end)
        for invitee in sorted(figures.must_be_here(around))[:7]:
            around.cvent.world.cancel(invitee)
        serving.live_on(lambda _: None)
        serving.wait_until(lambda: figures.full_pass_since(store, 0), "compared")
        changed = sorted(figures.must_be_here(around))[0]
        around.cvent.world.cancel(changed)
        last_change = now()

        serving.wait_until(lambda: figures.full_pass_since(store, last_change), "compared again")

        proof = figures.full_pass_since(store, last_change)
        assert proof is not None
        serving.end()
        crm = proof["account"]["targets"]["crm"]
        staged = around.protech.staging.counts()
        assert_numbers(around, proof["account"])
        assert crm["can_be_read"] is False
        assert "rows" not in crm
        assert {who.lower() for who, _ in staged} == figures.must_be_here(around) | {changed}
        assert around.protech.staging.of(changed)[-1].parameters["szJobTitle"].endswith("Cancelled")
        said = reconcile(folder, "--last")
        assert said.returncode == 0, said.stdout + said.stderr
        assert "crm: cannot be read back; what was delivered is counted." in said.stdout
