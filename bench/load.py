"""Posts one small message again and again over many connections; prints rate and latency.

`python bench/load.py URLS CONNECTIONS SECONDS`, URLs with commas between, prints the answers per
second and the 99th percentile of the time to an answer in ms. Any answer but 200 ends it with an
error.
"""

from __future__ import annotations

import selectors
import socket
import sys
import time
from urllib.parse import urlsplit

from common import PATH, TOKEN

from regbridge.testing import payloads


class Connection:
    """One connection with one request under way at a time."""

    def __init__(self, url: str, request: bytes) -> None:
        place = urlsplit(url)
        self.socket = socket.create_connection((place.hostname, place.port))
        self.socket.setblocking(False)
        self._request = request
        self._answer = b""
        self._sent = 0.0

    def send(self) -> None:
        """Send the request; it is small enough for the socket's buffer."""
        self._answer = b""
        self._sent = time.perf_counter()
        self.socket.send(self._request)

    def receive(self) -> float | None:
        """Take in bytes; return the seconds since the request once the answer is complete."""
        more = self.socket.recv(65536)
        self._answer += more
        if not more or not self._answer.startswith(b"HTTP/1.1 200"[: len(self._answer)]):
            sys.exit(f"an answer was not 200: {self._answer[:200].decode(errors='replace')}")
        # waitress may send head and body apart
        return time.perf_counter() - self._sent if b"}" in self._answer else None


def main() -> None:
    """Keep every connection busy for the time given.

    One thread serves all connections: threads here would compete with each other for the
    interpreter, and the figures would be theirs.
    """
    urls, connections, seconds = sys.argv[1].split(","), int(sys.argv[2]), float(sys.argv[3])
    request = a_request()
    times: list[float] = []
    with selectors.DefaultSelector() as selector:
        for number in range(connections):
            connection = Connection(urls[number % len(urls)], request)
            selector.register(connection.socket, selectors.EVENT_READ, connection)
            connection.send()
        begun = time.perf_counter()
        while time.perf_counter() < begun + seconds:
            for key, _ in selector.select(1):
                if (taken := key.data.receive()) is not None:
                    times.append(taken)
                    key.data.send()
        spent = time.perf_counter() - begun
    times.sort()
    print(len(times) / spent, times[len(times) * 99 // 100] * 1000)


def a_request() -> bytes:
    """Return the bytes of a request as Cvent sends it."""
    body = payloads.encode(payloads.live("InviteeOrGuestAccepted", payloads.registrant(1)))
    head = (
        f"POST {PATH} HTTP/1.1\r\nHost: bench\r\nAuthorization: {TOKEN}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


if __name__ == "__main__":
    main()
