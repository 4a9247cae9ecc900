"""Rule 8: no sync holds up a single registration, and no client's trouble another client."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from threading import Event
from typing import TYPE_CHECKING

import pytest
from tests.integration.ledger.conftest import Mapper, Recorder

from regbridge import Outcome, Plugin, Record, Registration, Target, hookimpl
from regbridge.testing.payloads import live, registrant, sync

if TYPE_CHECKING:
    from tests.integration.ledger.conftest import Ledger

PATIENCE = 60.0
"""Seconds after which a test gives up waiting for what should have happened long ago."""


class Hanging(Plugin):
    """Does not come back from a hook until it is released; says when it is in there."""

    def __init__(self) -> None:
        self.reached = Event()
        self.released = Event()

    def hang(self) -> None:
        self.reached.set()
        assert self.released.wait(PATIENCE)


class HangingMapper(Hanging):
    """Hangs at the records of syncs."""

    @hookimpl
    def map_registration(self, registration: Registration, target: Target) -> Record:
        if registration.message_size > 100:
            self.hang()
        return Record({"company": registration.fields["company"]})


class HangingEnricher(Hanging):
    """Hangs at every batch."""

    @hookimpl
    def enrich_registrations(self, registrations: Sequence[Registration]) -> None:
        self.hang()


class Expecting(Recorder):
    """A target that says when it has so many records."""

    def __init__(self, count: int) -> None:
        super().__init__(batch_size=50)
        self.complete = Event()
        self._count = count

    @hookimpl
    def deliver_records(self, records: Sequence[Record]) -> Sequence[Outcome]:
        outcomes: Sequence[Outcome] = super().deliver_records(records)
        if len(self.companies) >= self._count:
            self.complete.set()
        return outcomes


@pytest.fixture
def hanging(ledger: Ledger) -> Iterator[list[Hanging]]:
    """What hangs; it is released at the end, so that the worker can stop."""
    plugins: list[Hanging] = []
    yield plugins
    for plugin in plugins:
        plugin.released.set()
    assert ledger.worker.stop()


@pytest.mark.parametrize("batch_size", [1, 10])
def test_a_single_registration_goes_with_the_next_calls_of_a_sync(
    ledger: Ledger, batch_size: int
) -> None:
    ledger.config = ledger.config.model_copy(update={"batch_size": 20})
    crm = Recorder(batch_size=batch_size)
    ledger.add_client(targets={"crm": crm})
    answered: dict[str, int] = {}

    def somebody_registers(records: Sequence[Record]) -> list[Outcome]:
        name = f"single {len(answered)}"
        ledger.register(9000 + len(answered), name)
        answered[name] = len(crm.calls)
        return [Outcome.created() for _ in records]

    def nobody_does(records: Sequence[Record]) -> list[Outcome]:
        return [Outcome.created() for _ in records]

    crm.script.extend([somebody_registers, nobody_does] * 5)
    ledger.receive(sync(130))

    ledger.run()

    brought = {
        record.fields["company"]: place for place, call in enumerate(crm.calls) for record in call
    }
    assert len(answered) == 5
    assert max(brought[name] - calls for name, calls in answered.items()) <= 3
    assert ledger.counts() == {"delivered": 135}


def test_a_single_registration_does_not_wait_until_a_sync_is_mapped(
    ledger: Ledger, hanging: list[Hanging]
) -> None:
    mapper, crm = HangingMapper(), Expecting(1)
    hanging.append(mapper)
    ledger.add_client(mapper, targets={"crm": crm})
    ledger.receive(sync(101))
    ledger.worker.start()
    assert mapper.reached.wait(PATIENCE)

    ledger.register(9000, "single")

    assert crm.complete.wait(PATIENCE)
    assert crm.companies == ["single"]


def test_a_target_that_hangs_does_not_hold_up_another_client(
    ledger: Ledger, hanging: list[Hanging]
) -> None:
    stuck, well, ill = Hanging(), Expecting(301), Recorder()
    hanging.append(stuck)
    ill.answer = lambda _: (stuck.hang(), Outcome.created())[1]  # type: ignore[func-returns-value]
    ledger.add_client(Mapper(), name="well", targets={"crm": well})
    ledger.add_client(name="apap", targets={"crm": ill})
    ledger.receive(sync(200), "apap")
    ledger.worker.start()
    assert stuck.reached.wait(PATIENCE)

    ledger.receive(sync(300), "well")
    ledger.receive(live("InviteeOrGuestAccepted", registrant(9000)), "well")

    assert well.complete.wait(PATIENCE)
    assert not stuck.released.is_set()


def test_an_enrichment_that_hangs_does_not_hold_up_another_client(
    ledger: Ledger, hanging: list[Hanging]
) -> None:
    stuck, well = HangingEnricher(), Expecting(301)
    hanging.append(stuck)
    ledger.add_client(name="well", targets={"crm": well})
    ledger.add_client(stuck)
    ledger.receive(sync(2000), "apap")
    ledger.register(8000, "stuck as well")
    ledger.worker.start()
    assert stuck.reached.wait(PATIENCE)

    ledger.receive(sync(300), "well")
    ledger.receive(live("InviteeOrGuestAccepted", registrant(9000)), "well")

    assert well.complete.wait(PATIENCE)
    assert not stuck.released.is_set()
