"""Single messages, each of another registrant, from the first POST to the last delivered line.

`python bench/live.py [messages]`, on SQLite and on PostgreSQL. It has no limit: the figure is what
the capacity plan reckons with.
"""

from __future__ import annotations

import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from common import (
    DELIVERED,
    PATH,
    TOKEN,
    postgresql,
    running_host,
    wait_for_lines,
    write_configuration,
)

from regbridge.sender import Sender
from regbridge.testing import payloads

CONNECTIONS = 8


def main() -> int:
    """Send the messages to a host on either database."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 5_000
    numbers = range(1, count + 1)
    bodies = [
        payloads.encode(payloads.live("InviteeOrGuestAccepted", payloads.registrant(n)))
        for n in numbers
    ]
    with tempfile.TemporaryDirectory() as temporary, postgresql() as database:
        for name, url in (("SQLite", ""), ("PostgreSQL", database)):
            accepted, delivered = send(Path(temporary) / name, url, bodies)
            print(
                f"{name}: {count / accepted:.0f} messages a second accepted while they are worked "
                f"on, {count / delivered:.0f} a second delivered"
            )
    return 0


def send(folder: Path, database: str, bodies: list[bytes]) -> tuple[float, float]:
    """Return the seconds until the last answer, and until the last delivered line."""
    write_configuration(folder, database)
    with running_host(folder) as host:
        return send_to(host.url, folder, bodies)


def send_to(url: str, folder: Path, bodies: list[bytes]) -> tuple[float, float]:
    """Send messages to a host that runs, and return as `send` does."""
    begun = time.perf_counter()
    with ThreadPoolExecutor(CONNECTIONS) as pool:
        parts = [bodies[at::CONNECTIONS] for at in range(CONNECTIONS)]
        list(pool.map(lambda part: post(url, part), parts))
    accepted = time.perf_counter() - begun
    wait_for_lines(folder / DELIVERED, len(bodies))
    return accepted, time.perf_counter() - begun


def post(url: str, bodies: list[bytes]) -> None:
    """Post messages one after the other."""
    with Sender(url + PATH, TOKEN) as sender:
        for body in bodies:
            answer = sender.send(body)
            assert answer.status == 200, answer.text


if __name__ == "__main__":
    sys.exit(main())
