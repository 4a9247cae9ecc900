"""What the console asks the ledger: one registration with its story, and what is parked."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from tests.integration.ledger.conftest import analyze
from tests.integration.ledger.test_query_plans import fill, recorded, scans

from regbridge.corrections import Correction
from regbridge.errors import RejectedError
from regbridge.store.audit import noted
from regbridge.store.deeds import (
    Doer,
    correct_one,
    ignore_cause,
    ignore_one,
    ignore_unread,
    read_again,
    retry_cause,
    retry_one,
)
from regbridge.store.parked import causes, parked_for, unread_receipts
from regbridge.store.told import MOST, tell
from regbridge.testing.payloads import message

if TYPE_CHECKING:
    from tests.integration.ledger.conftest import Ledger

REASON = "the company is not allowed"


def doer(ledger: Ledger) -> Doer:
    return Doer("anna", "127.0.0.1", ledger.clock.now)


def audit(ledger: Ledger) -> list[tuple[str, str, str]]:
    rows = ledger.store.read(lambda c: noted(c, 0, 100))
    return [(row.what, row.about, row.text) for row in rows]


def test_a_registration_is_told_with_its_revisions_and_the_one_before(ledger: Ledger) -> None:
    for minute, company in enumerate(("A", "B", "C")):
        ledger.register(1, company, minute=minute)
        ledger.run()
    ledger.register(2, "another")
    ledger.run()
    first, second, third, _ = [row.id for row in ledger.registrations()]

    told = ledger.store.read(lambda c: tell(c, second))

    assert told is not None
    assert [row.id for row in told.revisions] == [first, second, third]
    assert told.before is not None
    assert told.before.id == first
    assert b'"A"' in told.before.payload
    assert [each.registration_id for each in told.deliveries] == [first, second, third]
    assert not told.has_older
    assert ledger.store.read(lambda c: tell(c, 77)) is None


def test_of_very_many_revisions_the_newest_are_told_and_the_one_that_is_asked_for(
    ledger: Ledger,
) -> None:
    for minute in range(MOST + 3):
        ledger.register(1, str(minute), minute=minute % 60)
    ledger.run()
    rows = ledger.registrations()
    oldest = min(rows, key=lambda row: (row.ordered_at, row.receipt_id)).id

    told = ledger.store.read(lambda c: tell(c, oldest))

    assert told is not None
    assert told.has_older
    assert len(told.revisions) == MOST + 1
    assert told.revisions[0].id == oldest


def test_nothing_that_the_console_asks_reads_a_whole_table(ledger: Ledger) -> None:
    ledger.store.write(lambda c: fill(c, 30_000))
    analyze(ledger)
    ledger.register(1, "REFUSE")
    ledger.receive(b"{")
    ledger.run()
    [row] = [each for each in ledger.registrations() if each.state == "parked"]
    with recorded(ledger) as statements:
        ledger.store.read(lambda c: tell(c, row.id))
        found, _ = ledger.store.read(causes)
        ledger.store.read(lambda c: parked_for(c, "apap", found[0].key))
        unread = ledger.store.read(unread_receipts)

    plans = ledger.store.read(lambda c: {s: scans(c, s, p) for s, p in statements})

    assert [(cause.reason, cause.field, cause.count) for cause in found] == [(REASON, "company", 1)]
    assert [(each.reason[:20], each.size) for each in unread] == [("the body is not JSON", 1)]
    assert {s: scanned for s, scanned in plans.items() if scanned} == {}


def test_causes_are_kept_apart_by_client_reason_and_field(ledger: Ledger) -> None:
    ledger.add_client(name="other")
    for number in (1, 2):
        ledger.register(number, "REFUSE")
    ledger.register(3, "REFUSE", client="other")
    ledger.receive(message("AttendeeManualSynced", [{"company": "A"}]))
    ledger.run()

    found, total = ledger.store.read(causes)

    assert total == 4
    assert [(cause.client, cause.count) for cause in found] == [
        ("apap", 2),
        ("apap", 1),
        ("other", 1),
    ]
    assert found[0].key == found[2].key
    chosen = ledger.store.read(lambda c: parked_for(c, "other", found[0].key))
    assert chosen == [row.id for row in ledger.registrations() if row.client == "other"]


def test_a_deed_and_its_note_are_one_transaction(ledger: Ledger) -> None:
    ledger.register(1, "REFUSE")
    ledger.register(2, "REFUSE")
    ledger.register(3, "fine")
    ledger.receive(b"{")
    ledger.run()
    one, two, three = [row.id for row in ledger.registrations()]
    [cause], _ = ledger.store.read(causes)
    [unread] = ledger.store.read(unread_receipts)
    write, who = ledger.store.write, doer(ledger)

    with pytest.raises(RejectedError, match="is delivered"):
        write(lambda c: retry_one(c, who, three))
    with pytest.raises(RejectedError, match="is delivered"):
        write(lambda c: ignore_one(c, who, three, "x"))
    assert write(lambda c: retry_one(c, who, 77)) is None
    assert write(lambda c: ignore_one(c, who, 77, "x")) is None
    assert write(lambda c: correct_one(c, who, 77, Correction("a", 1), "x")) is None
    assert audit(ledger) == []

    assert write(lambda c: retry_cause(c, who, "apap", cause.key)) == 2
    ledger.run()
    assert write(lambda c: ignore_one(c, who, one, "private")) == "apap"
    assert write(lambda c: ignore_cause(c, who, "apap", cause.key, "private")) == 1
    assert write(lambda c: read_again(c, who, [unread.id])) == 1
    ledger.run()
    assert write(lambda c: ignore_unread(c, who, [unread.id], "private")) == 1

    assert audit(ledger)[::-1] == [
        ("retried", "parked of apap", f"registrations {one}, {two}"),
        ("ignored", f"registration {one}", ""),
        ("ignored", "parked of apap", f"registrations {two}"),
        ("retried", f"receipts {unread.id}", ""),
        ("ignored", f"receipts {unread.id}", ""),
    ]
    assert ledger.store.read(causes) == ([], 0)
    assert ledger.store.read(unread_receipts) == []


def test_a_message_that_could_not_be_split_is_listed_too(ledger: Ledger) -> None:
    receipt = ledger.receive(b"{")
    ledger.store.write(lambda c: c.exec_driver_sql("UPDATE receipts SET digest = NULL") and None)
    ledger.retry_receipts()
    ledger.run()

    assert [each.id for each in ledger.store.read(unread_receipts)] == [receipt]
