"""Section 6: retries, and upstreams and targets that are left alone for a while."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import update

from regbridge import (
    AmbiguousError,
    CredentialsError,
    Drop,
    Outcome,
    Plugin,
    QuotaExceededError,
    Record,
    Registration,
    RejectedError,
    RetryableError,
    hookimpl,
)
from regbridge.errors import StoreUnavailableError
from regbridge.store.clock import from_ms
from regbridge.store.tables import deliveries
from regbridge.testing.payloads import sync

if TYPE_CHECKING:
    from tests.integration.ledger.conftest import Ledger


class Enricher(Plugin):
    """Adds an answer, or fails as `fails` says; notes how many it was asked for."""

    def __init__(self) -> None:
        self.batch_size = 5
        self.fails: Exception | None = None
        self.refuses: Mapping[str, Exception] = {}
        self.sizes: list[int] = []

    @hookimpl
    def filter_registration(self, registration: Registration) -> Drop | None:
        return Drop("not wanted") if registration.fields.get("company") == "FILTERED" else None

    @hookimpl
    def enrich_registrations(self, registrations: Sequence[Registration]) -> Sequence[Any]:
        self.sizes.append(len(registrations))
        if self.fails:
            raise self.fails
        return [self.refuses.get(r.fields["company"], {"answer": 42}) for r in registrations]


@pytest.fixture
def enricher(bare_ledger: Ledger) -> Enricher:
    """The enrichment plugin of the ledger's one client."""
    enricher = Enricher()
    bare_ledger.add_client(enricher)
    return enricher


def test_a_record_to_be_retried_is_sent_again_at_its_time_and_not_before(ledger: Ledger) -> None:
    ledger.crm.script.append(lambda records: [Outcome.retry("busy")])
    ledger.register(1, "A")
    ledger.run()

    ledger.advance(29)
    ledger.run()
    assert len(ledger.crm.calls) == 1

    ledger.advance(1)
    ledger.run()
    assert len(ledger.crm.calls) == 2
    assert [call[0].attempt for call in ledger.crm.calls] == [1, 2]
    assert ledger.states() == ["delivered"]


def test_a_target_that_asks_for_more_time_gets_it(ledger: Ledger) -> None:
    ledger.crm.script.append(lambda records: [Outcome.retry("busy", after=500)])
    ledger.register(1, "A")
    ledger.run()

    ledger.advance(499)
    ledger.run()
    assert len(ledger.crm.calls) == 1

    ledger.advance(1)
    ledger.run()
    assert ledger.states() == ["delivered"]


def test_a_record_that_fails_twelve_times_is_parked_with_the_last_reason(ledger: Ledger) -> None:
    ledger.crm.answer = lambda record: Outcome.retry("still busy")
    ledger.register(1, "A")

    ledger.run_for(8 * 3600, step=600)

    assert len(ledger.crm.calls) == 12
    assert ledger.states() == ["parked"]
    assert ledger.reasons() == ["still busy (given up after 12 attempts)"]


def test_an_outage_burns_no_attempts_and_everything_is_delivered_after_it(ledger: Ledger) -> None:
    ledger.crm.fails = RetryableError("connection refused")
    ledger.receive(sync(25))
    ledger.run()
    assert [row.cause for row in ledger.pauses()] == ["outage"]

    ledger.run_for(8 * 3600, step=600)
    assert ledger.counts() == {"pending": 25}
    assert max(row.attempts for row in ledger.deliveries()) <= 2

    ledger.crm.fails = None
    ledger.run_for(900, step=300)
    assert ledger.counts() == {"delivered": 25}
    assert ledger.pauses() == []


def test_a_paused_target_is_tried_with_one_record_and_another_one_the_next_time(
    ledger: Ledger,
) -> None:
    ledger.crm.fails = RetryableError("connection refused")
    ledger.receive(sync(30))
    ledger.run()
    opened = len(ledger.crm.calls)

    ledger.run_for(3600, step=300)

    tries = ledger.crm.calls[opened:]
    assert {len(call) for call in tries} == {1}
    assert len(tries) > 2
    assert tries[0][0].delivery != tries[1][0].delivery


