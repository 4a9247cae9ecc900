"""Rule 4: only the newest revision of a registrant reaches a target."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from regbridge import Drop, Outcome, Plugin, Record, Registration, RetryableError, hookimpl
from regbridge.testing.payloads import live, message, registrant

if TYPE_CHECKING:
    from tests.integration.ledger.conftest import Ledger, Recorder


class SkipFiltered(Plugin):
    """Drops whoever works for the company "FILTERED"."""

    def __init__(self) -> None:
        """Have no settings."""

    @hookimpl
    def filter_registration(self, registration: Registration) -> Drop | None:
        return Drop("not wanted") if registration.fields.get("company") == "FILTERED" else None


def test_of_two_waiting_revisions_only_the_newest_is_delivered(ledger: Ledger) -> None:
    ledger.register(1, "old", minute=1)
    ledger.register(1, "new", minute=2)

    ledger.run()

    assert ledger.states() == ["superseded", "delivered"]
    assert ledger.crm.companies == ["new"]
    newest = ledger.registrations()[1].id
    assert ledger.reasons()[0] == f"registration {newest} of the same registrant is newer"


def test_a_late_older_revision_never_overwrites_a_newer_one(ledger: Ledger) -> None:
    ledger.register(1, "new", minute=2)
    ledger.run()
    ledger.register(1, "old", minute=1)

    ledger.run()

    assert ledger.states() == ["delivered", "superseded"]
    assert ledger.crm.companies == ["new"]


def test_equal_times_are_ordered_by_arrival(ledger: Ledger) -> None:
    ledger.register(1, "first", minute=1)
    ledger.register(1, "second", minute=1)

    ledger.run()

    assert ledger.states() == ["superseded", "delivered"]
    assert ledger.crm.companies == ["second"]


def test_a_message_without_a_time_is_ordered_by_its_arrival(ledger: Ledger) -> None:
    for company in ("first", "second"):
        record = registrant(1, company=company)
        ledger.receive(live("InviteeOrGuestModified", record, time="soon") | {"messageTime": None})
        ledger.advance(1)

    ledger.run()

    assert ledger.crm.companies == ["second"]


def test_two_revisions_in_one_message_are_ordered_by_position(ledger: Ledger) -> None:
    records = [registrant(1, company=name) for name in ("first", "second")]
    ledger.receive(message("AttendeeManualSynced", records))

    ledger.run()

    assert ledger.states() == ["superseded", "delivered"]
    assert ledger.crm.companies == ["second"]


def test_an_older_delivery_that_waits_is_superseded_when_a_newer_revision_is_admitted(
    ledger: Ledger,
) -> None:
    ledger.crm.script.append(lambda records: [Outcome.retry("busy")])
    ledger.register(1, "old", minute=1)
    ledger.run()
    assert ledger.states() == ["pending"]
    ledger.register(1, "new", minute=2)

    ledger.run_for(120)

    assert ledger.states() == ["superseded", "delivered"]
    assert ledger.crm.companies == ["old", "new"]


def test_a_newer_revision_waits_while_an_older_one_is_in_flight(ledger: Ledger) -> None:
    seen: list[list[str]] = []

    def meanwhile(records: Sequence[Record]) -> list[Outcome]:
        ledger.register(1, "new", minute=2)
        ledger.new_worker().run_once()
        seen.append(ledger.states())
        return [Outcome.created()]

    ledger.crm.script.append(meanwhile)
    ledger.register(1, "old", minute=1)

    ledger.run()

    assert seen == [["pending", "pending"]]
    assert ledger.states() == ["delivered", "delivered"]
    assert ledger.crm.companies == ["old", "new"]


def test_an_older_revision_that_fails_after_the_newer_was_admitted_is_not_tried_again(
    ledger: Ledger,
) -> None:
    def meanwhile(records: Sequence[Record]) -> list[Outcome]:
        ledger.register(1, "new", minute=2)
        ledger.new_worker().run_once()
        return [Outcome.retry("busy")]

    ledger.crm.script.append(meanwhile)
    ledger.register(1, "old", minute=1)

    ledger.run_for(120)

    assert ledger.states() == ["superseded", "delivered"]
    assert ledger.crm.companies == ["old", "new"]


def test_going_back_while_the_change_is_in_flight_is_delivered_and_not_called_unchanged(
    ledger: Ledger,
) -> None:
    def meanwhile(records: Sequence[Record]) -> list[Outcome]:
        ledger.register(1, "A", minute=3)
        ledger.new_worker().run_once()
        return [Outcome.updated()]

    ledger.register(1, "A", minute=1)
    ledger.run()
    ledger.crm.script.append(meanwhile)
    ledger.register(1, "B", minute=2)

    ledger.run()

    assert ledger.crm.companies == ["A", "B", "A"]
    assert ledger.states() == ["delivered", "delivered", "delivered"]


def test_a_filtered_newer_revision_supersedes_nothing(bare_ledger: Ledger) -> None:
    bare_ledger.add_client(SkipFiltered())
    bare_ledger.register(1, "old", minute=1)
    bare_ledger.register(1, "FILTERED", minute=2)

    bare_ledger.run()

    assert bare_ledger.states() == ["delivered", "filtered"]
    assert bare_ledger.crm.companies == ["old"]


def test_a_duplicate_supersedes_nothing(ledger: Ledger) -> None:
    first = live("InviteeOrGuestAccepted", registrant(1, company="first"))
    ledger.receive(first)
    ledger.receive(first | {"messageTime": "2026-11-24T11:00:00.000Z"})

    ledger.run()

    assert ledger.states() == ["delivered", "duplicate"]
    assert ledger.crm.companies == ["first"]


def test_registrants_do_not_wait_for_each_other(ledger: Ledger) -> None:
    def fail_the_first(records: Sequence[Record]) -> list[Outcome]:
        return [Outcome.retry("busy"), Outcome.created()]

    ledger.crm.script.append(fail_the_first)
    ledger.register(1, "one")
    ledger.register(2, "two")

    ledger.run()

    assert ledger.states() == ["pending", "delivered"]


def test_an_older_revision_that_was_sent_twice_in_vain_does_not_make_a_newer_one_wait(
    ledger: Ledger, request: object
) -> None:
    crm: Recorder = ledger.crm
    crm.script.extend([RetryableError("down"), RetryableError("down")])
    ledger.register(1, "old", minute=1)
    ledger.run_for(30)
    ledger.register(1, "new", minute=2)

    ledger.run()

    assert ledger.states() == ["superseded", "delivered"]
    assert crm.companies == ["old", "old", "new"]
