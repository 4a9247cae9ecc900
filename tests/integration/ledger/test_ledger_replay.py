"""Registrations that were delivered are mapped again, and what is different is sent."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import pytest

from regbridge import Drop, Outcome, Plugin, Record, Registration, Target, hookimpl
from regbridge.corrections import Correction
from regbridge.replay import Change, Replay
from regbridge.store.choice import Choice
from regbridge.store.operate import correct
from regbridge.testing.payloads import registrant

if TYPE_CHECKING:
    from tests.integration.ledger.conftest import Ledger


class Better(Plugin):
    """Maps what the ledger's mapper maps, and the last name too."""

    def __init__(self) -> None:
        self.refused = ""

    @hookimpl
    def map_registration(self, registration: Registration, target: Target) -> Record | Drop:
        company = registration.fields["company"]
        if company == self.refused:
            return Drop("not any more")
        fields = {"invitee": registration.invitee_stub, "company": company}
        return Record(fields | {"last": registration.fields["lastName"]})


def replay(ledger: Ledger, **choice: Any) -> tuple[Replay, list[Change]]:
    running = Replay(ledger.store, ledger.pipelines["apap"], Choice("apap", **choice))
    return running, [change for _, changes in running.batches() for change in changes]


@pytest.fixture
def better(ledger: Ledger) -> Better:
    """The configuration after three registrations were delivered by the old one."""
    for number, company in ((1, "A"), (2, "B"), (3, "C")):
        ledger.register(number, company)
    ledger.run()
    better = Better()
    ledger.add_client(better, targets={"crm": ledger.crm}, fingerprint="second")
    return better


def test_a_preview_names_each_field_that_would_change_and_writes_nothing(
    ledger: Ledger, better: Better
) -> None:
    before = ledger.deliveries()

    _, changes = replay(ledger)

    assert [change.registration for change in changes] == [1, 2, 3]
    last = registrant(1)["lastName"]
    assert changes[0].fields == {"last": (None, last)}
    assert ledger.deliveries() == before
    ledger.run()
    assert len(ledger.crm.companies) == 3


def test_what_is_different_is_sent_and_only_once(ledger: Ledger, better: Better) -> None:
    running, changes = replay(ledger)

    assert running.send(changes, ledger.clock.now) == 3
    ledger.run()

    assert [sorted(r.fields) for call in ledger.crm.calls[-1:] for r in call] == [
        ["company", "invitee", "last"]
    ] * 3
    assert ledger.counts() == {"delivered": 3}
    assert {row.configuration for row in ledger.deliveries()} == {"second"}
    assert replay(ledger)[1] == []


def test_what_comes_out_the_same_is_left_alone(ledger: Ledger) -> None:
    ledger.register(1, "A")
    ledger.run()

    assert replay(ledger)[1] == []


def test_only_the_newest_revision_is_replayed(ledger: Ledger, better: Better) -> None:
    ledger.register(1, "A2", minute=5)
    ledger.run()

    _, changes = replay(ledger)

    assert [change.registration for change in changes] == [2, 3]  # the fourth has it already


def test_what_would_be_dropped_now_is_named_and_stays_at_the_target(
    ledger: Ledger, better: Better
) -> None:
    better.refused = "B"

    running, changes = replay(ledger)

    assert [(c.registration, c.reason) for c in changes] == [
        (1, ""),
        (2, "filtered: not any more"),
        (3, ""),
    ]
    assert running.send(changes, ledger.clock.now) == 2


def test_a_revision_that_arrives_between_look_and_sending_wins(
    ledger: Ledger, better: Better
) -> None:
    running, changes = replay(ledger)
    ledger.register(1, "newer", minute=5)
    ledger.run()

    assert running.send(changes, ledger.clock.now) == 2
    ledger.run()

    sent = [r.fields["company"] for call in ledger.crm.calls for r in call]
    assert sent[-3:] == ["newer", "B", "C"]


def test_what_is_chosen_is_replayed_and_nothing_else(ledger: Ledger, better: Better) -> None:
    assert [c.registration for c in replay(ledger, ids=[2])[1]] == [2]
    assert replay(ledger, target="another")[1] == []
    assert replay(ledger, events=["another"])[1] == []


def test_another_target_that_is_not_chosen_gets_nothing(ledger: Ledger) -> None:
    crm, other = ledger.crm, type(ledger.crm)()
    ledger.add_client(targets={"crm": crm, "other": other})
    ledger.register(1, "A")
    ledger.run()
    ledger.add_client(Better(), targets={"crm": crm, "other": other})

    running, changes = replay(ledger, target="crm")
    running.send(changes, ledger.clock.now)
    ledger.run()

    assert (len(crm.calls), len(other.calls)) == (2, 1)


def test_corrections_are_kept(ledger: Ledger) -> None:
    ledger.register(1, "A")
    ledger.run()
    made = [Correction("company", "B")]
    ledger.store.write(lambda c: correct(c, 1, made, "anna", "a typo", ledger.clock.now))
    ledger.run()
    ledger.add_client(Better(), targets={"crm": ledger.crm}, fingerprint="second")

    running, changes = replay(ledger)
    running.send(changes, ledger.clock.now)
    ledger.run()

    assert list(changes[0].fields) == ["last"]
    assert ledger.crm.companies == ["A", "B", "B"]


def test_a_failing_target_gets_the_replayed_record_later(ledger: Ledger, better: Better) -> None:
    running, changes = replay(ledger, ids=[1])

    def reject(records: Sequence[Record]) -> list[Outcome]:
        return [Outcome.retry("busy") for _ in records]

    ledger.crm.script.append(reject)
    running.send(changes, ledger.clock.now)
    ledger.run_for(60)

    assert ledger.states() == ["delivered"] * 3
    assert ledger.happenings() == ["replayed", "failed"]
