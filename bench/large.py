"""One message of 50,000 registrations: the host's memory, and its health check meanwhile.

`python bench/large.py [records]`
"""

from __future__ import annotations

import http.client
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

from common import (
    DELIVERED,
    PATH,
    TOKEN,
    postgresql,
    running_host,
    verdict,
    wait_for_lines,
    write_configuration,
)

from regbridge.sender import Sender
from regbridge.testing import payloads

EVERY_SECONDS = 0.02


def main() -> int:
    """Send the message to a host on either database."""
    records = int(sys.argv[1]) if len(sys.argv) > 1 else 50_000
    holds = True
    with tempfile.TemporaryDirectory() as temporary:
        body = Path(temporary) / "message.json"
        body.write_bytes(payloads.encode(payloads.sync(records)))
        print(f"{records} registrations, {body.stat().st_size / 1e6:.0f} MB")
        with postgresql() as database:
            for name, url in (("SQLite", ""), ("PostgreSQL", database)):
                memory, slowest = send(Path(temporary) / name, url, body, records)
                holds &= verdict(f"{name}: peak memory of the host, MB", memory / 1e6, 350)
                holds &= verdict(f"{name}: slowest health check, ms", slowest * 1000, 200)
    return 0 if holds else 1


def send(folder: Path, database: str, body: Path, records: int) -> tuple[int, float]:
    """Return the peak memory in bytes and the slowest health check in seconds."""
    write_configuration(folder, database)
    with (
        running_host(folder) as host,
        Sender(host.url + PATH, TOKEN) as sender,
        health_checks(host.url) as times,
    ):
        begun = time.perf_counter()
        answer = sender.send(body.read_bytes())
        assert answer.status == 200, answer.text
        answered = time.perf_counter() - begun
        wait_for_lines(folder / DELIVERED, records)
        seconds = time.perf_counter() - begun
    print(
        f"{folder.name}: answered after {answered:.1f} s, delivered after {seconds:.1f} s,", end=" "
    )
    print(f"{len(times)} health checks")
    return host.peak_memory, max(times)


@contextmanager
def health_checks(url: str) -> Iterator[list[float]]:
    """Ask again and again, each time by a new connection as a load balancer does."""
    times: list[float] = []
    stop = threading.Event()
    place = urlsplit(url)

    def check() -> None:
        while not stop.wait(EVERY_SECONDS):
            begun = time.perf_counter()
            connection = http.client.HTTPConnection(place.hostname or "", place.port)
            connection.request("GET", "/health")
            assert connection.getresponse().status == 200
            connection.close()
            times.append(time.perf_counter() - begun)

    thread = threading.Thread(target=check)
    thread.start()
    try:
        yield times
    finally:
        stop.set()
        thread.join()


if __name__ == "__main__":
    sys.exit(main())
