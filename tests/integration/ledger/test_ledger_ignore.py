"""What a person ignores, and what a person chooses to try again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from regbridge import Drop, Outcome, Plugin, Registration, RetryableError, hookimpl
from regbridge.store.choice import Choice
from regbridge.store.operate import ignore_receipts, ignore_registrations, retry_registrations
from regbridge.store.tables import State
from regbridge.testing.payloads import EVENT

if TYPE_CHECKING:
    from tests.integration.ledger.conftest import Ledger, Recorder


class Moody(Plugin):
    """Filters everything until it is told not to."""

    def __init__(self) -> None:
        self.filters = True

    @hookimpl
    def filter_registration(self, registration: Registration) -> Drop | None:
        return Drop("not today") if self.filters else None


@pytest.fixture
def broken(ledger: Ledger) -> Recorder:
    """A second target of the ledger's client, which rejects everything."""
    crm = ledger.crm
    broken = type(crm)()
    broken.answer = lambda record: Outcome.rejected("the fee is missing", "fee")
    ledger.add_client(targets={"crm": crm, "broken": broken})
    return broken


def ignore(ledger: Ledger, **choice: Any) -> int:
    chosen = Choice(**choice)
    return ledger.store.write(
        lambda c: ignore_registrations(c, chosen, "anna", "a test", ledger.clock.now)
    )


def retry(ledger: Ledger, **choice: Any) -> int:
    chosen = Choice(**choice)
    return ledger.store.write(lambda c: retry_registrations(c, chosen, ledger.clock.now))


def test_what_is_ignored_needs_nobody_any_more_and_says_who_and_why(
    ledger: Ledger, broken: Recorder
) -> None:
    ledger.register(1, "A")
    ledger.run()
    assert ledger.states() == ["parked"]

    assert ignore(ledger, client="apap", reason="FEE is") == 1

    [delivery] = ledger.deliveries("broken")
    assert (delivery.state, delivery.reason) == ("filtered", "ignored by anna: a test")
    assert ledger.states() == ["delivered"]  # the other target has it
    assert ledger.happenings()[-1] == "ignored"
    ledger.run_for(60)
    assert len(broken.calls) == 1


def test_what_never_came_as_far_as_a_target_is_ignored_itself(ledger: Ledger) -> None:
    ledger.register(1, "BUG")
    ledger.run_for(7200, step=600)
    assert ledger.states() == ["parked"]

    assert ignore(ledger, ids=[1]) == 1

    assert (ledger.states(), ledger.reasons()) == (["filtered"], ["ignored by anna: a test"])


def test_ignoring_at_one_target_leaves_another_targets_parked_record(
    ledger: Ledger, broken: Recorder
) -> None:
    ledger.crm.answer = lambda record: Outcome.rejected("no")
    ledger.register(1, "A")
    ledger.run()

    assert ignore(ledger, target="broken") == 1

    assert [row.state for row in ledger.deliveries("crm")] == ["parked"]
    assert [row.state for row in ledger.deliveries("broken")] == ["filtered"]
    assert ledger.states() == ["parked"]


def test_what_is_ignored_can_be_taken_back(ledger: Ledger, broken: Recorder) -> None:
    ledger.register(1, "A")
    ledger.run()
    ignore(ledger, target="broken")
    broken.answer = lambda record: Outcome.created()

    assert retry(ledger, target="broken", states=(State.FILTERED,)) == 1
    ledger.run()

    assert [row.state for row in ledger.deliveries("broken")] == ["delivered"]
    assert len(ledger.crm.calls) == 1


def test_an_ignored_message_is_no_longer_parked(ledger: Ledger) -> None:
    ledger.receive(b"{not json")

    count = ledger.store.write(
        lambda c: ignore_receipts(c, Choice(), "anna", "a scanner", ledger.clock.now)
    )

    assert count == 1
    [receipt] = ledger.receipts()
    assert (receipt.state, receipt.reason) == ("filtered", "ignored by anna: a scanner")


def test_what_a_filter_dropped_is_delivered_once_the_filter_has_changed(
    bare_ledger: Ledger,
) -> None:
    moody = Moody()
    bare_ledger.add_client(moody)
    bare_ledger.register(1, "A")
    bare_ledger.run()
    moody.filters = False

    assert retry(bare_ledger, states=(State.FILTERED,), reason="not today") == 1
    bare_ledger.run()

    assert bare_ledger.states() == ["delivered"]


def test_what_waits_for_its_time_is_tried_now(ledger: Ledger) -> None:
    ledger.crm.script.append(RetryableError("busy", retry_after=3600))
    ledger.register(1, "A")
    ledger.run()
    ledger.run()
    assert len(ledger.crm.calls) == 1

    assert retry(ledger, states=(State.PENDING,)) == 1
    ledger.run()

    assert ledger.states() == ["delivered"]
    assert [row.attempts for row in ledger.deliveries()] == [1]


def test_what_is_on_its_way_is_not_hurried(ledger: Ledger) -> None:
    hurried: list[int] = []

    def hurry_meanwhile(records: Any) -> list[Outcome]:
        hurried.append(retry(ledger, states=(State.PENDING,)))
        ledger.new_worker().run_once()
        return [Outcome.created()]

    ledger.crm.script.append(hurry_meanwhile)
    ledger.register(1, "A")

    ledger.run()

    assert hurried == [0]
    assert len(ledger.crm.calls) == 1


@pytest.mark.parametrize(
    ("choice", "count"),
    [
        ({"reason": "fee"}, 2),
        ({"reason": "f_e"}, 0),
        ({"events": [EVENT.lower()]}, 2),
        ({"events": ["another"]}, 0),
        ({"client": "other"}, 0),
        ({"ids": [2]}, 1),
        ({"target": "broken", "reason": "fee"}, 2),
        ({"target": "crm"}, 0),
        ({"states": (State.FILTERED,)}, 0),
    ],
)
def test_only_what_is_chosen_is_retried(
    ledger: Ledger, broken: Recorder, choice: Any, count: int
) -> None:
    ledger.register(1, "A")
    ledger.register(2, "B")
    ledger.run()

    assert retry(ledger, **choice) == count
