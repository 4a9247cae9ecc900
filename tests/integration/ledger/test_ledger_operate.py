"""What a person does about what is parked, and what a changed configuration makes of it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import select

from regbridge import Drop, Outcome, Plugin, Record, Registration, Target, hookimpl
from regbridge.store.choice import Choice
from regbridge.store.configurations import remember_configuration
from regbridge.store.operate import retry_registrations
from regbridge.store.report import deliveries_of, find_registrations, history_of, is_idle
from regbridge.store.tables import configurations
from regbridge.testing.payloads import registrant

if TYPE_CHECKING:
    from tests.integration.ledger.conftest import Ledger, Recorder


class PickyMapper(Plugin):
    """Maps nothing for the target "staff" unless the company is "staff"."""

    def __init__(self) -> None:
        """Have no settings."""

    @hookimpl
    def map_registration(self, registration: Registration, target: Target) -> Record | Drop:
        company = registration.fields["company"]
        if target.name == "staff" and company != "staff":
            return Drop("not one of the staff")
        return Record({"company": company})


@pytest.fixture
def broken(ledger: Ledger) -> Recorder:
    """A second target of the ledger's client, which rejects everything."""
    crm = ledger.crm
    broken = type(crm)()
    broken.answer = lambda record: Outcome.rejected("no")
    ledger.add_client(targets={"crm": crm, "broken": broken})
    return broken


def test_a_retry_leaves_alone_what_another_target_has_already(
    ledger: Ledger, broken: Recorder
) -> None:
    ledger.register(1, "A")
    ledger.run()
    delivered = ledger.deliveries("crm")
    broken.answer = lambda record: Outcome.created()

    assert ledger.retry() == 1
    ledger.run()

    assert ledger.deliveries("crm") == delivered
    assert len(ledger.crm.calls) == 1
    assert ledger.states() == ["delivered"]


def test_a_retry_while_another_targets_call_is_under_way_does_not_send_that_twice(
    ledger: Ledger, broken: Recorder
) -> None:
    def retry_meanwhile(records: Sequence[Record]) -> list[Outcome]:
        ledger.new_worker().run_once()
        assert ledger.states() == ["parked"]
        ledger.retry()
        ledger.new_worker().run_once()
        return [Outcome.created("crm-1")]

    ledger.crm.idempotent = False
    ledger.crm.script.append(retry_meanwhile)
    ledger.register(1, "A")

    ledger.run_for(120)

    assert len(ledger.crm.calls) == 1
    assert [row.external_id for row in ledger.deliveries("crm")] == ["crm-1"]


def test_a_retry_maps_with_todays_configuration(ledger: Ledger) -> None:
    crm = ledger.crm
    crm.answer = lambda record: Outcome.rejected("no")
    ledger.register(1, "A")
    ledger.run()
    crm.answer = lambda record: Outcome.created()
    ledger.add_client(PickyMapper(), targets={"crm": crm}, fingerprint="second")

    ledger.retry()
    ledger.run()

    assert crm.calls[-1][0].fields == {"company": "A"}
    assert [row.configuration for row in ledger.deliveries()] == ["second"]


def test_a_delivery_keeps_the_fingerprint_of_the_configuration_that_mapped_it(
    ledger: Ledger,
) -> None:
    ledger.register(1, "A")
    ledger.run()
    ledger.add_client(targets={"crm": ledger.crm}, fingerprint="second")
    ledger.register(2, "B")

    ledger.run()

    assert [row.configuration for row in ledger.deliveries()] == ["first", "second"]


def test_a_configuration_is_remembered_once(ledger: Ledger) -> None:
    for now in (5, 6):
        ledger.store.write(
            lambda c, now=now: remember_configuration(c, "apap", "first", "{}", now)  # type: ignore[misc]
        )

    rows = ledger.store.read(lambda c: c.execute(select(configurations)).all())
    assert rows == [("apap", "first", "{}", 5)]


