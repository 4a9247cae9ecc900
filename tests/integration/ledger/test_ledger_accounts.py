"""Rule 6: every record of every message ends in exactly one visible state."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import pytest

from regbridge import (
    AmbiguousError,
    Drop,
    Outcome,
    Plugin,
    Record,
    Registration,
    RetryableError,
    hookimpl,
)
from regbridge.store.report import count_receipts, count_registrations, endings_of, unsettled
from regbridge.testing.payloads import live, message, registrant, substitution, sync

if TYPE_CHECKING:
    from tests.integration.ledger.conftest import Ledger

ENDINGS = {"filtered", "duplicate", "superseded", "unchanged", "delivered", "parked"}


class SkipGuests(Plugin):
    """Drops guests."""

    def __init__(self) -> None:
        """Have no settings."""

    @hookimpl
    def filter_registration(self, registration: Registration) -> Drop | None:
        return Drop("a guest") if registration.is_guest else None


def moody(random: random.Random) -> Any:
    """Return a target's behaviour that now and then fails in every way there is."""

    def deliver(records: Sequence[Record]) -> list[Outcome]:
        mood = random.random()
        if mood < 0.1:
            raise RetryableError("down")
        if mood < 0.15:
            raise AmbiguousError("timeout")
        if mood < 0.2:
            raise ZeroDivisionError
        outcomes = [
            Outcome.created(),
            Outcome.updated("id"),
            Outcome.unchanged(),
            Outcome.rejected("wrong"),
            Outcome.retry("busy"),
            Outcome.ambiguous("lost"),
        ]
        return random.choices(outcomes, weights=[5, 5, 2, 1, 1, 1], k=len(records))

    return deliver


def any_message(random: random.Random) -> Any:
    """Return something that Cvent might send, or somebody who is not Cvent."""
    person = registrant(random.randrange(8), company=random.choice("ABC"))
    time = f"2026-11-24T10:{random.randrange(60):02}:00.000Z"
    return random.choice(
        [
            live("InviteeOrGuestModified", person, time=time),
            live("InviteeOrGuestAccepted", person | {"isGuest": True}, time=time),
            live("InviteeOrGuestAccepted", person | {"company": "REFUSE"}, time=time),
            live("InviteeOrGuestAccepted", person | {"company": "BUG"}, time=time),
            substitution(person, registrant(random.randrange(20, 24)), time=time),
            message("AttendeeManualSynced", [person, 7, {}, person], time=time),
            message("LeadScanned", [{"leadStub": "1"}], time=time),
            sync(random.choice([0, 3, 120]), guest_every=3, time=time),
            b"not JSON",
        ]
    )


@pytest.mark.parametrize("seed", range(8))
def test_whatever_arrives_and_fails_each_record_ends_in_one_state(
    bare_ledger: Ledger, seed: int
) -> None:
    chance = random.Random(seed)
    bare_ledger.add_client(SkipGuests())
    bare_ledger.crm.idempotent = seed % 2 == 0
    behaviour = moody(chance)
    bare_ledger.crm.script.extend([behaviour] * 10_000)
    sent = [any_message(chance) for _ in range(25)]
    sent += chance.choices(sent, k=10)
    for one in sent:
        bare_ledger.receive(one)
        if chance.random() < 0.3:
            bare_ledger.run()
            bare_ledger.advance(chance.choice([1, 40, 400]))

    for _ in range(60):
        bare_ledger.run()
        bare_ledger.advance(1800)

    records = [record for one in sent if isinstance(one, dict) for record in one["message"]]
    assert set(bare_ledger.states()) <= ENDINGS
    assert len(bare_ledger.states()) == len(records)
    assert all(
        row.reason
        for row in bare_ledger.registrations()
        if row.state not in ("delivered", "unchanged")
    )
    check_accounts(bare_ledger, len(records))
    check_order(bare_ledger)


def check_accounts(ledger: Ledger, records: int) -> None:
    """Compare what the reports say with what was sent."""
    received = ledger.store.read(count_receipts)
    ids = [row.id for row in ledger.receipts()]
    assert sum(row.split for row in received) == records
    assert sum(row.records for row in received) == records
    assert sum(row.count for row in ledger.store.read(count_registrations)) == records
    endings = ledger.store.read(lambda c: endings_of(c, ids))
    assert Counter(ending.state for ending in endings) == ledger.counts()
    assert ledger.store.read(lambda c: unsettled(c, ids)) == 0
    assert not [row for row in ledger.deliveries() if row.state == "pending"]


