"""The service protection limits of the simulated Dataverse, its latency, and its counters."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
import requests
from tests.integration.dynamics.web_client import (
    STAGING,
    WebClient,
    code_of,
    key,
    multipart,
    request_part,
    target,
)

from regbridge_dynamics.simulator import (
    Application,
    DataverseSimulator,
    Latency,
    Limit,
    Limits,
)

BURST = "x-ms-ratelimit-burst-remaining-xrm-requests"
TIME = "x-ms-ratelimit-time-remaining-xrm-requests"


class Clock:
    """Time that passes only when a test, or the simulator's sleep, says so."""

    def __init__(self) -> None:
        self.now = time.time()
        self.slept: list[float] = []

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds


@pytest.fixture
def clock() -> Clock:
    return Clock()


Start = Callable[..., WebClient]


@pytest.fixture
def start(clock: Clock) -> Iterator[Start]:
    """Return what starts a simulator with limits and latency, and returns its client."""
    running: list[DataverseSimulator] = []

    def begin(limits: Limits, latency: Latency | None = None) -> WebClient:
        simulator = DataverseSimulator(
            limits=limits, latency=latency, clock=clock, sleep=clock.sleep, token_seconds=10_000
        )
        running.append(simulator)
        simulator.start()
        return WebClient(simulator)

    yield begin
    for simulator in running:
        simulator.stop()


def refused(answer: requests.Response, limit: Limit) -> int:
    """Return the Retry-After of a 429."""
    assert code_of(answer) == (429, limit.value)
    return int(answer.headers["Retry-After"])


def test_one_request_too_many_in_the_window_must_wait_until_the_oldest_leaves_it(
    start: Start, clock: Clock
) -> None:
    client = start(Limits(requests=3))
    for expected in ("2", "1", "0"):
        answer = client.get("WhoAmI")
        assert (answer.status_code, answer.headers[BURST]) == (200, expected)
        clock.now += 10
    answer = client.get("WhoAmI")
    assert refused(answer, Limit.REQUESTS) == 270
    assert "limit of 3 over time window of 300 seconds" in answer.json()["error"]["message"]
    clock.now += 270
    assert client.get("WhoAmI").status_code == 200
    assert client.simulator.calls.during_retry_after == 0


def test_a_batch_counts_as_one_request(start: Start) -> None:
    client = start(Limits(requests=2))
    parts = [request_part("PATCH", f"/api/data/v9.2/{key(str(one))}", {}) for one in range(9)]
    assert client.batch(multipart(parts)).headers[BURST] == "1"


def test_who_does_not_wait_waits_longer_and_is_counted(start: Start, clock: Clock) -> None:
    client = start(Limits(requests=1, window_seconds=100))
    client.get("WhoAmI")
    first = refused(client.get("WhoAmI"), Limit.REQUESTS)
    clock.now += 10
    second = refused(client.get("WhoAmI"), Limit.REQUESTS)
    clock.now += 10
    third = refused(client.get("WhoAmI"), Limit.REQUESTS)
    assert (first, second, third) == (100, 190, 280)
    calls = client.simulator.calls
    assert calls.during_retry_after == 2
    assert calls.throttled == {Limit.REQUESTS.value: 3}
    clock.now += 280
    assert client.get("WhoAmI").status_code == 200


def test_what_was_on_its_way_when_the_limit_was_met_is_refused_but_not_blamed(
    start: Start, clock: Clock
) -> None:
    client = start(Limits(requests=1, window_seconds=100, grace_seconds=0.5))
    client.get("WhoAmI")
    refused(client.get("WhoAmI"), Limit.REQUESTS)
    clock.now += 0.4
    assert refused(client.get("WhoAmI"), Limit.REQUESTS) == 100
    assert client.simulator.calls.during_retry_after == 0


def test_too_much_execution_time_must_wait_although_the_requests_are_few(
    start: Start, clock: Clock
) -> None:
    client = start(Limits(execution_seconds=1200), Latency(call=1, record=10))
    targets = [target(str(number)) for number in range(50)]
    first = client.bulk("UpsertMultiple", targets)
    assert (first.status_code, first.headers[TIME]) == (204, "699.00")
    second = client.bulk("UpsertMultiple", targets[:10])
    assert second.headers[TIME] == "598.00"
    clock.now += 290  # 101 seconds later the first, 501 seconds long, leaves the window
    assert client.bulk("UpsertMultiple", [target("x")]).headers[TIME] == "1,088.00"