def test_a_retried_registration_that_is_no_longer_the_newest_is_superseded(
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
    assert ledger.crm.companies == ["old", "new"]


def test_only_parked_registrations_can_be_retried(ledger: Ledger) -> None:
    ledger.register(1, "A")
    ledger.run()

    assert ledger.retry() == 0
    assert ledger.retry(ids=[ledger.registrations()[0].id]) == 0


def test_a_person_may_choose_what_is_retried(ledger: Ledger, broken: Recorder) -> None:
    for number in range(3):
        ledger.register(number, "A")
    ledger.run()
    ids = [row.id for row in ledger.registrations()]

    assert ledger.retry(client="other") == 0
    assert ledger.retry(target="crm") == 0
    assert ledger.retry(ids=ids[:1]) == 1
    assert ledger.retry(target="broken", client="apap") == 2


def test_a_retry_starts_with_a_full_set_of_attempts(ledger: Ledger) -> None:
    ledger.crm.answer = lambda record: Outcome.retry("busy")
    ledger.register(1, "A")
    ledger.run_for(8 * 3600, step=900)
    assert ledger.states() == ["parked"]

    ledger.retry()
    ledger.run()

    assert ledger.states() == ["pending"]
    assert ledger.deliveries()[0].attempts == 1


def test_a_mapping_may_leave_out_one_target_and_say_why(ledger: Ledger) -> None:
    crm = ledger.crm
    staff = type(crm)()
    ledger.add_client(PickyMapper(), targets={"crm": crm, "staff": staff})
    ledger.register(1, "A")

    ledger.run()

    row = ledger.deliveries("staff")[0]
    assert (row.state, row.reason) == ("filtered", "not one of the staff")
    assert staff.calls == []
    assert ledger.states() == ["delivered"]


def test_what_every_target_leaves_out_is_filtered(ledger: Ledger) -> None:
    ledger.add_client(PickyMapper(), targets={"staff": ledger.crm})
    ledger.register(1, "A")

    ledger.run()

    assert ledger.states() == ["filtered"]
    assert ledger.reasons() == ["not one of the staff"]


def test_a_registrant_is_found_by_whatever_a_planner_has_at_hand(ledger: Ledger) -> None:
    record = registrant(1)
    ledger.register(1, "A", minute=1)
    ledger.register(1, "B", minute=2)
    ledger.register(2, "C")
    ledger.run()
    first = ledger.registrations()[0]

    for text in (
        record["confirmationNumber"].lower(),
        f" {record['email'].upper()} ",
        record["inviteeStub"],
        str(first.id),
        f"{record['firstName']} {record['lastName']}",
    ):
        rows = ledger.store.read(lambda c, text=text: find_registrations(c, text))  # type: ignore[misc]
        assert [row.state for row in rows] == ["superseded", "delivered"], text


def test_nothing_is_found_for_another_client_or_a_text_that_nobody_has(ledger: Ledger) -> None:
    ledger.register(1, "A")
    ledger.run()

    for text, client in ((registrant(1)["email"], "other"), ("nobody", ""), ("9" * 30, "")):
        found = ledger.store.read(
            lambda c, text=text, client=client: find_registrations(c, text, client)  # type: ignore[misc]
        )
        assert found == []


def test_the_story_of_a_registration_has_its_deliveries_and_its_failures(ledger: Ledger) -> None:
    ledger.crm.script.append(lambda records: [Outcome.retry("busy")])
    ledger.register(1, "A")
    ledger.run_for(60)
    ids = [row.id for row in ledger.registrations()]

    sent = ledger.store.read(lambda c: deliveries_of(c, ids))
    happened = ledger.store.read(lambda c: history_of(c, ids))

    assert [(row.target, row.state) for row in sent] == [("crm", "delivered")]
    assert [(row.happening, row.text) for row in happened] == [("failed", "busy")]


def test_a_ledger_is_idle_when_nothing_is_due(ledger: Ledger) -> None:
    def idle() -> bool:
        return ledger.store.read(lambda c: is_idle(c, ["apap"], ledger.clock.now))

    assert idle()
    ledger.register(1, "A")
    assert not idle()
    ledger.run()
    assert idle()


def test_a_retry_is_remembered(ledger: Ledger, broken: Recorder) -> None:
    ledger.register(1, "A")
    ledger.run()

    ledger.store.write(lambda c: retry_registrations(c, Choice(), ledger.clock.now))

    assert ledger.happenings() == ["parked", "retried"]
