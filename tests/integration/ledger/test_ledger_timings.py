"""Timings of all hosts add up in the ledger."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import select

from regbridge import Drop, Plugin, Registration, hookimpl
from regbridge.errors import StoreUnavailableError
from regbridge.store.clock import from_ms
from regbridge.store.tables import timings as table
from regbridge.store.timings import KEPT_DAYS, add_timings, timings_since
from regbridge.testing.payloads import sync
from regbridge.timing_flush import TimingFlush
from regbridge.timings import Count, Key, Stage, Timings

if TYPE_CHECKING:
    from tests.integration.ledger.conftest import Ledger

KEY = Key("apap", Stage.DELIVER, "crm")
DAY = 86_400


def found(ledger: Ledger) -> dict[tuple[Any, ...], tuple[Any, ...]]:
    rows = ledger.store.read(lambda c: timings_since(c, "2000-01-01"))
    return {tuple(row[:4]): tuple(map(int, row[4:])) for row in rows}


def flush(ledger: Ledger, timings: Timings) -> None:
    TimingFlush(ledger.store, timings, ledger.clock).flush()


def test_a_worker_measures_every_stage(ledger: Ledger) -> None:
    ledger.receive(sync(25))
    ledger.run()
    flush(ledger, ledger.worker.context.timings)

    registrations = {
        (stage, part): sum(f[1] for k, f in found(ledger).items() if k[1:3] == (stage, part))
        for _, stage, part, _ in found(ledger)
    }
    assert registrations == {
        ("split", ""): 25,
        ("filter", ""): 25,
        ("map", ""): 25,
        ("prepare", ""): 25,
        ("deliver", "crm"): 25,
        ("settle", "crm"): 25,
        ("arrival to delivery", "crm"): 25,
    }


def test_every_transaction_of_a_batch_belongs_to_some_stage(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    ledger.receive(sync(25))
    seconds = 0
    write = ledger.store.write

    def slow(work: Any) -> Any:
        nonlocal seconds
        seconds += 1
        return write(work)

    with monkeypatch.context() as while_working:
        while_working.setattr(ledger.store, "write", slow)
        timings = ledger.worker.context.timings
        while_working.setattr(timings, "clock", lambda: float(seconds))
        steps = (("split", ""), ("prepare", "apap"), ("deliver", "apap"))
        assert all(ledger.lane(step, client)() for step, client in steps)
    flush(ledger, timings)

    spent = {key[1]: sums[2] // 1_000_000 for key, sums in found(ledger).items()}
    del spent["arrival to delivery"]
    assert sum(spent.values()) == seconds
    claim_and_write = {stage: spent[stage] for stage in ("split", "prepare", "settle")}
    assert claim_and_write == {"split": 2, "prepare": 2, "settle": 2}


def test_looking_for_work_where_there_is_none_is_not_measured(ledger: Ledger) -> None:
    ledger.run()

    assert ledger.worker.context.timings.take() == {}


def test_messages_of_several_clients_share_the_time_of_their_split(bare_ledger: Ledger) -> None:
    bare_ledger.add_client()
    bare_ledger.add_client(name="other")
    for number in range(3):
        bare_ledger.register(number, client="apap")
    bare_ledger.receive(sync(0), "other")
    ticks = iter([0.0, 8.0])
    timings = bare_ledger.worker.context.timings
    timings.clock = lambda: next(ticks)

    bare_ledger.lane("split", "")()

    assert timings.take() == {
        (Key("apap", Stage.SPLIT), 13): Count(1, 3, 6_000_000),
        (Key("other", Stage.SPLIT), 11): Count(1, 0, 2_000_000),
    }


def test_the_age_of_a_registration_at_its_delivery_is_measured(ledger: Ledger) -> None:
    ledger.register(1, "A")
    ledger.advance(100)
    ledger.run()
    flush(ledger, ledger.worker.context.timings)

    [(key, sums)] = [(k, f) for k, f in found(ledger).items() if k[1] == "arrival to delivery"]
    assert key[3] == 17  # up to 131 s
    assert sums == (1, 1, 100_000_000)


def test_flushes_of_several_hosts_add_up(ledger: Ledger) -> None:
    hosts = [Timings() for _ in range(8)]
    for host in hosts:
        for stage in Stage:
            host.add(Key("apap", stage), 0.003, 10)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda host: flush(ledger, host), hosts))

    assert set(found(ledger).values()) == {(8, 80, 24_000)}
    assert len(found(ledger)) == len(Stage)


def test_flushes_of_several_hosts_add_up_while_each_measures_on(ledger: Ledger) -> None:
    def host(number: int) -> None:
        timings = Timings()
        flushing = TimingFlush(ledger.store, timings, ledger.clock)
        stages = list(Stage) if number % 2 else list(reversed(Stage))
        for _ in range(20):
            for stage in stages:
                timings.add(Key("apap", stage), 0.003, 10)
            flushing.flush()

    with ThreadPoolExecutor(6) as pool:
        list(pool.map(host, range(6)))

    assert set(found(ledger).values()) == {(120, 1200, 360_000)}


@pytest.mark.parametrize("error", [StoreUnavailableError("disk full"), KeyError("a bug")])
def test_what_cannot_be_written_is_written_later_and_once(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    timings = Timings()
    timings.add(KEY, 0.003, 10)

    def refuse(_work: Any) -> None:
        raise error

    with monkeypatch.context() as away:
        away.setattr(ledger.store, "write", refuse)
        flush(ledger, timings)
    timings.add(KEY, 0.003, 10)
    flush(ledger, timings)
    flush(ledger, timings)

    assert found(ledger) == {("apap", "deliver", "crm", 2): (2, 20, 6000)}


def test_what_is_rolled_back_after_it_was_added_is_not_doubled(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    timings = Timings()
    timings.add(KEY, 0.003, 10)

    def fail(_connection: Any, _now: int) -> None:
        raise StoreUnavailableError("the connection is lost")

    with monkeypatch.context() as away:
        away.setattr("regbridge.timing_flush.forget_timings", fail)
        flush(ledger, timings)
    flush(ledger, timings)

    assert found(ledger) == {("apap", "deliver", "crm", 2): (1, 10, 3000)}


def test_while_nobody_knows_the_time_nothing_is_lost(ledger: Ledger) -> None:
    def unknown() -> int:
        raise StoreUnavailableError("no server answers")

    timings = Timings()
    timings.add(KEY, 0.003, 10)
    TimingFlush(ledger.store, timings, unknown).flush()

    assert timings.take() == {(KEY, 2): Count(1, 10, 3000)}


def test_nothing_measured_writes_nothing(ledger: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    written: list[Any] = []
    monkeypatch.setattr(ledger.store, "write", written.append)

    flush(ledger, Timings())

    assert written == []


def test_old_days_are_forgotten_once_a_day(ledger: Ledger) -> None:
    counts = {(KEY, 2): Count(1, 1, 3000)}
    timings = Timings()
    flushing = TimingFlush(ledger.store, timings, ledger.clock)
    kept = []
    for _ in range(3):
        for age in (KEPT_DAYS, KEPT_DAYS + 1):
            before = ledger.clock.now - age * DAY * 1000
            ledger.store.write(lambda c, now=before: add_timings(c, counts, now))  # type: ignore[misc]
        timings.put_back(counts)
        flushing.flush()
        kept.append(ages(ledger))
        ledger.advance(DAY / 2)

    assert kept == [{0, KEPT_DAYS}, {0, KEPT_DAYS, KEPT_DAYS + 1}, {0, 1, KEPT_DAYS}]


def ages(ledger: Ledger) -> set[int]:
    """Return how many days ago timings were written."""
    today = from_ms(ledger.clock.now).date()
    days = ledger.store.read(lambda c: c.scalars(select(table.c.day)).all())
    return {(today - date.fromisoformat(day)).days for day in days}


def test_the_last_measurements_are_written_at_the_end(ledger: Ledger) -> None:
    timings, before = Timings(), threading.active_count()
    flushing = TimingFlush(ledger.store, timings, ledger.clock)
    flushing.start()
    timings.add(KEY, 0.003, 10)

    flushing.stop()

    assert len(found(ledger)) == 1
    assert threading.active_count() <= before


class Idle(Plugin):
    """Adds nothing."""

    def __init__(self) -> None:
        self.batch_size = 10

    @hookimpl
    def enrich_registrations(self, registrations: Sequence[Registration]) -> Sequence[None]:
        return [None for _ in registrations]


class Nobody(Plugin):
    """Filters all."""

    def __init__(self) -> None:
        pass

    @hookimpl
    def filter_registration(self, registration: Registration) -> Drop:
        return Drop("nobody")


def test_each_call_of_an_enrichment_plugin_is_measured_by_itself(bare_ledger: Ledger) -> None:
    bare_ledger.add_client(Idle(), Idle())
    bare_ledger.receive(sync(25))
    bare_ledger.run()

    sums = {part: Count() for part in ("p0", "p1")}
    for (key, _), count in bare_ledger.worker.context.timings.take().items():
        if key.stage is Stage.ENRICH:
            sums[key.part].add(count)
    assert {(each.measurements, each.registrations) for each in sums.values()} == {(3, 25)}


def test_a_stage_that_had_nothing_to_do_is_not_measured(bare_ledger: Ledger) -> None:
    bare_ledger.add_client(Nobody(), Idle())
    bare_ledger.receive(sync(25))
    bare_ledger.run()

    stages = {key.stage.value for key, _ in bare_ledger.worker.context.timings.take()}
    assert stages == {"split", "filter", "prepare"}
