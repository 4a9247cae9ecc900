"""Personal data is removed when it is old, or when a person asks; what ended how stays."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import select
from sqlmodel import SQLModel

from regbridge import Outcome, RejectedError
from regbridge.corrections import Correction
from regbridge.store import purge as purge_module
from regbridge.store.choice import Choice
from regbridge.store.forget import FORGOTTEN, forget, mentions
from regbridge.store.operate import correct, ignore_registrations
from regbridge.store.purge import Old, count_old, purge_receipts, purge_registrations
from regbridge.store.report import find_registrations
from regbridge.store.tables import (
    State,
    dedupe_keys,
    receipt_parts,
    registration_payloads,
)
from regbridge.testing.payloads import encode, live, registrant, sync
from regbridge.worker import split

if TYPE_CHECKING:
    from tests.integration.ledger.conftest import Ledger

DAY = 86_400


def purge(ledger: Ledger, days: int = 30, **which: Any) -> None:
    old = Old(ledger.clock.now - days * DAY * 1000, **which)
    last = 0
    while last := ledger.store.write(
        lambda c, above=last: purge_registrations(c, old, above, ledger.clock.now)  # type: ignore[misc]
    ):
        pass
    ledger.store.write(lambda c: purge_receipts(c, old, 0))


def remove(ledger: Ledger, of: Mapping[int, Collection[str]]) -> list[int]:
    return ledger.store.write(lambda c: forget(c, of, "anna", "by letter", ledger.clock.now))


def everything(ledger: Ledger) -> str:
    """Return all that the tables hold, as one text."""

    def dump(connection: Any) -> str:
        tables = SQLModel.metadata.sorted_tables
        rows = [row for table in tables for row in connection.execute(select(table))]
        return "\n".join(map(repr, rows))

    return ledger.store.read(dump)


def test_old_registrations_lose_their_data_and_keep_their_states(ledger: Ledger) -> None:
    ledger.register(1, "A", email="one@example.org")
    ledger.run()
    ledger.advance(31 * DAY)
    ledger.register(2, "B")
    ledger.run()

    purge(ledger)

    assert ledger.states() == ["delivered", "delivered"]
    old, young = ledger.registrations()
    assert (old.name, old.email, old.confirmation) == ("", "", "")
    assert young.name != ""
    assert [row.record != "" for row in ledger.deliveries()] == [False, True]
    assert "one@example.org" not in everything(ledger)
    payloads = ledger.store.read(lambda c: c.execute(select(registration_payloads)).all())
    bodies = ledger.store.read(lambda c: c.execute(select(receipt_parts)).all())
    assert (len(payloads), len(bodies)) == (1, 1)


def test_an_equal_record_is_still_unchanged_after_the_purge(ledger: Ledger) -> None:
    ledger.register(1, "A")
    ledger.run()
    ledger.advance(31 * DAY)
    purge(ledger)

    ledger.register(1, "A", minute=5)
    ledger.run()

    assert ledger.states() == ["delivered", "unchanged"]


def test_what_is_parked_or_pending_is_not_purged(ledger: Ledger) -> None:
    ledger.register(1, "REFUSE")
    ledger.run()
    ledger.register(2, "B")
    ledger.receive(b"{not json")
    ledger.advance(31 * DAY)

    purge(ledger)

    bodies = ledger.store.read(lambda c: c.execute(select(receipt_parts)).all())
    assert len(bodies) == 3
    assert ledger.retry() == 1

    purge(ledger, states=(State.PARKED,))
    assert len(ledger.store.read(lambda c: c.execute(select(receipt_parts)).all())) == 2


def test_what_was_purged_while_it_was_parked_can_be_ignored(ledger: Ledger) -> None:
    ledger.register(1, "REFUSE")
    ledger.run()
    ledger.advance(31 * DAY)
    purge(ledger, states=(State.PARKED,))
    assert ledger.retry() == 0

    chosen = Choice(ids=[1])
    ledger.store.write(lambda c: ignore_registrations(c, chosen, "anna", "old", ledger.clock.now))

    assert ledger.states() == ["filtered"]


def test_more_than_a_batch_is_purged(ledger: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    ledger.receive(sync(120))
    ledger.run()
    ledger.advance(31 * DAY)
    monkeypatch.setattr(purge_module, "BATCH", 50)

    purge(ledger)

    assert {row.name for row in ledger.registrations()} == {""}
    assert ledger.bodies() == []


def test_the_message_of_a_sync_stays_until_all_of_it_is_purged(ledger: Ledger) -> None:
    ledger.receive(sync(150))
    ledger.crm.answer = lambda r: (
        Outcome.rejected("no") if r.registration == 7 else Outcome.created()
    )
    ledger.run()
    ledger.advance(31 * DAY)

    purge(ledger)
    assert ledger.bodies()[0] == encode(sync(150))
    count = ledger.store.read(lambda c: count_old(c, Old(ledger.clock.now, (State.PARKED,))))
    assert count == {"parked": 1}

    purge(ledger, states=(State.PARKED,))
    assert ledger.store.read(lambda c: c.execute(select(receipt_parts)).all()) == []
    assert ledger.counts() == {"delivered": 149, "parked": 1}


def test_nothing_about_a_forgotten_person_is_left_but_ids(ledger: Ledger) -> None:
    ledger.register(1, "Secret Co", email="one@example.org", firstName="Mary", lastName="Quite")
    ledger.register(2, "B", email="two@example.org")
    ledger.run()
    made = [Correction("company", "Secret Co")]
    now = ledger.clock.now
    ledger.store.write(lambda c: correct(c, 1, made, "anna", "as Mary said", now))
    ledger.run()

    assert remove(ledger, {1: ()}) == [1]

    left = everything(ledger)
    for word in ("one@example.org", "Secret Co", "Mary", "Quite"):
        assert word not in left
    assert "two@example.org" in left
    assert ledger.states() == ["filtered", "delivered"]
    assert ledger.reasons()[0] == FORGOTTEN
    assert ledger.happenings() == ["corrected", "retried", "forgotten"]
    keys = ledger.store.read(lambda c: c.execute(select(dedupe_keys)).all())
    assert len(keys) == 1


def test_a_late_message_does_not_bring_a_forgotten_person_back(ledger: Ledger) -> None:
    ledger.register(1, "A", email="one@example.org")
    ledger.run()
    remove(ledger, {1: ()})

    ledger.register(1, "A", minute=5, email="one@example.org")
    ledger.run()

    assert ledger.states() == ["filtered", "filtered"]
    assert ledger.reasons() == [FORGOTTEN, FORGOTTEN]
    assert "one@example.org" not in everything(ledger)
    assert len(ledger.crm.calls) == 1


@pytest.mark.parametrize("part_size", [1000, 50])
def test_a_sync_keeps_the_others_and_loses_the_forgotten_ones_record(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch, part_size: int
) -> None:
    monkeypatch.setattr(split, "PART_SIZE", part_size)
    record = registrant(3, email="three@example.org")
    ledger.register(3, "A", email="three@example.org")
    ledger.run()
    remove(ledger, {1: ()})
    message = sync(120)
    message["message"][2] |= record

    ledger.receive(message)
    ledger.run()

    assert ledger.counts() == {"filtered": 2, "delivered": 119}
    assert "three@example.org" not in everything(ledger)
    [body] = ledger.bodies()
    assert body.count(b"inviteeStub") == 119


def test_the_person_who_came_instead_is_not_forgotten(ledger: Ledger) -> None:
    ledger.register(1, "A", email="old@example.org", contactStub=stub(1))
    ledger.register(1, "B", minute=5, email="new@example.org", contactStub=stub(2))
    ledger.run()

    assert remove(ledger, {1: [stub(1)]}) == [1]

    left = everything(ledger)
    assert "old@example.org" not in left
    assert "new@example.org" in left
    ledger.register(1, "late", minute=3, email="old@example.org", contactStub=stub(1))
    ledger.register(1, "C", minute=8, email="new@example.org", contactStub=stub(2))
    ledger.run()
    assert "old@example.org" not in everything(ledger)
    assert ledger.states() == ["filtered", "delivered", "filtered", "delivered"]


def test_what_waits_is_not_sent_any_more(ledger: Ledger) -> None:
    ledger.register(1, "A")
    ledger.lane("split", "")()

    remove(ledger, {1: ()})
    ledger.run()

    assert ledger.crm.calls == []
    assert ledger.states() == ["filtered"]


def test_a_person_whose_record_is_being_sent_is_forgotten_later(ledger: Ledger) -> None:
    def forget_meanwhile(records: Any) -> list[Outcome]:
        with pytest.raises(RejectedError, match="on its way"):
            remove(ledger, {1: ()})
        return [Outcome.created()]

    ledger.crm.script.append(forget_meanwhile)
    ledger.register(1, "A")
    ledger.run()

    assert remove(ledger, {1: ()}) == [1]


def test_a_message_that_was_not_split_yet_loses_the_record_when_it_is(ledger: Ledger) -> None:
    ledger.register(1, "A")
    ledger.run()
    ledger.receive(live("InviteeOrGuestModified", registrant(1, email="x@example.org")))

    remove(ledger, {1: ()})
    ledger.run()

    assert "x@example.org" not in everything(ledger)


def test_what_else_mentions_an_address_is_found(ledger: Ledger) -> None:
    ledger.register(1, "like one@example.org")
    ledger.run()
    ledger.receive(b'{"email": "ONE@example.org"')

    found = ledger.store.read(lambda c: mentions(c, "one@example.org"))

    assert found == {"registrations": [1], "receipts": [2]}


def test_the_story_of_a_purged_registration_can_still_be_told(ledger: Ledger) -> None:
    ledger.register(1, "A")
    ledger.run()
    ledger.advance(31 * DAY)
    purge(ledger)

    [row] = ledger.store.read(lambda c: find_registrations(c, "1"))

    assert (row.state, row.payload, row.name) == ("delivered", None, "")


def stub(number: int) -> str:
    return f"00000000-0000-4000-8000-{number:012}"