def test_a_paused_target_is_left_alone_until_its_time(ledger: Ledger) -> None:
    ledger.crm.fails = RetryableError("connection refused")
    ledger.receive(sync(30))
    ledger.run()
    opened = len(ledger.crm.calls)

    ledger.advance(29)
    ledger.run()

    assert len(ledger.crm.calls) == opened


def test_an_outage_lasts_as_long_as_the_target_asks(ledger: Ledger) -> None:
    ledger.crm.fails = RetryableError("too many requests", retry_after=900)
    ledger.receive(sync(30))
    ledger.run()

    assert ledger.pauses()[0].until == ledger.clock.now + 900_000


def test_a_single_failed_call_is_no_outage(ledger: Ledger) -> None:
    ledger.crm.script.append(RetryableError("hiccup"))
    ledger.receive(sync(25))

    ledger.run_for(60)

    assert ledger.counts() == {"delivered": 25}
    assert "paused" not in ledger.happenings()


def test_a_pause_and_its_end_are_remembered_once(ledger: Ledger) -> None:
    ledger.crm.fails = CredentialsError("the password is wrong")
    ledger.register(1, "A")
    ledger.run_for(3600, step=300)
    ledger.crm.fails = None

    ledger.run_for(600, step=300)

    assert ledger.happenings().count("paused") == 1
    assert ledger.happenings().count("resumed") == 1
    assert ledger.states() == ["delivered"]
    assert ledger.deliveries()[0].attempts == 1


def test_a_pause_holds_for_every_process(ledger: Ledger) -> None:
    ledger.crm.fails = CredentialsError("the password is wrong")
    ledger.register(1, "A")
    ledger.run()
    ledger.register(2, "B")

    ledger.new_worker().run_once()

    assert len(ledger.crm.calls) == 1


def test_a_used_up_quota_pauses_until_it_is_there_again(ledger: Ledger) -> None:
    until = from_ms(ledger.clock.now) + timedelta(hours=7)
    ledger.crm.script.append(QuotaExceededError("the daily limit is reached", until=until))
    ledger.receive(sync(25))
    ledger.run()

    ledger.advance(7 * 3600 - 1)
    ledger.run()
    assert len(ledger.crm.calls) == 1

    ledger.advance(1)
    ledger.run()
    assert ledger.counts() == {"delivered": 25}
    assert {row.attempts for row in ledger.deliveries()} == {1}


def test_a_paused_target_holds_up_no_other_target(ledger: Ledger) -> None:
    crm = ledger.crm
    well = type(crm)()
    ledger.add_client(targets={"crm": crm, "well": well})
    crm.fails = CredentialsError("the password is wrong")
    ledger.receive(sync(25))

    ledger.run()

    assert sum(well.sizes) == 25


def test_lost_answers_of_an_idempotent_target_are_sent_again(ledger: Ledger) -> None:
    ledger.crm.script.append(AmbiguousError("timeout"))
    ledger.register(1, "A")

    ledger.run_for(60)

    assert ledger.states() == ["delivered"]
    assert len(ledger.crm.calls) == 2


@pytest.mark.parametrize(
    "answer",
    [AmbiguousError("timeout"), lambda records: [Outcome.ambiguous("timeout")]],
    ids=["whole call", "one record"],
)
def test_lost_answers_of_a_target_that_is_not_idempotent_are_parked(
    ledger: Ledger, answer: Any
) -> None:
    ledger.crm.idempotent = False
    ledger.crm.script.append(answer)
    ledger.register(1, "A")

    ledger.run_for(60)

    assert ledger.states() == ["parked"]
    assert ledger.reasons()[0].startswith("timeout: it was sent and the answer was lost")
    assert len(ledger.crm.calls) == 1


def test_a_target_that_loses_every_answer_is_paused_before_everything_is_parked(
    ledger: Ledger,
) -> None:
    ledger.crm.idempotent = False
    ledger.crm.batch_size = 1
    ledger.crm.fails = AmbiguousError("timeout")
    ledger.receive(sync(50))

    ledger.run()

    assert ledger.counts() == {"parked": 3, "pending": 47}