def check_order(ledger: Ledger) -> None:
    """No registrant's records went back in time at the target."""
    sent: dict[str, list[tuple[int, int]]] = {}
    place = {row.id: (row.ordered_at, row.receipt_id) for row in ledger.registrations()}
    for call in ledger.crm.calls:
        for record in call:
            sent.setdefault(record.registrant, []).append(place[record.registration])
    assert all(places == sorted(places) for places in sent.values())


def test_a_registration_shows_the_worst_of_its_deliveries(ledger: Ledger) -> None:
    crm = ledger.crm
    broken = type(crm)()
    broken.answer = lambda record: Outcome.rejected("no such company", "company")
    ledger.add_client(targets={"crm": crm, "broken": broken})
    ledger.register(1, "A")

    ledger.run()

    row = ledger.registrations()[0]
    assert (row.state, row.reason, row.field) == ("parked", "no such company", "company")
    assert [row.state for row in ledger.deliveries("crm")] == ["delivered"]


def test_what_is_not_settled_yet_is_counted_before_and_after_splitting(ledger: Ledger) -> None:
    receipt = ledger.receive(sync(3))
    assert ledger.store.read(lambda c: unsettled(c, [receipt])) == 3
    ledger.lane("split", "")()
    assert ledger.store.read(lambda c: unsettled(c, [receipt])) == 3

    ledger.run()

    assert ledger.store.read(lambda c: unsettled(c, [receipt])) == 0


class SkipLater(Plugin):
    """Drops everybody once a test says so."""

    def __init__(self) -> None:
        """Keep everybody at first."""
        self.drops = False

    @hookimpl
    def filter_registration(self, registration: Registration) -> Drop | None:
        return Drop("not wanted any more") if self.drops else None


def test_a_retried_registration_that_is_superseded_leaves_no_delivery_parked(
    ledger: Ledger,
) -> None:
    ledger.crm.script.append(lambda records: [Outcome.rejected("no")])
    ledger.register(1, "old", minute=1)
    ledger.run()
    ledger.register(1, "new", minute=2)
    ledger.run()

    ledger.retry()
    ledger.run()

    assert ledger.states() == ["superseded", "delivered"]
    assert [row.state for row in ledger.deliveries()] == ["superseded", "delivered"]
    assert ledger.deliveries()[0].reason == ledger.reasons()[0]


def test_what_one_target_has_stays_delivered_when_a_retry_for_another_comes_too_late(
    ledger: Ledger,
) -> None:
    crm = ledger.crm
    picky = type(crm)()
    picky.script.append(lambda records: [Outcome.rejected("no")])
    ledger.add_client(targets={"crm": crm, "picky": picky})
    ledger.register(1, "old", minute=1)
    ledger.run()
    ledger.register(1, "new", minute=2)
    ledger.run()

    ledger.retry()
    ledger.run()

    assert ledger.states() == ["delivered", "delivered"]
    assert [row.state for row in ledger.deliveries("picky")] == ["superseded", "delivered"]


def test_a_retried_registration_that_is_filtered_leaves_no_delivery_parked(
    bare_ledger: Ledger,
) -> None:
    skip = SkipLater()
    bare_ledger.add_client(skip)
    bare_ledger.crm.script.append(lambda records: [Outcome.rejected("no")])
    bare_ledger.register(1, "A")
    bare_ledger.run()
    skip.drops = True

    bare_ledger.retry()
    bare_ledger.run()

    assert bare_ledger.states() == ["filtered"]
    assert [row.state for row in bare_ledger.deliveries()] == ["filtered"]
    assert bare_ledger.deliveries()[0].reason == "not wanted any more"


class Once(Plugin):
    """Names the subject alone."""

    def __init__(self) -> None:
        """Have no settings."""

    @hookimpl
    def dedupe_key(self, registration: Registration) -> str:
        return registration.subject


def test_a_retried_registration_that_is_a_duplicate_by_now_leaves_no_delivery_parked(
    ledger: Ledger,
) -> None:
    crm = ledger.crm
    crm.script.append(lambda records: [Outcome.rejected("no")])
    ledger.register(1, "first", minute=1)
    ledger.run()
    ledger.add_client(Once(), targets={"crm": crm})
    ledger.register(1, "second", minute=2)
    ledger.run()

    ledger.retry()
    ledger.run()

    assert ledger.states() == ["duplicate", "delivered"]
    assert [row.state for row in ledger.deliveries()] == ["duplicate", "delivered"]
