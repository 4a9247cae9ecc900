"""Failed attempts are limited by address, in bounded memory."""

from __future__ import annotations

import pytest

from regbridge.web import attempts
from regbridge.web.attempts import FIRST_WAIT, FREE, LONGEST_WAIT, Attempts

ADDRESS = "203.0.113.7"


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def fail(tries: Attempts, times: int, address: str = ADDRESS) -> None:
    for _ in range(times):
        tries.failed(address)


def test_after_some_failures_an_address_waits_longer_and_longer_but_not_for_ever() -> None:
    clock = Clock()
    tries = Attempts(clock)
    fail(tries, FREE - 1)
    assert tries.wait(ADDRESS) == 0

    waits = []
    for _ in range(12):
        fail(tries, 1)
        waits.append(tries.wait(ADDRESS))

    assert waits[:3] == [FIRST_WAIT, 2 * FIRST_WAIT, 4 * FIRST_WAIT]
    assert waits[-1] == LONGEST_WAIT
    clock.now += LONGEST_WAIT
    assert tries.wait(ADDRESS) == 0


def test_who_gets_in_and_who_comes_much_later_begins_anew() -> None:
    clock = Clock()
    tries = Attempts(clock)
    fail(tries, FREE)
    tries.succeeded(ADDRESS)
    fail(tries, FREE - 1)
    assert tries.wait(ADDRESS) == 0

    clock.now += 3601
    fail(tries, FREE - 1)
    assert tries.wait(ADDRESS) == 0


def test_all_addresses_of_an_ipv6_neighbour_are_one() -> None:
    tries = Attempts(Clock())
    for number in range(FREE):
        tries.failed(f"2001:db8::{number:x}")

    assert tries.wait("2001:db8::ffff") > 0
    assert tries.wait("2001:db8:0:1::1") == 0


def test_what_is_tried_again_is_no_further_attempt_and_other_places_do_not_count() -> None:
    tries = Attempts(Clock())
    for number in range(10 * FREE):
        tries.failed(ADDRESS, "here", number % 3)
    assert tries.wait(ADDRESS, "here") == 0

    for number in range(FREE):
        tries.failed(ADDRESS, "here", number + 100)
    assert tries.wait(ADDRESS, "here") > 0
    assert tries.wait(ADDRESS, "there") == 0


def test_a_million_addresses_take_no_more_memory_than_some_thousand(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(attempts, "REMEMBERED", 50)
    tries = Attempts(Clock())

    for number in range(1_000):
        tries.failed(f"10.0.{number // 250}.{number % 250}")

    assert len(tries) == 50
