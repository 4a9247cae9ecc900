"""Posts one small message again and again over many connections; prints the answers per second.

`python bench/load.py URL CONNECTIONS SECONDS`. Any answer but 200 ends it with an error.
"""

from __future__ import annotations

import socket
import sys
import threading
import time
from urllib.parse import urlsplit

from common import PATH, TOKEN

from regbridge.testing import payloads


def main() -> None:
    """Run the connections, each in a thread, for the time given."""
    url, connections, seconds = sys.argv[1], int(sys.argv[2]), float(sys.argv[3])
    request = a_request()
    counts = [0] * connections
    failures: list[str] = []
    begun = time.perf_counter()
    threads = [
        threading.Thread(target=post, args=(url, request, begun + seconds, counts, n, failures))
        for n in range(connections)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failures:
        sys.exit(f"{len(failures)} answers were not 200, the first: {failures[0]}")
    print(sum(counts) / (time.perf_counter() - begun))


def a_request() -> bytes:
    """Return the bytes of a request as Cvent sends it."""
    body = payloads.encode(payloads.live("InviteeOrGuestAccepted", payloads.registrant(1)))
    head = (
        f"POST {PATH} HTTP/1.1\r\nHost: bench\r\nAuthorization: {TOKEN}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


def post(
    url: str, request: bytes, until: float, counts: list[int], number: int, failures: list[str]
) -> None:
    """Send and wait for the answer until the time is up."""
    place = urlsplit(url)
    with socket.create_connection((place.hostname, place.port)) as connection:
        while time.perf_counter() < until:
            connection.sendall(request)
            answer = connection.recv(65536)
            while b"}" not in answer:  # waitress may send head and body apart
                more = connection.recv(65536)
                if not more:
                    break
                answer += more
            if not answer.startswith(b"HTTP/1.1 200"):
                failures.append(answer[:200].decode(errors="replace"))
                return
            counts[number] += 1


if __name__ == "__main__":
    main()
