"""Hosts whose clocks differ agree on the time of their ledger."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from regbridge.config.schema import PostgresqlConfig
from regbridge.errors import StoreUnavailableError
from regbridge.limits import RateLimit
from regbridge.store.engine import Store
from regbridge.store.limits import LedgerPlaces
from regbridge.store.shared_clock import SharedClock
from regbridge.store.upgrades import upgrade


class Counter:
    """A machine's own count of seconds, which a test may set."""

    def __init__(self, ahead: float) -> None:
        self.ahead = ahead

    def __call__(self) -> float:
        return time.monotonic() + self.ahead


@pytest.fixture
def store(postgres_url: str) -> Iterator[Store]:
    store = Store(postgres_url)
    yield store
    store.close()


def test_hosts_whose_clocks_differ_by_hours_agree(store: Store) -> None:
    fast, slow = SharedClock(store, Counter(7200)), SharedClock(store, Counter(-7200))

    assert abs(fast.seconds() - slow.seconds()) < 0.5
    assert abs(fast.seconds() - time.time()) < 0.5
    assert 0 < fast.uncertainty < 0.5


def test_the_server_is_asked_twice_a_minute_and_not_at_every_look(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[SharedClock] = []
    ask = SharedClock._ask

    def counted(clock: SharedClock) -> tuple[float, float]:
        asked.append(clock)
        return ask(clock)

    monkeypatch.setattr(SharedClock, "_ask", counted)
    counter = Counter(0)
    clock = SharedClock(store, counter)

    for _ in range(1000):
        clock()
    first = len(asked)
    counter.ahead = 31
    moved = clock.seconds()

    assert first == 3
    assert len(asked) == 6
    assert abs(moved - time.time()) < 0.5  # the machine's leap is not the ledger's


def test_the_time_goes_on_while_the_server_is_away(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    counter = Counter(0)
    clock = SharedClock(store, counter)
    clock.seconds()

    def refuse(*_: object, **__: object) -> None:
        raise StoreUnavailableError("away")

    monkeypatch.setattr(store, "read", refuse)
    counter.ahead = 100

    assert abs(clock.seconds() - time.time() - 100) < 0.5


def test_nobody_guesses_the_time_before_the_server_has_told_it() -> None:
    nowhere = "postgresql+psycopg://postgres@127.0.0.1:1/postgres"
    clock = SharedClock(Store(nowhere, PostgresqlConfig(retry_seconds=0)))

    with pytest.raises(StoreUnavailableError):
        clock()


def test_an_embedded_ledger_has_the_time_of_its_machine(tmp_path: Path) -> None:
    clock = SharedClock(Store(f"sqlite:///{tmp_path / 'ledger.db'}"))

    assert abs(clock.seconds() - time.time()) < 0.5
    assert clock.uncertainty == 0


def test_a_place_is_given_back_so_late_that_no_other_host_takes_it_too_early(
    store: Store,
) -> None:
    upgrade(store)
    clock = SharedClock(store)
    places = LedgerPlaces(store, clock)
    now = clock()
    place = places.take("account", RateLimit(1, 1), now, now + 1000)

    places.give_back("account", place or 0, now + 1000)

    assert places.free_at("account", 1) == now + 1000 + round(clock.uncertainty * 1000)
