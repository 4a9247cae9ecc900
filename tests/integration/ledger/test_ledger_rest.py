"""A target, an upstream or the whole worker rests for as long as an operator wants."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import pytest

from regbridge import CredentialsError, Outcome, RetryableError
from regbridge.store.pauses import (
    FOR_EVER,
    Cause,
    count_under_way,
    pause,
    pause_worker,
    resume,
)

if TYPE_CHECKING:
    from tests.integration.ledger.conftest import Ledger


def rest(ledger: Ledger, upstream: str = "crm") -> None:
    now = ledger.clock.now
    ledger.store.write(
        lambda c: pause(c, "apap", upstream, Cause.OPERATOR, "by anna: audit", FOR_EVER, now)
    )


def go_on(ledger: Ledger, client: str = "apap", upstream: str = "crm") -> bool:
    now = ledger.clock.now
    return ledger.store.write(lambda c: resume(c, client, upstream, now, by_operator=True))


def test_a_target_at_rest_gets_nothing_and_everything_when_it_goes_on(ledger: Ledger) -> None:
    rest(ledger)
    ledger.register(1, "A")

    ledger.run_for(86_400, step=3600)

    assert ledger.crm.calls == []
    assert ledger.states() == ["pending"]
    assert go_on(ledger)
    ledger.run()
    assert ledger.crm.companies == ["A"]


def test_another_target_goes_on_meanwhile(ledger: Ledger) -> None:
    other = type(ledger.crm)()
    ledger.add_client(targets={"crm": ledger.crm, "other": other})
    rest(ledger)
    ledger.register(1, "A")

    ledger.run()

    assert (ledger.crm.companies, other.companies) == ([], ["A"])


@pytest.mark.parametrize("error", [None, CredentialsError("no"), RetryableError("busy")])
def test_a_call_under_way_does_not_end_the_rest_whatever_comes_of_it(
    ledger: Ledger, error: Exception | None
) -> None:
    def rest_meanwhile(records: Sequence[Any]) -> list[Outcome]:
        rest(ledger)
        if error:
            raise error
        return [Outcome.created()]

    ledger.crm.script.append(rest_meanwhile)
    ledger.register(1, "A")

    ledger.run_for(3600, step=600)

    assert len(ledger.crm.calls) == 1
    [found] = ledger.pauses()
    assert (found.cause, found.until) == ("operator", FOR_EVER)


def test_a_probe_under_way_does_not_end_a_rest_that_begins_meanwhile(ledger: Ledger) -> None:
    ledger.crm.fails = CredentialsError("no")
    ledger.register(1, "A")
    ledger.run()

    def rest_meanwhile(records: Sequence[Any]) -> list[Outcome]:
        rest(ledger)
        return [Outcome.created()]

    ledger.crm.fails = None
    ledger.crm.script.append(rest_meanwhile)
    ledger.advance(400)
    ledger.run()

    assert [row.cause for row in ledger.pauses()] == ["operator"]


def test_the_worker_rests_at_every_host_and_messages_are_still_taken(ledger: Ledger) -> None:
    ledger.store.write(lambda c: pause_worker(c, "by anna: backup", ledger.clock.now))
    ledger.register(1, "A")

    ledger.run()
    ledger.new_worker().run_once()

    assert [row.state for row in ledger.receipts()] == ["pending"]
    assert go_on(ledger, "", "")
    ledger.run()
    assert ledger.states() == ["delivered"]


def test_what_is_under_way_is_counted_until_it_is_settled(ledger: Ledger) -> None:
    counts = []

    def count(records: Sequence[Any]) -> list[Outcome]:
        counts.append(ledger.store.read(lambda c: count_under_way(c, ledger.clock.now)))
        return [Outcome.created() for _ in records]

    ledger.crm.script.append(count)
    for number in (1, 2):
        ledger.register(number, "A")
    ledger.run()

    assert counts == [2]
    assert ledger.store.read(lambda c: count_under_way(c, ledger.clock.now)) == 0


def test_resuming_what_does_not_rest_says_so(ledger: Ledger) -> None:
    assert not go_on(ledger)
