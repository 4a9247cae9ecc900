"""A ledger that was restored from a backup: what came after that is not known any more."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import select

from regbridge.models import ReceiptKind
from regbridge.remedies import remedy_of
from regbridge.store.audit import console_key
from regbridge.store.choice import Choice
from regbridge.store.forget import forget
from regbridge.store.leases import Lease
from regbridge.store.operate import ignore_registrations
from regbridge.store.passes import NewPass, begin_passes, claim_pass, latest_passes
from regbridge.store.pauses import FOR_EVER, Cause, count_under_way, pause
from regbridge.store.restore_tables import restores
from regbridge.store.restored import REASON, buried, mark_restored
from regbridge.store.tables import registrants
from regbridge.testing.payloads import live, registrant, sync

if TYPE_CHECKING:
    from tests.integration.ledger.conftest import Ledger, Recorder

AFTER = "2030-01-01T10:00:00.000Z"
"""A time after the restore, which is in 2027 by the ledger's clock."""


def restore(ledger: Ledger, **options: Any) -> None:
    """Do to the ledger what a restore does, at this very moment; another process goes on."""
    ledger.store.write(lambda c: mark_restored(c, ledger.clock.now, **options))
    ledger._worker = None
    ledger.advance(1)


def careful(ledger: Ledger) -> Recorder:
    """Give the ledger a target that must not get a record twice."""
    ledger.crm.idempotent = False
    return ledger.crm


def reconciled(ledger: Ledger, number: int, modified: str) -> None:
    """Receive what reconciling made of an attendee who was changed at a time."""
    record = registrant(number, lastModified=modified)
    arrival = ledger.arrival(live("InviteeOrGuestModified", record, time=AFTER))
    ledger.intake.accept(replace(arrival, kind=ReceiptKind.RECONCILE))


def test_what_was_pending_is_sent_again_to_a_target_that_takes_it_twice(ledger: Ledger) -> None:
    ledger.crm.fails = ConnectionError("down")
    ledger.register(1, "A")
    ledger.run()
    ledger.crm.fails = None

    restore(ledger)
    ledger.run()

    assert ledger.states() == ["delivered"]


def test_what_was_pending_is_parked_at_any_other_and_sent_once_a_person_says_so(
    ledger: Ledger,
) -> None:
    crm = careful(ledger)
    ledger.store.write(lambda c: pause(c, "apap", "crm", Cause.OPERATOR, "", FOR_EVER, 0))
    ledger.register(1, "A")
    ledger.run()
    restore(ledger)
    ledger.store.write(lambda c: c.exec_driver_sql("DELETE FROM pauses"))
    ledger.run()

    assert crm.calls == []
    assert ledger.reasons() == [REASON]
    assert "look at the target" in remedy_of(REASON)
    assert ledger.retry(reason="restored from a backup") == 1
    ledger.run()
    assert ledger.states() == ["delivered"]
    assert crm.companies == ["A"]


def test_what_a_person_finds_at_the_target_can_be_ignored(ledger: Ledger) -> None:
    crm = careful(ledger)
    ledger.register(1, "A")
    restore(ledger)
    ledger.run()

    choice = Choice(reason="restored from a backup")
    ledger.store.write(lambda c: ignore_registrations(c, choice, "anna", "there", ledger.clock.now))
    ledger.run()

    assert ledger.states() == ["filtered"]
    assert crm.calls == []


@pytest.mark.parametrize("split_first", [True, False])
def test_a_message_that_waited_is_parked_at_a_target_that_may_have_it(
    ledger: Ledger, split_first: bool
) -> None:
    crm = careful(ledger)
    ledger.register(1, "A")
    if split_first:
        ledger.lane("split", "")()
    restore(ledger)

    ledger.run()

    assert ledger.reasons() == [REASON]
    assert crm.calls == []


def test_what_cvent_posts_after_the_restore_is_delivered_everywhere(ledger: Ledger) -> None:
    crm = careful(ledger)
    ledger.register(1, "A")
    ledger.run()
    restore(ledger)

    ledger.register(1, "B", minute=1)
    ledger.register(2, "C")
    ledger.run()

    assert ledger.states() == ["delivered"] * 3
    assert crm.companies == ["A", "B", "C"]


def test_what_a_reconciliation_brings_is_parked_if_it_is_from_before_the_restore(
    ledger: Ledger,
) -> None:
    careful(ledger)
    restore(ledger)

    reconciled(ledger, 1, "2026-11-24T10:00:00Z")
    reconciled(ledger, 2, AFTER)
    ledger.run()

    assert ledger.states() == ["parked", "delivered"]