def test_execution_time_over_the_limit_is_refused(start: Start, clock: Clock) -> None:
    client = start(Limits(execution_seconds=60), Latency(call=1, record=10))
    targets = [target(str(number)) for number in range(6)]
    assert client.bulk("UpsertMultiple", targets).headers[TIME] == "0.00"
    answer = client.get("WhoAmI")
    assert refused(answer, Limit.EXECUTION_TIME) == 300
    assert "60,000 milliseconds" in answer.json()["error"]["message"]
    clock.now += 300
    assert client.get("WhoAmI").status_code == 200


def test_records_that_were_rolled_back_cost_time_too(start: Start, clock: Clock) -> None:
    client = start(Limits(), Latency(call=1, record=10))
    bad = [target("A"), target("B", new_Contact=None), target("C", statecode=1)]
    assert client.bulk("UpsertMultiple", bad).status_code == 400
    assert clock.slept == [31.0]


def test_parts_of_a_batch_cost_time(start: Start, clock: Clock) -> None:
    client = start(Limits(), Latency(call=1, part=2, record=10))
    parts = [request_part("PATCH", f"/api/data/v9.2/{key(one)}", {}) for one in "AB"]
    client.batch(multipart(parts))
    assert clock.slept == [25.0]


def test_a_refused_request_takes_no_time(start: Start, clock: Clock) -> None:
    client = start(Limits(requests=1), Latency(call=1))
    client.get("WhoAmI")
    client.get("WhoAmI")
    assert clock.slept == [1.0]


def test_too_many_at_once_are_refused_at_once_and_counted() -> None:
    inside = threading.Semaphore(0)
    release = threading.Event()

    def wait(_seconds: float) -> None:
        inside.release()
        release.wait(20)

    limits = Limits(concurrent=3)
    with DataverseSimulator(limits=limits, latency=Latency(call=5), sleep=wait) as simulator:
        client = WebClient(simulator)
        with ThreadPoolExecutor(3) as pool:
            waiting = [pool.submit(client.get, "WhoAmI") for _ in range(3)]
            for _ in range(3):
                assert inside.acquire(timeout=20)
            try:
                assert refused(client.get("WhoAmI"), Limit.CONCURRENCY) == 1
            finally:
                release.set()
            assert [one.result().status_code for one in waiting] == [200, 200, 200]
        assert simulator.calls.most_at_once == 4
        assert simulator.calls.throttled == {Limit.CONCURRENCY.value: 1}


def test_each_user_and_each_server_has_limits_of_its_own() -> None:
    applications = [Application(), Application(client_id="00000000-0000-0000-0000-000000000002")]
    limits = Limits(requests=1, servers=2)
    with DataverseSimulator(applications=applications, limits=limits) as simulator:
        for application in applications:
            client = WebClient(simulator, application)
            assert [client.get("WhoAmI").status_code for _ in range(3)] == [200, 200, 429]


def test_the_affinity_cookie_binds_a_caller_to_one_server() -> None:
    with DataverseSimulator(limits=Limits(requests=1, servers=2)) as simulator:
        client = WebClient(simulator)
        cookie = client.get("WhoAmI").headers["Set-Cookie"].partition(";")[0]
        assert client.get("WhoAmI", Cookie=cookie).status_code == 429
        assert client.get("WhoAmI").status_code == 200


def test_a_message_that_is_too_large_is_refused() -> None:
    with DataverseSimulator(limits=Limits(message_bytes=100)) as simulator:
        client = WebClient(simulator)
        answer = client.patch(key("A"), {"new_name": "x" * 100})
        assert code_of(answer) == (413, "0x8004418a")
        assert client.patch(key("A"), {"new_name": "x"}).status_code == 204


def test_the_hint_for_parallelism_is_in_every_answer() -> None:
    with DataverseSimulator(limits=Limits(dop_hint=8)) as simulator:
        client = WebClient(simulator)
        for path in ("WhoAmI", STAGING, "nothing"):
            assert client.get(path).headers["x-ms-dop-hint"] == "8"


def test_what_a_client_did_can_be_counted() -> None:
    with DataverseSimulator() as simulator:
        client = WebClient(simulator)
        client.get("WhoAmI")
        client.get("EntityDefinitions(LogicalName='contact')")
        client.patch(key("A"), {})
        client.patch(key("A"), {}, If_Match="*")
        client.get(key("A"))
        client.get(f"{STAGING}?$top=1")
        client.bulk("UpsertMultiple", [target("A"), target("B")])
        client.post("contacts", {})
        client.send("DELETE", key("A"))
        assert simulator.calls.by_operation == {
            "WhoAmI": 1,
            "metadata": 1,
            "upsert": 1,
            "update": 1,
            "retrieve": 1,
            "query": 1,
            "UpsertMultiple": 1,
            "create": 1,
            "delete": 1,
        }
        assert (simulator.calls.total, simulator.calls.tokens) == (9, 1)
        assert simulator.calls.records_written == 6
