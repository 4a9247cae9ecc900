"""What encryption of the ledger costs: the same work with it and without, side by side.

`python bench/encrypted.py [records] [messages] [rounds]`
"""

from __future__ import annotations

import base64
import os
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from common import (
    DELIVERED,
    PATH,
    TOKEN,
    middle,
    postgresql,
    running_host,
    verdict,
    wait_for_lines,
    write_configuration,
)
from live import send_to

from regbridge.sender import Sender
from regbridge.testing import payloads

LIMIT = 1.1
KEY = base64.urlsafe_b64encode(os.urandom(32)).decode()

Work = Callable[[str, Path, int], None]
"""Sends something to a host at a URL and waits until it is delivered; in a round of a number."""


def main() -> int:
    """Alternate plain and encrypted, and print the ratios of the medians."""
    records, count, rounds = [*map(int, sys.argv[1:]), *(10_000, 2_000, 7)[len(sys.argv) - 1 :]]
    sync, single = syncs_of(records), messages_of(count)
    with tempfile.TemporaryDirectory() as temporary, postgresql() as database:
        folder = Path(temporary)
        holds = compare(folder / "a", "", f"a sync of {records}", sync, rounds)
        holds &= compare(folder / "b", "", f"{count} messages, SQLite", single, rounds)
        holds &= compare(folder / "c", database, f"{count} messages, PostgreSQL", single, rounds)
    return 0 if holds else 1


def compare(folder: Path, database: str, what: str, work: Work, rounds: int) -> bool:
    """Compare the time of some work and what the host computed in it, its start included."""
    seconds: dict[bool, list[float]] = {False: [], True: []}
    computed: dict[bool, list[float]] = {False: [], True: []}
    for number in range(2 * rounds):
        encrypted = number % 4 in (1, 2)
        place = folder / str(number)
        # A ledger that has encrypted values is not opened without their key.
        has_key = encrypted or bool(database)
        write_configuration(place, database, key=KEY if has_key else "", writes=encrypted)
        with running_host(place) as host:
            begun = time.perf_counter()
            work(host.url, place, number)
            seconds[encrypted].append(time.perf_counter() - begun)
        computed[encrypted].append(host.cpu_seconds)
    holds = True
    for kind, found in (("seconds", seconds), ("computed seconds", computed)):
        plain, sealed = middle(found[False]), middle(found[True])
        print(f"{what}, {kind}: plain {plain:.2f}, encrypted {sealed:.2f}")
        holds &= verdict(f"{what}, {kind}, encrypted, times plain", sealed / plain, LIMIT)
    return holds


def syncs_of(records: int) -> Work:
    """Return what sends one sync."""
    body = payloads.encode(payloads.sync(records))

    def work(url: str, folder: Path, _number: int) -> None:
        with Sender(url + PATH, TOKEN) as sender:
            answer = sender.send(body)
        assert answer.status == 200, answer.text
        wait_for_lines(folder / DELIVERED, records)

    return work


def messages_of(count: int) -> Work:
    """Return what sends single messages, each of a registrant that the ledger does not know."""

    def work(url: str, folder: Path, number: int) -> None:
        first = 1 + count * number
        bodies = [
            payloads.encode(payloads.live("InviteeOrGuestAccepted", payloads.registrant(each)))
            for each in range(first, first + count)
        ]
        send_to(url, folder, bodies)

    return work


if __name__ == "__main__":
    sys.exit(main())
