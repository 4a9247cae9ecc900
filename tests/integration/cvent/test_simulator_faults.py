"""The simulator's moods: failures by chance, latency, and a port that is taken."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest
import requests

from regbridge_cvent.simulator import Behaviour, CventSimulator, Population, Tier

if TYPE_CHECKING:
    from tests.integration.cvent.conftest import Caller, Clock, Simulate

FAST = Tier("fast", None, 100_000, 100_000)


def outcome(caller: Caller, path: str = "/usage/tier") -> int:
    """Return the status of a call, 0 when the connection ends without an answer."""
    try:
        return caller.get(path).status_code
    except requests.ConnectionError:
        return 0


def failing(fault_rate: float, seed: int = 1) -> Counter[int]:
    """Return how two hundred calls without a token end: 401 is no failure here."""
    simulator = CventSimulator(Population(1), Behaviour(FAST, fault_rate=fault_rate, seed=seed))
    found: Counter[int] = Counter()
    with simulator.serving() as url, requests.Session() as session:
        for _ in range(200):
            try:
                found[session.get(f"{url}/usage/tier", timeout=30).status_code] += 1
            except requests.ConnectionError:
                found[0] += 1
    assert simulator.calls.statuses == found
    return found


def test_without_a_rate_nothing_fails() -> None:
    assert failing(0.0) == {401: 200}


def test_a_share_of_calls_fails_in_every_way_and_is_logged_so() -> None:
    found = failing(0.5)
    assert found.keys() == {401, 0, 502, 503, 504}
    assert 60 <= found[401] <= 140


def test_a_seed_fails_always_the_same_way() -> None:
    assert failing(0.3, seed=7) == failing(0.3, seed=7) != failing(0.3, seed=8)


def test_everything_can_fail_and_calls_for_tokens_too() -> None:
    simulator = CventSimulator(Population(1), Behaviour(FAST, fault_rate=1.0, seed=3))
    with simulator.serving() as url:
        for _ in range(8):
            try:
                answer = requests.post(f"{url}/oauth2/token", timeout=30)
            except requests.ConnectionError:
                continue
            assert answer.status_code in (502, 503, 504)
            assert answer.headers["Content-Type"].startswith("text/html")
    assert len(simulator.calls.tokens) == 8
    assert 0 in {call.status for call in simulator.calls.tokens}


def test_failed_calls_count_against_the_quota() -> None:
    simulator = CventSimulator(
        Population(1), Behaviour(Tier("", 5, 100, 100), fault_rate=1.0, seed=3)
    )
    left = []
    with simulator.serving() as url:
        for _ in range(5):
            try:
                answer = requests.get(f"{url}/usage/tier", timeout=30)
            except requests.ConnectionError:
                continue
            left.append(answer.headers["X-RateLimit-Remaining"])
    assert left[-1] in ("0", "1")


def test_latency_is_slept_in_every_call(simulate: Simulate, clock: Clock) -> None:
    caller = simulate(Population(1), Behaviour(FAST, latency=0.25))
    begun = clock.now
    for _ in range(4):
        assert outcome(caller) == 200
    assert (clock.now - begun).total_seconds() == 1.0


@pytest.mark.parametrize(
    ("settings", "why"),
    [
        ({"fault_rate": 1.1}, "a share between 0 and 1"),
        ({"fault_rate": -0.1}, "a share between 0 and 1"),
        ({"latency": -1}, "seconds, 0 or more"),
        ({"visibility_delay": -1}, "seconds, 0 or more"),
    ],
)
def test_settings_that_make_no_sense_are_refused(settings: dict[str, Any], why: str) -> None:
    with pytest.raises(ValueError, match=why):
        Behaviour(**settings)
