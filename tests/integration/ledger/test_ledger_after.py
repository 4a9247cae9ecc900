"""A target with `after:` gets a registration only once it has reached the other target."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import pytest
from tests.integration.ledger.conftest import Recorder

from regbridge import Outcome, Record, RetryableError
from regbridge.testing.payloads import sync

if TYPE_CHECKING:
    from tests.integration.ledger.conftest import Ledger


class Both:
    """Two targets, the second after the first, that note in which order they were called."""

    def __init__(self, ledger: Ledger) -> None:
        self.order: list[tuple[str, str]] = []
        self.contact, self.registration = Recorder(), Recorder()
        self.contact.answer = lambda record: self.note("contact", record)
        self.registration.answer = lambda record: self.note("registration", record)
        # The second is named first: neither the order of the file nor of the threads decides.
        targets = {"registration": self.registration, "contact": self.contact}
        ledger.add_client(targets=targets, after={"registration": "contact"})

    def note(self, target: str, record: Record) -> Outcome:
        self.order.append((target, record.fields["company"]))
        return Outcome.created()


@pytest.fixture
def both(ledger: Ledger) -> Both:
    return Both(ledger)


def reasons(ledger: Ledger) -> dict[str, tuple[str, str]]:
    rows = [*ledger.deliveries("contact"), *ledger.deliveries("registration")]
    return {row.target: (row.state, row.reason) for row in rows}


def test_the_second_target_is_called_after_the_first(ledger: Ledger, both: Both) -> None:
    ledger.register(1, "A")
    ledger.register(2, "B")

    ledger.run()

    for company in "AB":
        places = [both.order.index((target, company)) for target in ("contact", "registration")]
        assert places == sorted(places)
    assert ledger.states() == ["delivered", "delivered"]


def test_the_second_waits_while_the_first_is_tried_again_and_says_so(
    ledger: Ledger, both: Both
) -> None:
    both.contact.script.append(RetryableError("busy"))
    ledger.register(1, "A")

    ledger.run()

    assert both.order == []
    assert reasons(ledger)["registration"] == ("pending", "waits for the target contact")
    ledger.advance(60)
    ledger.run()
    assert [target for target, _ in both.order] == ["contact", "registration"]
    assert reasons(ledger)["registration"] == ("delivered", "")


def test_the_second_waits_while_the_first_is_parked_and_goes_on_when_that_is_mended(
    ledger: Ledger, both: Both
) -> None:
    both.contact.script.append(lambda records: [Outcome.rejected("no such city")])
    ledger.register(1, "A")
    ledger.run()
    ledger.run_for(3600)
    assert both.order == []
    assert ledger.states() == ["parked"]

    ledger.retry()
    ledger.run()

    assert [target for target, _ in both.order] == ["contact", "registration"]
    assert ledger.states() == ["delivered"]


def test_one_that_waits_holds_up_no_other(ledger: Ledger, both: Both) -> None:
    def refuse_a(records: Sequence[Record]) -> list[Outcome]:
        return [
            Outcome.rejected("bad") if r.fields["company"] == "A" else both.note("contact", r)
            for r in records
        ]

    both.contact.script.append(refuse_a)
    for number, company in enumerate("ABC"):
        ledger.register(number, company)

    ledger.run()

    assert [company for target, company in both.order if target == "registration"] == ["B", "C"]
    assert sorted(ledger.states()) == ["delivered", "delivered", "parked"]


def test_a_change_that_is_nothing_new_to_the_first_goes_on_to_the_second(
    ledger: Ledger, both: Both
) -> None:
    ledger.register(1, "A")
    ledger.run()
    both.order.clear()
    both.registration.script.append(lambda records: [Outcome.rejected("once")])
    ledger.register(1, "B", minute=1)
    ledger.run()
    ledger.retry()
    both.order.clear()

    ledger.run()

    assert both.order == [("registration", "B")]


def test_a_newer_revision_replaces_one_that_waits(ledger: Ledger, both: Both) -> None:
    both.contact.script.append(RetryableError("busy"))
    ledger.register(1, "A")
    ledger.run()
    ledger.register(1, "B", minute=1)

    ledger.run()

    assert both.order == [("contact", "B"), ("registration", "B")]
    assert ledger.states() == ["superseded", "delivered"]


def test_a_sync_goes_through_both(ledger: Ledger, both: Both) -> None:
    ledger.receive(sync(250))

    ledger.run()

    assert len(both.order) == 500
    assert set(ledger.states()) == {"delivered"}