def test_what_a_sync_brings_within_a_week_is_parked_where_it_is_news(ledger: Ledger) -> None:
    careful(ledger)
    ledger.register(1, "A")
    ledger.receive(sync(60, first=1000))
    ledger.run()
    restore(ledger)

    ledger.receive(sync(120, first=1000, time=AFTER))
    ledger.run()

    assert ledger.counts() == {"delivered": 61, "unchanged": 60, "parked": 60}
    ledger.advance(8 * 86_400)
    ledger.receive(sync(120, first=2000, time=AFTER))
    ledger.run()
    assert ledger.counts()["delivered"] == 181


def test_deliveries_after_a_restore_have_numbers_that_no_delivery_before_had(
    ledger: Ledger,
) -> None:
    ledger.register(1, "A")
    ledger.run()
    restore(ledger)

    for number in (2, 3):
        ledger.register(number, "B")
        ledger.run()

    first, *others = [record.delivery for call in ledger.crm.calls for record in call]
    assert others == [first + 10_000_000, first + 10_000_001]


def test_two_restores_within_a_ledgers_life_both_leap(ledger: Ledger) -> None:
    for number in (1, 2):
        ledger.register(number)
        restore(ledger)
        ledger.run()

    assert [row.id for row in ledger.deliveries()] == [10_000_000, 20_000_000]


def test_leases_of_before_hold_up_nobody(ledger: Ledger) -> None:
    ledger.register(1, "A")
    claim = Lease(ledger.clock.now, ledger.clock.now + 3_600_000)
    ledger.store.write(
        lambda c: c.exec_driver_sql(
            f"UPDATE receipts SET lease = '{claim.token}', due_at = {claim.until}"
        )
    )
    restore(ledger)

    assert ledger.store.read(lambda c: count_under_way(c, ledger.clock.now)) == 0
    ledger.run()
    assert ledger.states() == ["delivered"]


def test_a_comparison_that_was_under_way_begins_anew(ledger: Ledger) -> None:
    new = NewPass("apap", "event", "conference", None, True, False, "schedule")
    ledger.store.write(lambda c: begin_passes(c, [new], ledger.clock.now))
    claimed = Lease(ledger.clock.now, ledger.clock.now + 60_000)
    ledger.store.write(lambda c: claim_pass(c, "apap", "", claimed))

    restore(ledger)

    assert ledger.store.read(latest_passes) == []


def test_everybody_logs_in_to_the_console_again(ledger: Ledger) -> None:
    before = ledger.store.write(console_key)

    restore(ledger)

    assert ledger.store.write(console_key) != before


def test_who_was_forgotten_after_the_backup_stays_forgotten(ledger: Ledger) -> None:
    ledger.register(1, "A")
    ledger.run()
    [number] = ledger.store.read(lambda c: c.scalars(select(registrants.c.id)).all())
    forgotten = forget_in_another(ledger, number)

    restore(ledger, forgotten=forgotten)

    [row] = ledger.registrations()
    assert (row.state, row.name, row.email) == ("filtered", "", "")
    ledger.register(1, "B", minute=5)
    ledger.register(7, "C")
    ledger.run()
    assert ledger.states() == ["filtered"] * 3
    assert set(ledger.store.read(buried)) == set(forgotten)


def forget_in_another(ledger: Ledger, number: int) -> list[Any]:
    """Return whom a copy of the ledger forgets: its registrant, and one whom it never met."""

    class UndoError(Exception):
        """Takes it all back."""

    found: list[Any] = []

    def work(connection: Any) -> None:
        forget(connection, {number: ()}, "anna", "letter", ledger.clock.now)
        found.extend(buried(connection))
        raise UndoError

    with pytest.raises(UndoError):
        ledger.store.write(work)
    [one] = found
    stranger = registrant(7)["inviteeStub"].lower()
    mine = registrant(1)["inviteeStub"].lower()
    return [one, replace(one, subject=one.subject.replace(mine, stranger))]


def test_a_ledger_that_was_never_restored_numbers_and_delivers_as_ever(ledger: Ledger) -> None:
    crm = careful(ledger)
    ledger.receive(sync(120))
    ledger.run()

    assert ledger.counts() == {"delivered": 120}
    assert sorted(r.delivery for call in crm.calls for r in call) == list(range(1, 121))
    assert ledger.store.read(lambda c: c.execute(select(restores)).all()) == []
