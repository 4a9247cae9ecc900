"""Limiters keep a vendor's limit, in one process and in all that share a ledger."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from math import ceil
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from regbridge import QuotaExceededError
from regbridge.limits import TAKEN, Limiters, OwnPlaces, Places, RateLimit, RateLimiter
from regbridge.store.engine import Store
from regbridge.store.limits import LedgerPlaces, calls_since
from regbridge.store.upgrades import upgrade

START = datetime(2027, 3, 4, 23, 59, tzinfo=UTC)
FREE = RateLimit(per_second=2, burst=1)
STANDARD = RateLimit(per_second=10, burst=10)


class Time:
    """A clock that only sleeping moves."""

    def __init__(self) -> None:
        self.seconds = START.timestamp()
        self._lock = threading.Lock()

    def clock(self) -> float:
        return self.seconds

    def sleep(self, seconds: float) -> None:
        with self._lock:
            self.seconds += seconds

    def limiter(self, places: Places) -> RateLimiter:
        return RateLimiter("cvent abc", places, self.clock, self.sleep)


@pytest.fixture
def time() -> Time:
    return Time()


@pytest.fixture(params=["own", "sqlite_url", "postgres_url"])
def places(request: pytest.FixtureRequest) -> Iterator[Places]:
    if request.param == "own":
        yield OwnPlaces()
        return
    store = Store(request.getfixturevalue(request.param))
    upgrade(store)
    yield LedgerPlaces(store)
    store.close()


@pytest.fixture
def sqlite_url(tmp_path: Path) -> str:
    return f"sqlite:///{(tmp_path / 'ledger.db').as_posix()}"


def most_in_a_second(times: list[float]) -> int:
    return max(sum(1 for each in times if start <= each < start + 1) for start in times)


def calls(limiter: RateLimiter, time: Time, limit: RateLimit, count: int) -> list[float]:
    made = []
    for _ in range(count):
        with limiter.call(limit):
            made.append(time.seconds)
    return made


@pytest.mark.parametrize("limit", [FREE, STANDARD, RateLimit(25, 25), RateLimit(2.5, 10)])
def test_no_second_holds_more_calls_than_allowed(
    places: Places, time: Time, limit: RateLimit
) -> None:
    made = calls(time.limiter(places), time, limit, 3 * limit.places)

    assert most_in_a_second(made) <= limit.per_second


def test_calls_come_at_the_pace_of_the_limit(places: Places, time: Time) -> None:
    made = calls(time.limiter(places), time, FREE, 9)

    assert made[-1] - made[0] == pytest.approx(4.0, abs=0.05)


def test_a_place_is_free_again_only_after_the_end_of_its_call(places: Places, time: Time) -> None:
    limiter = time.limiter(places)
    with limiter.call(FREE):
        time.sleep(3.0)
    ended = time.seconds

    with limiter.call(FREE):
        assert time.seconds >= ended + 0.5


def test_a_call_that_fails_gives_its_place_back(places: Places, time: Time) -> None:
    limiter = time.limiter(places)
    with pytest.raises(ValueError, match="failed"), limiter.call(FREE):
        raise ValueError("failed")

    calls(limiter, time, FREE, 1)
    assert time.seconds < START.timestamp() + 1


def test_the_place_of_a_process_that_died_becomes_free(places: Places, time: Time) -> None:
    now = round(time.seconds * 1000)
    assert places.take("cvent abc", RateLimit(1, 1), now, now + 120_000) == 0

    calls(time.limiter(places), time, FREE, 1)

    assert time.seconds == pytest.approx(START.timestamp() + 120, abs=1)


def test_the_place_of_a_long_call_stays_taken(
    places: Places, time: Time, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("regbridge.limits._RENEWED", 0.01)
    now = round(time.seconds * 1000)
    with time.limiter(places).call(FREE):
        taken = places.free_at("cvent abc", 1)
        time.sleep(TAKEN + 1)
        waiting = threading.Event()
        while places.free_at("cvent abc", 1) == taken:
            waiting.wait(0.01)

        later = round(time.seconds * 1000)
        assert places.take("cvent abc", RateLimit(1, 1), later, later + 1000) is None

    assert taken == now + TAKEN * 1000
    assert places.free_at("cvent abc", 1) == round((time.seconds + FREE.hold) * 1000)


def test_the_end_of_a_call_elsewhere_is_noticed_soon(places: Places, time: Time) -> None:
    begun = START.timestamp()
    place = places.take(
        "cvent abc", RateLimit(1, 1), round(begun * 1000), round((begun + 120) * 1000)
    )
    assert place is not None
    ends = [begun + 0.3]

    def sleep(seconds: float) -> None:
        time.sleep(seconds)
        if ends and time.seconds >= ends[0]:
            places.give_back("cvent abc", place, round((ends.pop() + FREE.hold) * 1000))

    calls(RateLimiter("cvent abc", places, time.clock, sleep), time, FREE, 1)

    assert begun + 0.8 <= time.seconds <= begun + 0.86


def test_two_limiters_of_one_account_share_its_limit(places: Places, time: Time) -> None:
    limiters = [time.limiter(places), time.limiter(places)]
    made = [moment for n in range(8) for moment in calls(limiters[n % 2], time, FREE, 1)]

    assert most_in_a_second(made) == 2


def test_accounts_do_not_slow_each_other_down(places: Places, time: Time) -> None:
    limiters = Limiters(places, time.clock, time.sleep)
    calls(limiters.limiter("one"), time, FREE, 1)
    calls(limiters.limiter("other"), time, FREE, 1)

    assert time.seconds == START.timestamp()


def test_a_limit_that_grows_has_more_places_at_once(places: Places, time: Time) -> None:
    limiter = time.limiter(places)
    calls(limiter, time, FREE, 1)
    begun = time.seconds

    calls(limiter, time, STANDARD, 9)

    assert time.seconds == begun


def test_a_blocked_account_is_not_called_before_the_block_ends(places: Places, time: Time) -> None:
    midnight = START + timedelta(minutes=1)
    time.limiter(places).block(midnight, "the quota of today is used up")

    with pytest.raises(QuotaExceededError, match="used up") as caught:
        calls(time.limiter(places), time, FREE, 1)
    assert caught.value.until == midnight

    time.sleep(60)
    assert calls(time.limiter(places), time, FREE, 1)


def test_a_later_block_replaces_an_earlier_one(places: Places, time: Time) -> None:
    limiter = time.limiter(places)
    limiter.block(START + timedelta(minutes=9), "first")
    limiter.block(START - timedelta(minutes=1), "over")

    assert calls(limiter, time, FREE, 1)


def test_whoever_asks_for_an_account_gets_the_same_limiter() -> None:
    limiters = Limiters(OwnPlaces())
    assert limiters.limiter("one") is limiters.limiter("one")
    assert limiters.limiter("one") is not limiters.limiter("other")


@pytest.mark.parametrize("database", ["sqlite_url", "postgres_url"])
def test_threads_of_two_processes_never_hold_the_same_place(
    request: pytest.FixtureRequest, database: str
) -> None:
    stores = [Store(request.getfixturevalue(database)) for _ in range(2)]
    upgrade(stores[0])
    under_way: set[int] = set()
    most = []

    def call(store: Store) -> None:
        place = None
        while place is None:
            place = LedgerPlaces(store).take("shared", RateLimit(3, 3), 1000, 2000)
        assert place not in under_way
        under_way.add(place)
        most.append(len(under_way))
        under_way.remove(place)
        LedgerPlaces(store).give_back("shared", place, 1000)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(call, stores * 20))
    for store in stores:
        store.close()
    assert len(most) == 40
    assert max(most) <= 3


@pytest.mark.parametrize("database", ["sqlite_url", "postgres_url"])
def test_the_ledger_counts_calls_by_account_and_day(
    request: pytest.FixtureRequest, database: str, time: Time
) -> None:
    store = Store(request.getfixturevalue(database))
    upgrade(store)
    calls(time.limiter(LedgerPlaces(store)), time, STANDARD, 10)
    time.sleep(60)
    calls(time.limiter(LedgerPlaces(store)), time, RateLimit(10, 10, per_day=12), 3)

    rows = store.read(lambda c: [tuple(row) for row in calls_since(c, "2027-03-04")])
    today = store.read(lambda c: [tuple(row) for row in calls_since(c, "2027-03-05")])
    store.close()
    assert rows == [("cvent abc", "2027-03-05", 3, 9), ("cvent abc", "2027-03-04", 10, None)]
    assert today == rows[:1]


@given(
    per_second=st.floats(0.1, 60),
    burst=st.integers(1, 60),
    lengths=st.lists(st.floats(0, 3), min_size=1, max_size=60),
    arrival=st.floats(0, 1),
)
def test_whenever_a_vendor_counts_a_call_no_second_is_too_full(
    per_second: float, burst: int, lengths: list[float], arrival: float
) -> None:
    """Each call reaches the vendor somewhere between its beginning and its end.

    Places become free at whole milliseconds, rounded up, as the limiter does it.
    """
    limit = RateLimit(per_second, burst)
    ends = [0.0] * limit.places  # when each place is free
    counted = []
    for length in lengths:
        place = min(range(limit.places), key=ends.__getitem__)
        begin = ends[place]
        counted.append(begin + length * arrival)
        ends[place] = ceil((begin + length + limit.hold) * 1000) / 1000
    most = most_in_a_second([round(moment, 6) for moment in counted])
    assert most <= max(1, per_second)


def test_a_limit_says_how_many_calls_may_be_under_way() -> None:
    assert (FREE.places, FREE.hold) == (1, 0.5)
    assert (STANDARD.places, STANDARD.hold) == (10, 1.0)
    assert (RateLimit(0.5, 1).places, RateLimit(0.5, 1).hold) == (1, 2.0)
    assert (RateLimit(10, 4).places, RateLimit(10, 4).hold) == (4, 0.5)


def test_who_made_more_calls_than_a_day_has_has_none_left(sqlite_url: str, time: Time) -> None:
    store = Store(sqlite_url)
    upgrade(store)
    calls(time.limiter(LedgerPlaces(store)), time, RateLimit(10, 10, per_day=2), 3)

    [row] = store.read(lambda c: calls_since(c, "2027-03-04"))
    store.close()
    assert (row.calls, row.left) == (3, 0)
