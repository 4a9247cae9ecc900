"""Numbers that fall fast and rise slowly, and the gate that they open."""

from __future__ import annotations

import threading

from hypothesis import given
from hypothesis import strategies as st

from regbridge import RateLimiter
from regbridge.limits import OwnPlaces
from regbridge_dynamics.pace import USUAL_PLACES, Gate, Pace, gate_of


def test_a_pace_falls_by_half_and_rises_by_a_tenth_after_some_calls() -> None:
    pace = Pace(100, least=10, patience=3)
    pace.ease()
    assert pace.value == 50
    for _ in range(2):
        pace.went_well()
    assert pace.value == 50
    pace.went_well()
    assert pace.value == 55
    pace.went_well()
    pace.ease()
    assert pace.value == 27
    for _ in range(2):
        pace.went_well()
    assert pace.value == 27  # what went well before counts no more


@given(st.integers(1, 1000), st.integers(1, 50), st.lists(st.booleans()))
def test_a_pace_stays_within_its_limits(most: int, least: int, calls: list[bool]) -> None:
    pace = Pace(most, least, patience=1)
    for well in calls:
        (pace.went_well if well else pace.ease)()
        assert min(least, most) <= pace.value <= most
    for _ in range(2000):
        pace.went_well()
    assert pace.value == most


def test_a_new_limit_holds_at_once_and_a_pace_at_its_limit_follows_it() -> None:
    pace = Pace(52)
    pace.set_most(8)
    assert pace.value == 8
    pace.set_most(20)
    assert pace.value == 20
    pace.ease()
    pace.set_most(30)
    assert pace.value == 10
    pace.set_most(0)
    assert pace.value == 1


def test_a_gate_lets_no_more_through_than_its_pace() -> None:
    gate = Gate()
    gate.pace.set_most(2)
    inside, most = 0, 0
    lock, full = threading.Lock(), threading.Barrier(2)

    def call() -> None:
        nonlocal inside, most
        with gate.place() as places:
            assert places == 2
            with lock:
                inside += 1
                most = max(most, inside)
            full.wait(10)  # two are inside together, and no third
            with lock:
                inside -= 1

    threads = [threading.Thread(target=call) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert (inside, most) == (0, 2)


def test_a_call_that_fails_gives_its_place_back() -> None:
    gate = Gate()
    gate.pace.set_most(1)
    for _ in range(3):
        try:
            with gate.place():
                raise ValueError("failed")
        except ValueError:
            pass


def test_targets_with_the_same_credential_share_a_gate() -> None:
    one, other = (RateLimiter(key, OwnPlaces()) for key in ("a", "b"))
    assert gate_of(one) is gate_of(one)
    assert gate_of(one) is not gate_of(other)
    assert gate_of(one).pace.value == USUAL_PLACES