def test_enrichment_that_fails_for_one_registration_is_retried_for_it_alone(
    bare_ledger: Ledger, enricher: Enricher
) -> None:
    enricher.refuses = {"late": RetryableError("not there yet", retry_after=100)}
    bare_ledger.register(1, "late")
    bare_ledger.register(2, "good")
    bare_ledger.run()
    assert bare_ledger.states() == ["pending", "delivered"]
    assert bare_ledger.pauses() == []

    enricher.refuses = {}
    bare_ledger.advance(100)
    bare_ledger.run()

    assert bare_ledger.states() == ["delivered", "delivered"]


def test_enrichment_that_rejects_one_registration_parks_it_alone(
    bare_ledger: Ledger, enricher: Enricher
) -> None:
    enricher.refuses = {"gone": RejectedError("no such attendee", field="inviteeStub")}
    bare_ledger.register(1, "gone")
    bare_ledger.register(2, "good")

    bare_ledger.run()

    assert bare_ledger.states() == ["parked", "delivered"]
    assert bare_ledger.registrations()[0].field == "inviteeStub"


@pytest.mark.parametrize("kind", ["credentials", "quota", "outage"])
def test_an_upstream_that_fails_as_a_whole_is_paused_and_everything_goes_on_after_it(
    bare_ledger: Ledger, enricher: Enricher, kind: str
) -> None:
    midnight = from_ms(bare_ledger.clock.now) + timedelta(hours=2)
    errors = {
        "credentials": CredentialsError("the key is wrong"),
        "quota": QuotaExceededError("the daily limit is reached", until=midnight),
        "outage": RetryableError("connection refused"),
    }
    enricher.fails = errors[kind]
    bare_ledger.receive(sync(30))
    bare_ledger.run_for(7200, step=300)
    assert [row.cause for row in bare_ledger.pauses()] == [kind]
    assert bare_ledger.counts() == {"pending": 30}
    assert max(row.attempts for row in bare_ledger.registrations()) <= 2

    enricher.fails = None
    bare_ledger.run_for(3600, step=300)

    assert bare_ledger.counts() == {"delivered": 30}
    assert bare_ledger.pauses() == []


def test_a_filtered_registration_does_not_end_the_pause_of_an_upstream(
    bare_ledger: Ledger, enricher: Enricher
) -> None:
    enricher.fails = CredentialsError("the key is wrong")
    bare_ledger.register(1, "A")
    bare_ledger.run()
    bare_ledger.register(2, "FILTERED")
    bare_ledger.register(3, "B")
    bare_ledger.lane("split", "")()
    enricher.sizes.clear()

    bare_ledger.advance(300)
    bare_ledger.run()

    assert enricher.sizes == [1]
    assert "resumed" not in bare_ledger.happenings()
    assert bare_ledger.states() == ["pending", "filtered", "pending"]


def test_a_paused_upstream_of_one_client_holds_up_no_other_client(
    bare_ledger: Ledger, enricher: Enricher
) -> None:
    bare_ledger.add_client(name="other")
    enricher.fails = CredentialsError("the key is wrong")
    bare_ledger.register(1, "A")
    bare_ledger.register(1, "A", client="other")

    bare_ledger.run()

    assert bare_ledger.states() == ["pending", "delivered"]


def test_a_plugin_that_pauses_after_another_one_failed_is_not_resumed_without_a_call(
    bare_ledger: Ledger,
) -> None:
    first, second = Enricher(), Enricher()
    bare_ledger.add_client(first, second)
    second.fails = CredentialsError("the key is wrong")
    bare_ledger.register(1, "A")
    bare_ledger.run()
    first.fails = RetryableError("hiccup")

    bare_ledger.advance(300)
    bare_ledger.run()

    assert [row.upstream for row in bare_ledger.pauses()] == ["p1"]


