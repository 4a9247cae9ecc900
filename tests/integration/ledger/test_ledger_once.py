"""Rule 5: each change once, and nothing twice that the target has already."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from regbridge import KeyedOn, Kind, Outcome, Plugin, Record, Registration, hookimpl
from regbridge.testing.payloads import live, message, registrant, substitution

if TYPE_CHECKING:
    from tests.integration.ledger.conftest import Ledger

ACCEPTED = live("InviteeOrGuestAccepted", registrant(1, company="A"))


class Once(Plugin):
    """Names the subject alone."""

    def __init__(self) -> None:
        """Have no settings."""

    @hookimpl
    def dedupe_key(self, registration: Registration) -> str:
        return f"once:{registration.subject}"


def test_the_same_message_again_is_a_duplicate_that_names_the_first(ledger: Ledger) -> None:
    ledger.receive(ACCEPTED)
    ledger.run()
    ledger.receive(ACCEPTED)

    ledger.run()

    first = ledger.registrations()[0].id
    assert ledger.states() == ["delivered", "duplicate"]
    assert ledger.reasons()[1] == f"the same change as registration {first}"
    assert len(ledger.crm.calls) == 1


def test_the_same_message_twice_before_any_work_is_delivered_exactly_once(ledger: Ledger) -> None:
    ledger.receive(ACCEPTED)
    ledger.receive(ACCEPTED)
    ledger.receive(ACCEPTED)

    ledger.run()

    assert ledger.states() == ["delivered", "duplicate", "duplicate"]
    assert len(ledger.crm.companies) == 1


def test_the_same_message_at_another_client_is_no_duplicate(ledger: Ledger) -> None:
    ledger.add_client(name="other")
    ledger.receive(ACCEPTED)
    ledger.receive(ACCEPTED, "other")

    ledger.run()

    assert ledger.states() == ["delivered", "delivered"]


def test_records_without_a_subject_are_duplicates_by_their_place_in_the_message(
    ledger: Ledger,
) -> None:
    leads = message("LeadScanned", [{"lead": 1}, {"lead": 1}])
    ledger.add_client(takes=frozenset({Kind.UNKNOWN}))
    ledger.receive(leads)
    ledger.receive(leads)

    ledger.run()

    assert ledger.states() == ["delivered", "delivered", "duplicate", "duplicate"]


def test_messages_without_a_stub_are_never_duplicates(ledger: Ledger) -> None:
    ledger.receive(ACCEPTED | {"messageStub": None})
    ledger.receive(ACCEPTED | {"messageStub": None})

    ledger.run_for(0)

    assert ledger.states() == ["superseded", "delivered"]


def test_another_message_with_the_same_fields_is_unchanged_and_no_call_is_made(
    ledger: Ledger,
) -> None:
    ledger.register(1, "A", minute=1)
    ledger.run()
    ledger.register(1, "A", minute=2)

    ledger.run()

    first = ledger.registrations()[0].id
    assert ledger.states() == ["delivered", "unchanged"]
    assert ledger.reasons()[1] == f"equal to what registration {first} delivered"
    assert len(ledger.crm.calls) == 1


def test_another_content_is_delivered(ledger: Ledger) -> None:
    for minute, company in enumerate("ABB"):
        ledger.register(1, company, minute=minute)
        ledger.run()

    assert ledger.states() == ["delivered", "delivered", "unchanged"]
    assert ledger.crm.companies == ["A", "B"]


def test_going_back_to_an_earlier_content_is_delivered(ledger: Ledger) -> None:
    for minute, company in enumerate("ABA"):
        ledger.register(1, company, minute=minute)
        ledger.run()

    assert ledger.states() == ["delivered"] * 3
    assert ledger.crm.companies == ["A", "B", "A"]


def test_a_rejected_revision_between_two_equal_ones_changes_nothing_at_the_target(
    ledger: Ledger,
) -> None:
    ledger.register(1, "A", minute=1)
    ledger.run()
    ledger.crm.script.append(lambda records: [Outcome.rejected("no such company")])
    ledger.register(1, "B", minute=2)
    ledger.run()
    ledger.register(1, "A", minute=3)

    ledger.run()

    assert ledger.states() == ["delivered", "parked", "unchanged"]


def test_after_a_lost_answer_an_equal_record_is_delivered_all_the_same(ledger: Ledger) -> None:
    ledger.register(1, "A", minute=1)
    ledger.run()
    ledger.crm.script.append(lambda records: [Outcome.ambiguous("the line went dead")])
    ledger.register(1, "B", minute=2)
    ledger.run()
    ledger.register(1, "A", minute=3)

    ledger.run()

    assert ledger.crm.companies == ["A", "B", "A"]
    assert ledger.states() == ["delivered", "superseded", "delivered"]


def test_after_a_bug_in_the_target_an_equal_record_is_delivered_all_the_same(
    ledger: Ledger,
) -> None:
    ledger.register(1, "A", minute=1)
    ledger.run()
    ledger.crm.script.append(ZeroDivisionError())
    ledger.register(1, "B", minute=2)
    ledger.run()
    ledger.register(1, "A", minute=3)

    ledger.run()

    assert ledger.crm.companies == ["A", "B", "A"]


def test_what_the_target_has_exactly_already_is_unchanged(ledger: Ledger) -> None:
    ledger.crm.answer = lambda record: Outcome.unchanged("there")
    ledger.register(1, "A", minute=1)
    ledger.run()
    ledger.register(1, "A", minute=2)

    ledger.run()

    assert ledger.states() == ["unchanged", "unchanged"]
    assert ledger.deliveries()[0].external_id == "there"
    assert len(ledger.crm.calls) == 1


def test_the_targets_id_is_kept_and_given_back(ledger: Ledger) -> None:
    ledger.crm.script.append(lambda records: [Outcome.created("crm-77")])
    ledger.crm.answer = lambda record: Outcome.updated()
    for minute, company in enumerate("ABC"):
        ledger.register(1, company, minute=minute)
        ledger.run()

    ids = [call[0].external_id for call in ledger.crm.calls]
    assert ids == [None, "crm-77", "crm-77"]


def test_the_targets_id_survives_a_failed_attempt_of_the_same_delivery(ledger: Ledger) -> None:
    def park_after_creation(records: Sequence[Record]) -> list[Outcome]:
        return [Outcome.created("crm-77")]

    ledger.crm.script.append(park_after_creation)
    broken = type(ledger.crm)()
    broken.answer = lambda record: Outcome.rejected("no")
    crm = ledger.crm
    ledger.add_client(targets={"crm": crm, "broken": broken})
    ledger.register(1, "A")
    ledger.run()
    mapper = next(n.plugin for n in ledger.pipelines["apap"].plugins if n.name == "mapper")
    mapper.extra["new"] = 1  # type: ignore[attr-defined]
    crm.script.append(lambda records: [Outcome.retry("busy")])
    ledger.retry()

    ledger.run_for(60)

    assert [call[0].external_id for call in crm.calls] == [None, "crm-77", "crm-77"]


def test_once_takes_a_registrant_once_and_ignores_all_later_changes(bare_ledger: Ledger) -> None:
    bare_ledger.add_client(Once())
    for minute, company in enumerate("ABC"):
        bare_ledger.register(1, company, minute=minute)
        bare_ledger.run()

    assert bare_ledger.states() == ["delivered", "duplicate", "duplicate"]
    assert bare_ledger.crm.companies == ["A"]


def test_once_of_two_that_wait_together_takes_the_first(bare_ledger: Ledger) -> None:
    bare_ledger.add_client(Once())
    bare_ledger.register(1, "A", minute=1)
    bare_ledger.register(1, "B", minute=2)

    bare_ledger.run()

    assert bare_ledger.states() == ["delivered", "duplicate"]
    assert bare_ledger.crm.companies == ["A"]


def test_an_equal_change_that_comes_while_the_first_is_in_flight_is_unchanged(
    ledger: Ledger,
) -> None:
    def meanwhile(records: Sequence[Record]) -> list[Outcome]:
        ledger.register(1, "A", minute=2)
        ledger.new_worker().run_once()
        return [Outcome.created()]

    ledger.crm.idempotent = False
    ledger.crm.script.append(meanwhile)
    ledger.register(1, "A", minute=1)

    ledger.run()

    first = ledger.registrations()[0].id
    assert ledger.states() == ["delivered", "unchanged"]
    assert ledger.reasons()[1] == f"equal to what registration {first} delivered"
    assert ledger.crm.companies == ["A"]


def test_going_back_while_the_change_is_in_flight_is_unchanged_when_the_target_refuses_it(
    ledger: Ledger,
) -> None:
    def meanwhile(records: Sequence[Record]) -> list[Outcome]:
        ledger.register(1, "A", minute=3)
        ledger.new_worker().run_once()
        return [Outcome.retry("busy")]

    ledger.register(1, "A", minute=1)
    ledger.run()
    ledger.crm.script.append(meanwhile)
    ledger.register(1, "B", minute=2)

    ledger.run()

    assert ledger.states() == ["delivered", "superseded", "unchanged"]
    assert ledger.crm.companies == ["A", "B"]


def test_an_equal_change_goes_to_another_person_all_the_same(bare_ledger: Ledger) -> None:
    record, newcomer = registrant(1, company="A"), registrant(2, company="A")
    bare_ledger.add_client(keyed_on=KeyedOn.CONTACT)

    def meanwhile(records: Sequence[Record]) -> list[Outcome]:
        bare_ledger.receive(substitution(record, newcomer, "2026-11-24T10:02:00.000Z"))
        bare_ledger.new_worker().run_once()
        return [Outcome.created()]

    bare_ledger.crm.script.append(meanwhile)
    bare_ledger.receive(live("InviteeOrGuestAccepted", record))

    bare_ledger.run()

    assert bare_ledger.states() == ["delivered", "delivered"]
    assert bare_ledger.crm.companies == ["A", "A"]
