"""What the timings of a host cost, against the time of the work that they measure.

`python bench/timings.py [records] [messages]`
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from timeit import repeat

from common import DELIVERED, PATH, TOKEN, running_host, verdict, wait_for_lines
from common import write_configuration as configure

from regbridge.sender import Sender
from regbridge.store.engine import Store
from regbridge.store.timings import add_timings, timings_since
from regbridge.testing import payloads
from regbridge.timings import Key, Stage, Timings

FLUSH_SECONDS = 10
BATCH = 1000
KEY = Key("bench", Stage.DELIVER, "crm")


def main() -> int:
    """Measure a sync, then single messages, one after the other."""
    records, messages = [*map(int, sys.argv[1:]), *(10_000, 1000)[len(sys.argv) - 1 :]]
    sync = [payloads.encode(payloads.sync(records))]
    singles = [
        payloads.encode(payloads.live("InviteeOrGuestAccepted", payloads.registrant(number)))
        for number in range(messages)
    ]
    holds = measure(f"a sync of {records}", sync, records)
    holds &= measure(f"{messages} single messages", singles, messages)
    return 0 if holds else 1


def measure(what: str, bodies: list[bytes], records: int) -> bool:
    """Bring messages to their target, then count what was measured and what that costs."""
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary) / "host"
        configure(folder)
        with running_host(folder) as host, Sender(host.url + PATH, TOKEN) as sender:
            begun = time.perf_counter()
            for body in bodies:
                assert sender.send(body).status == 200
            wait_for_lines(folder / DELIVERED, records)
            seconds = time.perf_counter() - begun
        store = Store(f"sqlite:///{(folder / 'regbridge.db').as_posix()}")
        cost = spent(store, seconds)
        store.close()
    return verdict(f"timings of {what}, % of the time", 100 * cost / seconds, 1)


def spent(store: Store, seconds: float) -> float:
    """Return the seconds that a host of so many seconds spent on its timings."""
    counted: Counter[str] = Counter()
    for row in store.read(lambda c: timings_since(c, "")):
        counted[row.stage] += row.measurements
    ages = counted.pop(Stage.TOTAL)
    flushes = seconds // FLUSH_SECONDS + 1
    each, age, flush = each_measurement(), each_age(), each_flush(store)
    print(
        f"{counted.total()} measurements of {each * 1e6:.1f} us, "
        f"{ages} ages of {age * 1e6:.1f} us at most, "
        f"{flushes:.0f} flushes of {flush * 1e3:.1f} ms, in {seconds:.1f} s"
    )
    return counted.total() * each + ages * age + flushes * flush


def each_measurement() -> float:
    """Return the seconds of one measurement within another."""
    timings = Timings()

    def once() -> None:
        with timings.measure(KEY, BATCH):
            pass

    with timings.measure(KEY, BATCH):
        return fastest(once, 10_000)


def each_age() -> float:
    """Return the seconds of one registration's age, if it is like no other's."""
    timings = Timings()
    ages = [number / 100 for number in range(BATCH)]
    return fastest(lambda: timings.add_ages(KEY, ages), 20) / BATCH


def each_flush(store: Store) -> float:
    """Return the seconds of one flush, commit and all, of every stage with eight buckets each."""
    timings = Timings()
    for stage in Stage:
        timings.add_ages(Key("bench", stage), [2**power / 1000 for power in range(8)])
    counts = timings.take()
    now = time.time_ns() // 1_000_000
    return fastest(lambda: store.write(lambda c: add_timings(c, counts, now)), 10)


def fastest(run: Callable[[], object], times: int) -> float:
    """Return the seconds of one run, in the best of three rounds."""
    return min(repeat(run, number=times, repeat=3)) / times


if __name__ == "__main__":
    sys.exit(main())
