"""Service protection limits: every worker of a credential waits, and no sooner comes back."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from tests.integration.dynamics.delivery import Clock, kinds, make_plugin, staging

from regbridge import QuotaExceededError, Record, Target
from regbridge.limits import Limiters, OwnPlaces
from regbridge_dynamics.deliver import Dynamics
from regbridge_dynamics.simulator import DataverseSimulator, Latency, Limits

Begin = Callable[..., tuple[DataverseSimulator, Dynamics]]


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def begin(clock: Clock, tmp_path: Path) -> Iterator[Begin]:
    """Return what starts an environment with limits, and a target of it."""
    running: list[tuple[DataverseSimulator, Dynamics]] = []

    def start(
        limits: Limits, latency: Latency | None = None, **options: Any
    ) -> tuple[DataverseSimulator, Dynamics]:
        simulator = DataverseSimulator(
            limits=limits, latency=latency, clock=clock, sleep=clock.sleep, token_seconds=100_000
        )
        simulator.start()
        running.append((simulator, make_plugin(simulator, tmp_path, clock=clock, **options)))
        return running[-1]

    yield start
    for simulator, plugin in running:
        plugin.close()
        simulator.stop()


def until(plugin: Dynamics, records: list[Record]) -> float:
    """Return when the target says that it may go on, in seconds since 1970."""
    with pytest.raises(QuotaExceededError) as caught:
        plugin.deliver_records(records)
    return caught.value.until.timestamp()


def test_too_many_requests_wait_as_long_as_dataverse_says(begin: Begin, clock: Clock) -> None:
    simulator, plugin = begin(Limits(requests=3))
    for number in range(2):
        plugin.deliver_records([staging(number)])
    end = until(plugin, [staging(9)])
    assert 200 < end - clock.now <= 301
    assert until(plugin, [staging(9)]) == pytest.approx(end, abs=0.001)  # without asking again
    assert simulator.calls.total == 4
    clock.now = end + 1
    assert kinds(plugin.deliver_records([staging(9)])) == ["created"]
    assert simulator.calls.during_retry_after == 0


def test_too_much_work_makes_the_chunks_smaller_and_success_larger_again(
    begin: Begin, clock: Clock
) -> None:
    simulator, plugin = begin(Limits(execution_seconds=100), Latency(record=1), chunk_size=80)
    records = [staging(number) for number in range(80)]
    plugin.deliver_records(records)
    plugin.deliver_records(records)
    end = until(plugin, records)
    assert plugin.batch_size == 40
    clock.now = end + 301
    for _ in range(60):
        plugin.deliver_records([staging(1)])
        clock.now += 10
    assert plugin.batch_size == 52  # 40, 44, 48, 52
    assert simulator.calls.during_retry_after == 0


def test_a_batch_that_is_larger_than_the_chunk_became_is_several_calls(
    begin: Begin, clock: Clock
) -> None:
    simulator, plugin = begin(Limits(execution_seconds=50), Latency(record=1), chunk_size=40)
    records = [staging(number) for number in range(40)]
    plugin.deliver_records(records)
    plugin.deliver_records(records[:20])
    clock.now = until(plugin, records) + 301
    before = simulator.calls.by_operation["UpsertMultiple"]
    assert kinds(plugin.deliver_records(records)) == ["created"] * 40
    assert simulator.calls.by_operation["UpsertMultiple"] == before + 2


def test_what_was_delivered_before_a_limit_stays_delivered(begin: Begin, clock: Clock) -> None:
    _, plugin = begin(Limits(requests=2), chunk_size=10)
    found = plugin.deliver_records([staging(number) for number in range(30)])
    assert kinds(found) == ["created"] * 10 + ["retry"] * 20
    assert found[10].after is not None
    assert 290 < found[10].after <= 301


def test_all_targets_of_a_credential_wait_together(
    begin: Begin, clock: Clock, tmp_path: Path
) -> None:
    limiters = Limiters(OwnPlaces(), clock, clock.sleep)
    simulator, plugin = begin(Limits(requests=2), limiters=limiters)
    other = make_plugin(
        simulator,
        tmp_path,
        Target("contacts"),
        clock,
        limiters,
        table="contact",
        key="new_cventcontactid",
    )
    plugin.deliver_records([staging(1)])
    end = until(plugin, [staging(2)])
    calls = simulator.calls.total
    contact = Record({"new_cventcontactid": "C-1", "lastname": "Lovelace"})
    assert until(other, [contact]) == pytest.approx(end, abs=0.001)
    assert simulator.calls.total == calls
    other.close()


def test_a_call_that_waited_for_its_turn_is_not_made_during_a_pause_that_began_meanwhile(
    clock: Clock, tmp_path: Path
) -> None:
    inside, release, holding = threading.Semaphore(0), threading.Event(), threading.Event()

    def hold(_: float) -> None:
        if holding.is_set():
            inside.release()
            release.wait(20)

    limiters = Limiters(OwnPlaces(), clock, clock.sleep)
    options: dict[str, Any] = {"clock": clock, "limiters": limiters, "concurrency": 1}
    with DataverseSimulator(
        limits=Limits(requests=5), latency=Latency(call=5), clock=clock, sleep=hold
    ) as simulator:
        plugin = make_plugin(simulator, tmp_path, **options)
        other = make_plugin(simulator, tmp_path, **options)
        for each in (plugin, other):
            each.deliver_records([staging(0)])  # the table is asked about first
        holding.set()
        with ThreadPoolExecutor(2) as pool:
            under_way = pool.submit(plugin.deliver_records, [staging(1)])
            assert inside.acquire(timeout=20)
            holding.clear()
            waiting = pool.submit(plugin.deliver_records, [staging(2)])
            release.wait(0.1)  # it cannot be seen from here that it waits
            end = until(other, [staging(3)])
            release.set()
            assert kinds(under_way.result()) == ["created"]
            with pytest.raises(QuotaExceededError):
                waiting.result()
        assert end > clock.now
        assert simulator.calls.total == 6
        assert simulator.calls.during_retry_after == 0
        for each in (plugin, other):
            each.close()


def test_no_more_calls_are_under_way_than_dataverse_recommends(tmp_path: Path) -> None:
    limits, latency = Limits(dop_hint=2), Latency(call=0.02)
    with DataverseSimulator(limits=limits, latency=latency) as simulator:
        plugin = make_plugin(simulator, tmp_path, concurrency=8)
        plugin.deliver_records([staging(0)])
        with ThreadPoolExecutor(8) as pool:
            list(pool.map(lambda n: plugin.deliver_records([staging(n)]), range(24)))
        assert simulator.calls.most_at_once == 2
        plugin.close()


def test_no_more_calls_are_under_way_than_the_settings_allow_whatever_threads_there_are(
    tmp_path: Path,
) -> None:
    with DataverseSimulator(latency=Latency(call=0.02)) as simulator:
        plugin = make_plugin(simulator, tmp_path, concurrency=3)
        plugin.deliver_records([staging(0)])
        assert plugin.concurrency > 3  # while some wait for Dataverse, others settle
        with ThreadPoolExecutor(plugin.concurrency) as pool:
            list(pool.map(lambda n: plugin.deliver_records([staging(n)]), range(24)))
        assert simulator.calls.most_at_once == 3
        plugin.close()


def test_too_many_calls_at_once_wait_and_become_fewer(clock: Clock, tmp_path: Path) -> None:
    """The environment recommends more than it allows, so it has to say it by 429."""
    inside, release, holding = threading.Semaphore(0), threading.Event(), threading.Event()

    def hold(_: float) -> None:
        if holding.is_set():
            inside.release()
            release.wait(20)

    limits = Limits(concurrent=2, dop_hint=8)
    with DataverseSimulator(
        limits=limits, latency=Latency(call=5), clock=clock, sleep=hold
    ) as simulator:
        plugin = make_plugin(simulator, tmp_path, clock=clock, concurrency=8)
        plugin.deliver_records([staging(0)])
        holding.set()
        with ThreadPoolExecutor(2) as pool:
            waiting = [pool.submit(plugin.deliver_records, [staging(n)]) for n in (1, 2)]
            assert all(inside.acquire(timeout=20) for _ in range(2))
            holding.clear()
            try:
                end = until(plugin, [staging(3)])
            finally:
                release.set()
            assert [kinds(one.result()) for one in waiting] == [["created"], ["created"]]
        assert 0 < end - clock.now <= 1.1
        clock.now = end + 1
        assert kinds(plugin.deliver_records([staging(3)])) == ["created"]
        plugin.close()
