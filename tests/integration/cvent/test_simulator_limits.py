"""Tiers, quota, usage and the log of calls over HTTP."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest
import requests

from regbridge_cvent.simulator import FREE, STANDARD, Behaviour, CventSimulator, Population, Tier

if TYPE_CHECKING:
    from tests.integration.cvent.conftest import Caller, Clock, Simulate

SMALL = Tier("small", 3, 10, 10)
THROTTLED = {"code": 429, "message": "Too Many Requests"}
EXCEEDED = {"code": 429, "message": "Limit Exceeded"}


def test_a_call_too_soon_is_throttled_and_later_admitted(simulate: Simulate, clock: Clock) -> None:
    caller = simulate(Population(1), Behaviour(FREE))
    assert caller.get("/attendees").status_code == 200
    refused = caller.get("/attendees")
    assert (refused.status_code, refused.json()) == (429, THROTTLED)
    assert "Retry-After" not in refused.headers
    clock.sleep(0.5)
    assert caller.get("/attendees").status_code == 200


def test_an_account_that_has_used_its_day_stops_until_midnight_gmt(
    simulate: Simulate, clock: Clock
) -> None:
    caller = simulate(Population(1), Behaviour(SMALL))
    assert [caller.get("/attendees").status_code for _ in range(3)] == [200, 200, 200]
    refused = caller.get("/attendees")
    assert (refused.status_code, refused.json()) == (429, EXCEEDED)
    clock.now = datetime(2026, 11, 24, 23, 59, 59, 999_999, UTC)
    caller.log_in()
    assert caller.get("/attendees").json() == EXCEEDED
    clock.now = datetime(2026, 11, 25, tzinfo=UTC)
    assert caller.get("/attendees").status_code == 200


def test_throttled_calls_use_up_the_day(simulate: Simulate, clock: Clock) -> None:
    caller = simulate(Population(1), Behaviour(Tier("slow", 3, 1, 1)))
    found = [caller.get("/attendees") for _ in range(3)]
    assert [each.status_code for each in found] == [200, 429, 429]
    clock.sleep(5)
    assert caller.get("/attendees").json() == EXCEEDED


def test_every_call_under_the_base_path_counts_whatever_becomes_of_it(simulate: Simulate) -> None:
    caller = simulate(Population(1), Behaviour(Tier("", 100, 100, 100), url_limit=300))
    caller.get("/attendees")
    caller.get("/attendees/nobody")
    caller.get("/nowhere")
    caller.post("/attendees", {})
    caller.get("/attendees", limit=0)
    caller.get("/attendees", filter="x" * 300)
    caller.session.headers["Authorization"] = ""
    caller.get("/attendees")
    (today,) = [each for each in usage(caller) if each["used"]]
    assert today == {"date": "2026-11-24", "used": 8, "remaining": 92, "total": 100}


def usage(caller: Caller) -> list[dict[str, object]]:
    caller.log_in()
    found: list[dict[str, object]] = caller.get("/usage").json()["data"]
    return found


def test_a_call_without_a_valid_token_is_answered_401_although_the_day_is_over(
    simulate: Simulate,
) -> None:
    caller = simulate(Population(1), Behaviour(SMALL))
    for _ in range(4):
        caller.get("/attendees")
    caller.session.headers["Authorization"] = "Bearer old"
    assert caller.get("/attendees").status_code == 401


def test_headers_tell_what_is_left_of_the_day(simulate: Simulate) -> None:
    caller = simulate(Population(1), Behaviour(SMALL))
    midnight = str(int(datetime(2026, 11, 25, tzinfo=UTC).timestamp()))
    for left in ("2", "1", "0", "0"):
        headers = caller.get("/attendees").headers
        assert headers["X-RateLimit-Limit"] == "3"
        assert headers["X-RateLimit-Remaining"] == left
        assert headers["X-RateLimit-Reset"] == midnight


def test_an_unlimited_account_has_no_such_headers(simulate: Simulate) -> None:
    caller = simulate(Population(1))
    assert "X-RateLimit-Limit" not in caller.get("/attendees").headers


def test_calls_for_a_token_are_neither_counted_nor_limited(simulate: Simulate) -> None:
    caller = simulate(Population(1), Behaviour(FREE))
    for _ in range(5):
        assert caller.ask_token({}).status_code == 200
    assert caller.get("/usage").json()["data"][-1]["used"] == 1
    calls = caller.simulator.calls
    assert len(calls) == 1
    assert [call.operation for call in calls.tokens] == ["POST /oauth2/token"] * 6


def test_the_tier_can_be_asked_for(simulate: Simulate) -> None:
    caller = simulate(Population(1), Behaviour(FREE))
    assert caller.get("/usage/tier").json() == {
        "name": "API_Platform_Free_Tier",
        "quota": 1000,
        "burstLimit": 1,
        "rateLimit": 2,
    }


def days(caller: Caller, **query: str) -> list[str]:
    answer = caller.get("/usage", **query)
    assert answer.status_code == 200, answer.text
    return [each["date"][-2:] for each in answer.json()["data"]]


def test_usage_is_told_for_the_last_seven_days(simulate: Simulate, clock: Clock) -> None:
    caller = simulate(Population(1))
    assert days(caller) == ["18", "19", "20", "21", "22", "23", "24"]
    assert days(caller, after="2026-11-22") == ["22", "23", "24"]
    assert days(caller, before="2026-11-19T12:00:00Z") == ["17", "18", "19"]
    assert days(caller, after="2026-11-20", before="2026-11-21") == ["20", "21"]
    assert days(caller, after="2026-12-20") == []
    for first in ("2026-11-10", "2026-11-21"):
        assert "seven days apart" in caller.refusal("/usage", after=first, before="2026-11-20")
    assert "a date-time such as" in caller.refusal("/usage", after="yesterday")
    clock.sleep(24 * 3600)
    caller.log_in()
    assert caller.get("/usage").json()["data"][-2]["used"] == 8


def test_the_log_tells_who_called_what_when_and_how_it_ended(
    simulate: Simulate, clock: Clock
) -> None:
    caller = simulate(Population(1), Behaviour(STANDARD))
    caller.get("/attendees", filter="contact.email eq 'ada@example.com'")
    clock.sleep(2)
    caller.get("/attendees/17")
    caller.get("/attendees/18")
    caller.post("/attendees/filter", {})
    caller.get("/nowhere")
    calls = caller.simulator.calls
    assert [(call.operation, call.status) for call in calls] == [
        ("GET /attendees", 200),
        ("GET /attendees/{id}", 404),
        ("GET /attendees/{id}", 404),
        ("POST /attendees/filter", 200),
        ("GET /(unknown)", 404),
    ]
    first, second, *_ = calls
    assert (second.time - first.time).total_seconds() == 2
    assert calls.operations["GET /attendees/{id}"] == 2
    assert calls.statuses == {200: 2, 404: 3}
    assert calls.most_in_a_second == 4
    assert not calls.was_refused
    assert "ada" not in str(calls.summary())


def test_the_log_says_whether_anybody_was_refused(simulate: Simulate) -> None:
    caller = simulate(Population(1), Behaviour(FREE))
    caller.get("/attendees")
    caller.get("/attendees")
    assert caller.simulator.calls.was_refused
    assert caller.simulator.calls.statuses == {200: 1, 429: 1}
    caller.simulator.calls.clear()
    assert (len(caller.simulator.calls), caller.simulator.calls.tokens) == (0, [])
    assert caller.simulator.calls.most_in_a_second == 0


def test_the_log_is_served_outside_the_api_and_is_no_call_itself(simulate: Simulate) -> None:
    caller = simulate(Population(1), Behaviour(FREE))
    caller.get("/attendees")
    url = caller.base.removesuffix("/ea") + "/simulator/calls"
    for _ in range(2):
        answer = requests.get(url, timeout=30)
        assert answer.json() == {
            "count": 1,
            "tokens": 1,
            "operations": {"GET /attendees": 1},
            "statuses": {"200": 1},
            "most_in_a_second": 1,
            "was_refused": False,
            "calls": [
                {
                    "time": "2026-11-24T10:00:00.000Z",
                    "method": "GET",
                    "path": "/attendees",
                    "status": 200,
                }
            ],
        }
        assert "X-RateLimit-Limit" not in answer.headers


def test_threads_together_get_no_more_than_the_tier_allows(simulate: Simulate) -> None:
    caller = simulate(Population(1), Behaviour(STANDARD))
    ready = threading.Barrier(4)

    def call(_: int) -> list[int]:
        headers = {"Authorization": str(caller.session.headers["Authorization"])}
        ready.wait(30)
        return [
            requests.get(f"{caller.base}/attendees", headers=headers, timeout=30).status_code
            for _ in range(5)
        ]

    with ThreadPoolExecutor(4) as pool:
        statuses = [status for each in pool.map(call, range(4)) for status in each]
    assert sorted(statuses) == [200] * 10 + [429] * 10
    assert caller.simulator.calls.most_in_a_second == 20


def test_the_simulator_serves_by_itself_at_a_url_that_ends_in_ea() -> None:
    simulator = CventSimulator(Population(1))
    with simulator.serving() as url:
        assert url.endswith("/ea")
        assert requests.get(f"{url}/attendees", timeout=30).status_code == 401
        with pytest.raises(RuntimeError, match="already"):
            simulator.start()
    simulator.stop()
    with simulator.serving() as url:
        assert requests.get(f"{url}/attendees", timeout=30).status_code == 401
