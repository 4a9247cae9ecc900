"""Rule 8: what is wrong with one record, one client or one sync holds back nobody else."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import pytest

from regbridge import (
    Drop,
    Outcome,
    Plugin,
    Record,
    Registration,
    RejectedError,
    RetryableError,
    Target,
    hookimpl,
)
from regbridge.testing.payloads import message, registrant, sync

if TYPE_CHECKING:
    from tests.integration.ledger.conftest import Ledger


class BrokenFilter(Plugin):
    """Fails for everybody."""

    def __init__(self) -> None:
        """Have no settings."""

    @hookimpl
    def filter_registration(self, registration: Registration) -> None:
        raise RuntimeError("this plugin was never tried")


class DeepMapper(Plugin):
    """Maps to what no JSON can hold."""

    def __init__(self, value: object) -> None:
        self.value = value

    @hookimpl
    def map_registration(self, registration: Registration, target: Target) -> Record:
        good = registration.fields["company"] == "good"
        return Record({"company": "good" if good else self.value})


def choke_on_poison(records: Sequence[Record]) -> list[Outcome]:
    """Fail as a whole when one record is poisoned, as bulk calls do."""
    if any(record.fields["company"] == "poison" for record in records):
        raise ZeroDivisionError
    return [Outcome.created() for _ in records]


def refuse_poison(records: Sequence[Record]) -> list[Outcome]:
    """Refuse the whole call when one record is poisoned."""
    if any(record.fields["company"] == "poison" for record in records):
        raise RejectedError("a record is wrong", field="company")
    return [Outcome.created() for _ in records]


@pytest.mark.parametrize("company", ["REFUSE", "BUG"])
def test_a_record_that_cannot_be_mapped_parks_alone(ledger: Ledger, company: str) -> None:
    names = ["a", "b", company, "c"]
    records = [registrant(number, company=name) for number, name in enumerate(names)]
    ledger.receive(message("AttendeeManualSynced", records))

    ledger.run_for(300)

    assert ledger.states() == ["delivered", "delivered", "parked", "delivered"]
    assert ledger.crm.companies == ["a", "b", "c"]


def test_a_rejected_mapping_is_parked_at_once_with_its_field_and_reason(ledger: Ledger) -> None:
    ledger.register(1, "REFUSE")

    ledger.run()

    row = ledger.registrations()[0]
    assert (row.state, row.field, row.reason) == ("parked", "company", "the company is not allowed")


def test_a_bug_gets_three_attempts_and_its_plugin_is_named(ledger: Ledger) -> None:
    ledger.register(1, "BUG")

    ledger.run_for(300)

    row = ledger.registrations()[0]
    assert (row.state, row.attempts) == ("parked", 3)
    assert "mapper" in row.reason
    assert ledger.happenings() == ["failed", "failed", "parked"]


def test_a_record_that_the_target_rejects_parks_alone(ledger: Ledger) -> None:
    ledger.crm.answer = lambda record: (
        Outcome.rejected("no such company", "company")
        if record.fields["company"] == "poison"
        else Outcome.created()
    )
    for number, company in enumerate(["a", "poison", "b"]):
        ledger.register(number, company)

    ledger.run()

    assert ledger.states() == ["delivered", "parked", "delivered"]
    row = ledger.registrations()[1]
    assert (row.field, row.reason) == ("company", "no such company")


def test_a_target_that_fails_because_of_one_record_gets_each_by_itself(ledger: Ledger) -> None:
    ledger.crm.script.extend([choke_on_poison] * 50)
    for number, company in enumerate(["a", "poison", "b"]):
        ledger.register(number, company)

    ledger.run()
    assert ledger.states() == ["delivered", "pending", "delivered"]
    assert ledger.crm.sizes == [3, 1, 1, 1]

    ledger.run_for(300)
    assert ledger.states() == ["delivered", "parked", "delivered"]


def test_a_target_that_refuses_the_whole_call_gets_each_by_itself_even_if_not_idempotent(
    ledger: Ledger,
) -> None:
    ledger.crm.idempotent = False
    ledger.crm.script.extend([refuse_poison] * 50)
    for number, company in enumerate(["a", "poison", "b"]):
        ledger.register(number, company)

    ledger.run()

    assert ledger.states() == ["delivered", "parked", "delivered"]


def test_a_target_that_is_not_idempotent_and_fails_by_a_bug_gets_nothing_again(
    ledger: Ledger,
) -> None:
    ledger.crm.idempotent = False
    ledger.crm.script.append(choke_on_poison)
    for number, company in enumerate(["a", "poison", "b"]):
        ledger.register(number, company)

    ledger.run_for(300)

    assert ledger.states() == ["parked"] * 3
    assert len(ledger.crm.calls) == 1
    assert all("look there before you retry it" in reason for reason in ledger.reasons())


@pytest.mark.parametrize("answers", [None, [], ["created"], [Outcome.created()] * 9])
def test_answers_that_do_not_fit_the_records_are_a_bug_of_the_plugin(
    ledger: Ledger, answers: object
) -> None:
    ledger.crm.script.extend([lambda records: answers] * 50)
    ledger.register(1, "a")
    ledger.register(2, "b")

    ledger.run_for(300)

    assert ledger.states() == ["parked", "parked"]


def test_a_record_that_keeps_failing_is_sent_by_itself(ledger: Ledger) -> None:
    def fail_with_poison(records: Sequence[Record]) -> list[Outcome]:
        if any(record.fields["company"] == "poison" for record in records):
            raise RetryableError("timeout")
        return [Outcome.created() for _ in records]

    ledger.crm.script.extend([fail_with_poison] * 500)
    ledger.register(0, "poison")
    ledger.run_for(600)
    for number in range(1, 5):
        ledger.register(number, f"good {number}")

    ledger.run_for(600)

    assert ledger.counts() == {"pending": 1, "delivered": 4}


@pytest.mark.parametrize("value", [object(), "\ud800", [float("nan"), object()]])
def test_a_record_that_is_no_json_parks_alone(bare_ledger: Ledger, value: object) -> None:
    bare_ledger.add_client(DeepMapper(value))
    bare_ledger.register(1, "bad")
    bare_ledger.register(2, "good")

    bare_ledger.run()

    assert bare_ledger.states() == ["parked", "delivered"]
    assert "crm" in bare_ledger.reasons()[0]


def test_a_record_that_is_nested_without_end_parks_alone(bare_ledger: Ledger) -> None:
    endless: list[object] = []
    endless.append(endless)
    bare_ledger.add_client(DeepMapper(endless))
    bare_ledger.register(1, "bad")
    bare_ledger.register(2, "good")

    bare_ledger.run()

    assert bare_ledger.states() == ["parked", "delivered"]


@pytest.mark.parametrize("record", [b"7", b'"text"', b"null", b"[]", b'{"inviteeStub": 1e999}'])
def test_a_record_that_cannot_be_read_parks_alone(ledger: Ledger, record: bytes) -> None:
    good = b'{"inviteeStub": "i", "eventStub": "e", "company": "good"}'
    ledger.receive(
        b'{"eventType": "AttendeeManualSynced", "message": [' + record + b"," + good + b"]}"
    )

    ledger.run_for(300)

    assert ledger.states() == ["parked", "delivered"]
    assert ledger.reasons()[0]


def test_one_clients_broken_plugin_does_not_hold_up_another_client(bare_ledger: Ledger) -> None:
    bare_ledger.add_client(BrokenFilter(), name="broken")
    bare_ledger.add_client(name="whole")
    bare_ledger.register(1, "a", client="broken")
    bare_ledger.register(1, "a", client="whole")

    bare_ledger.run_for(300)

    assert bare_ledger.states() == ["parked", "delivered"]


def test_one_targets_failure_does_not_hold_up_another_target(ledger: Ledger) -> None:
    well = ledger.crm
    down = type(well)()
    down.fails = RetryableError("down")
    ledger.add_client(targets={"down": down, "well": well})
    ledger.register(1, "a")

    ledger.run()

    assert [row.state for row in ledger.deliveries("down")] == ["pending"]
    assert [row.state for row in ledger.deliveries("well")] == ["delivered"]
    assert ledger.states() == ["pending"]


def test_a_sync_does_not_hold_up_a_registration_that_arrives_during_it(ledger: Ledger) -> None:
    ledger.crm.batch_size = 100
    ledger.receive(sync(5000))
    split_syncs, split = ledger.lane("split", "syncs"), ledger.lane("split", "")
    prepare, deliver = ledger.lane("prepare"), ledger.lane("deliver")
    split_syncs()
    ledger.lane("prepare", place=1)()
    deliver()
    assert ledger.crm.sizes == [100]

    ledger.register(9999, "live")
    split()
    prepare()
    deliver()

    assert "live" in [record.fields["company"] for record in ledger.crm.calls[1]]


def test_a_message_is_split_while_a_sync_waits_to_be_split(ledger: Ledger) -> None:
    ledger.receive(sync(101))
    ledger.register(9999, "live")

    ledger.lane("split", "")()

    assert [row.state for row in ledger.receipts()] == ["pending", "split"]


def test_a_sync_goes_on_while_single_registrations_keep_coming(ledger: Ledger) -> None:
    ledger.crm.batch_size = 4
    ledger.config = ledger.config.model_copy(update={"batch_size": 4})
    ledger.add_client(targets={"crm": ledger.crm})
    ledger.receive(sync(101))
    ledger.lane("split", "syncs")()

    for number in range(20):
        for other in range(4):
            ledger.register(10_000 + number * 4 + other, "live")
        ledger.lane("split", "")()
        ledger.lane("prepare")()
        ledger.lane("prepare", place=1)()
        ledger.lane("deliver")()

    from_sync = [company for company in ledger.crm.companies if company != "live"]
    assert len(from_sync) == 20


def test_a_sync_goes_on_at_a_target_that_takes_one_record_in_a_call(ledger: Ledger) -> None:
    ledger.crm.batch_size = 1
    ledger.receive(sync(101))
    ledger.lane("split", "syncs")()
    for number in range(40):
        ledger.register(10_000 + number, "live")
    ledger.lane("split", "")()
    while ledger.lane("prepare")() or ledger.lane("prepare", place=1)():
        pass

    for _ in range(40):
        ledger.lane("deliver")()

    assert ledger.crm.companies.count("live") == 30
    assert len(ledger.crm.companies) == 40


def test_what_a_plugin_says_is_stored_without_what_a_database_refuses(ledger: Ledger) -> None:
    class Odd(Plugin):
        def __init__(self) -> None:
            """Have no settings."""

        @hookimpl
        def filter_registration(self, registration: Registration) -> Drop:
            return Drop("odd\0 \ud800 reason")

    ledger.add_client(Odd())
    ledger.register(1)

    ledger.run()

    assert [row.reason for row in ledger.registrations()] == ["odd ? reason"]


class Strict(Plugin):
    """Refuses to map for one target while it is told to."""

    def __init__(self) -> None:
        self.refuses = True

    @hookimpl
    def map_registration(self, registration: Registration, target: Target) -> Record:
        if target.name == "strict" and self.refuses:
            raise RejectedError("MemberId is required and has no value", field="MemberId")
        return Record({"company": registration.fields["company"]})


def test_a_record_that_cannot_be_made_for_one_target_parks_there_alone(ledger: Ledger) -> None:
    crm, rule = ledger.crm, Strict()
    strict = type(crm)()
    ledger.add_client(rule, targets={"crm": crm, "strict": strict})
    ledger.register(1, "good")

    ledger.run()

    assert [row.state for row in ledger.deliveries("crm")] == ["delivered"]
    parked = ledger.deliveries("strict")
    assert [(row.state, row.field) for row in parked] == [("parked", "MemberId")]
    assert ledger.states() == ["parked"]
    assert [row.field for row in ledger.registrations()] == ["MemberId"]
    assert ledger.happenings() == ["parked"]

    rule.refuses = False
    ledger.retry()
    ledger.run()

    assert ledger.states() == ["delivered"]
    assert (crm.companies, strict.companies) == (["good"], ["good"])


def test_a_retry_that_cannot_map_any_more_keeps_what_was_delivered(ledger: Ledger) -> None:
    crm, rule = ledger.crm, Strict()
    strict = type(crm)()
    rule.refuses = False
    crm.script.append(lambda records: [Outcome.rejected("no")])
    ledger.add_client(rule, targets={"crm": crm, "strict": strict})
    ledger.register(1, "good")
    ledger.run()
    assert ledger.states() == ["parked"]

    rule.refuses = True
    ledger.retry()
    ledger.run()

    assert [row.state for row in ledger.deliveries("strict")] == ["delivered"]


class SlowEnricher(Plugin):
    """Takes its time over a sync; `meanwhile` is what the world does while it waits."""

    def __init__(self) -> None:
        self.meanwhile: list[Callable[[], object]] = []
        self.sizes: list[int] = []

    @hookimpl
    def enrich_registrations(self, registrations: Sequence[Registration]) -> list[dict[str, int]]:
        self.sizes.append(len(registrations))
        if len(registrations) > 1 and self.meanwhile:
            self.meanwhile.pop()()
        return [{} for _ in registrations]


def test_a_single_registration_does_not_wait_until_a_sync_is_enriched(ledger: Ledger) -> None:
    slow = SlowEnricher()
    ledger.add_client(slow)
    sizes_at_delivery: list[list[int]] = []

    def somebody_registers() -> None:
        ledger.register(9000, "alone")
        split, alone, deliver = (
            ledger.worker._lanes[0].run,
            ledger.lane("prepare"),
            ledger.lane("deliver"),
        )
        assert split()
        assert alone()
        assert deliver()
        sizes_at_delivery.append(list(slow.sizes))

    slow.meanwhile.append(somebody_registers)
    ledger.receive(sync(300))

    ledger.run()

    assert "alone" in ledger.crm.companies
    [sizes] = sizes_at_delivery
    assert sizes[-1] == 1  # it was enriched while the sync's batch was still under way
    assert len(ledger.registrations()) == 301
    assert set(ledger.states()) == {"delivered"}
