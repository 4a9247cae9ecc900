"""What a target lacks, has otherwise or has beyond is named; what changes meanwhile is not."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress

import pytest
from tests.integration.ledger.conftest import Ledger
from tests.integration.ledger.reconcile_places import Places, account, found, on_sqlite

from regbridge import AmbiguousError, Record
from regbridge.store.purge import Old, purge_registrations
from regbridge.testing.payloads import SUMMIT

DAY = 24 * 60


@pytest.fixture
def places(bare_ledger: Ledger) -> Places:
    return Places(bare_ledger)


def test_what_is_delivered_while_a_target_is_read_is_no_difference(places: Places) -> None:
    for number, company in enumerate("ABC", start=1):
        places.tell(places.account.put(number, company))
    places.wait(10)

    def others_deliver() -> None:
        places.tell(places.account.put(3, "changed"))
        places.tell(places.account.put(4, "new"))
        places.ledger.new_worker().run_once()

    places.table.meanwhile = others_deliver
    places.table.rows["somebody else"] = {"company": "X"}
    places.wait(DAY)

    assert places.companies() == ["A", "B", "X", "changed", "new"]
    assert [kind for kind, _, _ in found(places)] == ["extra there"]
    assert account(places)["targets"]["crm"]["extra"] == 1


@pytest.mark.parametrize("ends", ["killed", "without an answer"])
@on_sqlite
def test_what_is_on_its_way_while_a_target_is_read_is_not_called_extra(
    places: Places, killed: type[BaseException], ends: str
) -> None:
    fault = killed() if ends == "killed" else AmbiguousError("no answer")
    for number, company in enumerate("AB", start=1):
        places.tell(places.account.put(number, company))
    places.wait(10)

    def take_and_fail(records: Sequence[Record]) -> None:
        places.table.answer(records[0])
        raise fault

    def another_delivers() -> None:
        places.tell(places.account.put(3, "C"))
        places.table.script.append(take_and_fail)
        with suppress(killed):
            places.ledger.new_worker().run_once()

    places.table.meanwhile = another_delivers
    places.wait(DAY)

    assert places.companies() == ["A", "B", "C"]
    assert found(places) == []


@on_sqlite
def test_what_was_delivered_is_compared_with_its_event_and_its_time(places: Places) -> None:
    places.tell(places.account.put(1, "A"))
    places.wait(10)
    [[sent]] = places.table.calls
    seen: list[Record] = []
    places.table.compared = seen.append
    places.wait(DAY)

    assert sent.event_stub
    assert sent.message_time
    assert {(one.event_stub, one.message_time) for one in seen} == {
        (sent.event_stub, sent.message_time)
    }


@on_sqlite
def test_a_record_that_gets_another_key_meanwhile_is_not_missing(places: Places) -> None:
    places.table.key = "company"
    for number, company in enumerate("ABC", start=1):
        places.tell(places.account.put(number, company))
    places.wait(10)

    def it_moves() -> None:
        places.tell(places.account.put(3, "moved"))
        places.ledger.new_worker().run_once()
        del places.table.rows["C"]

    places.table.meanwhile = it_moves
    places.wait(DAY)

    assert places.companies() == ["A", "B", "moved"]
    assert found(places) == []


@on_sqlite
def test_a_record_that_two_share_is_left_alone_whoever_writes_it_meanwhile(places: Places) -> None:
    places.table.key = "company"
    places.tell(places.account.put(1, "first"))
    places.tell(places.account.put(2, "second"))
    for number in (3, 4):
        places.tell(places.account.put(number, "shared"))
        places.wait(1)
    places.wait(10)

    def the_other_changes() -> None:
        places.tell(places.account.put(3, "shared", status="Waitlisted"))
        places.ledger.new_worker().run_once()

    places.table.meanwhile = the_other_changes
    places.wait(DAY)

    assert places.table.rows["shared"]["status"] == "Waitlisted"
    assert found(places) == []


@on_sqlite
def test_of_what_may_have_arrived_or_not_nothing_is_said(places: Places) -> None:
    places.table.idempotent = False
    places.tell(places.account.put(1, "A"))
    places.wait(10)
    places.table.fails = AmbiguousError("no answer")
    places.tell(places.account.put(1, "B"))
    places.run()
    assert places.ledger.states() == ["delivered", "parked"]

    places.wait(DAY)

    assert places.companies() == ["A"]
    assert found(places) == []


@on_sqlite
def test_what_was_delivered_for_another_event_is_that_events_own(places: Places) -> None:
    record = {**places.account.put(9, "elsewhere"), "eventStub": SUMMIT}
    del places.account.people[9]
    places.tell(record)
    places.wait(10)
    assert places.companies() == ["elsewhere"]

    places.table.rows[record["inviteeStub"].lower()]["company"] = "by hand"
    places.wait(DAY)
    assert found(places) == []
    places.table.rows.clear()
    places.wait(DAY)

    assert found(places) == []


@on_sqlite
def test_a_record_of_somebody_who_was_purged_is_counted_and_not_called_extra(
    places: Places,
) -> None:
    places.tell(places.account.put(1, "A"))
    places.wait(10)
    now = places.ledger.clock.now
    places.ledger.store.write(lambda c: purge_registrations(c, Old(now), 0, now))

    places.wait(DAY)
    assert found(places) == []
    assert (
        account(places)["targets"]["crm"] | {"extra": 1, "unknown": 1}
        == (account(places)["targets"]["crm"])
    )
    places.table.rows["somebody else"] = {"company": "X"}
    places.wait(DAY)

    assert [kind for kind, _, _ in found(places)] == ["extra there"] * 2