def test_records_carry_the_same_delivery_at_every_attempt(ledger: Ledger) -> None:
    def busy(records: Sequence[Record]) -> list[Outcome]:
        return [Outcome.retry("busy") for _ in records]

    ledger.crm.script.extend([busy, busy])
    ledger.register(1, "A")

    ledger.run_for(200)

    assert len({call[0].delivery for call in ledger.crm.calls}) == 1
    assert [call[0].attempt for call in ledger.crm.calls] == [1, 2, 3]


def test_a_quota_without_a_time_zone_is_a_bug_of_the_plugin_and_parked(ledger: Ledger) -> None:
    def naive(records: Sequence[Record]) -> list[Outcome]:
        raise QuotaExceededError("used up", until=datetime(2027, 1, 1))  # noqa: DTZ001 - the bug

    ledger.crm.script.extend([naive] * 9)
    ledger.register(1, "A")

    ledger.run_for(600)

    assert ledger.states() == ["parked"]
    assert "this is a bug in it" in ledger.reasons()[0]


def test_an_absurd_wait_does_not_stop_the_worker(ledger: Ledger) -> None:
    ledger.crm.script.append(lambda records: [Outcome.retry("busy", after=float("inf"))])
    ledger.register(1, "A")

    ledger.run_for(8 * 86_400, step=86_400)

    assert ledger.states() == ["delivered"]


def test_a_paused_target_is_tried_by_one_worker_at_a_time(ledger: Ledger) -> None:
    ledger.crm.fails = RetryableError("connection refused")
    ledger.receive(sync(25))
    ledger.run()
    assert ledger.pauses()
    other = ledger.new_worker()
    sizes: list[int] = []

    def meanwhile(records: Sequence[Record]) -> Sequence[Outcome]:
        other.run_once()
        sizes.extend(ledger.crm.sizes)
        return [Outcome.created() for _ in records]

    ledger.crm.calls.clear()
    ledger.crm.fails = None
    ledger.crm.script.append(meanwhile)
    ledger.advance(301)
    ledger.run()

    assert sizes == [1]  # the other worker left it alone
    assert ledger.counts() == {"delivered": 25}


def test_a_pause_with_nothing_to_try_is_left_as_it_was(ledger: Ledger) -> None:
    ledger.crm.fails = RetryableError("connection refused")
    ledger.register(1, "A")
    ledger.run_for(120)
    [before] = ledger.pauses()
    parked = ledger.store.write(lambda c: c.execute(update(deliveries).values(due_at=None)))
    ledger.advance(600)
    ledger.run()

    assert parked.rowcount == 1
    assert ledger.pauses() == [before]


def test_what_a_target_answered_is_kept_until_the_ledger_can_be_used_again(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    write = ledger.store.write
    failures = iter([StoreUnavailableError("disk full")] * 3)

    def write_later(work: Any) -> Any:
        if ledger.crm.calls and (failure := next(failures, None)):
            raise failure
        return write(work)

    ledger.register(1, "A")
    monkeypatch.setattr(ledger.store, "write", write_later)
    ledger.run()

    assert len(ledger.crm.calls) == 1
    assert ledger.states() == ["delivered"]
    assert next(failures, None) is None


@pytest.mark.parametrize("stops", [True, False])
def test_an_answer_that_can_never_be_kept_holds_nobody_up(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch, stops: bool
) -> None:
    """The database refuses it for good, or the process has to end: the lease runs out then."""
    write = ledger.store.write

    def refuse(work: Any) -> Any:
        if ledger.crm.calls:
            raise StoreUnavailableError("refused", lasts=not stops)
        return write(work)

    ledger.register(1, "A")
    monkeypatch.setattr(ledger.store, "write", refuse)
    if stops:
        ledger.worker.context.stopping.set()
    with pytest.raises(StoreUnavailableError):
        ledger.run()
    monkeypatch.undo()
    assert ledger.states() == ["pending"]

    ledger.crm.calls.clear()
    ledger.worker.context.stopping.clear()
    ledger.advance(61)
    ledger.run()
    assert ledger.states() == ["delivered"]
