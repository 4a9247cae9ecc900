"""What fuzzing starts from: the sample messages, bare and as requests."""

from __future__ import annotations

import gzip
from collections.abc import Iterator

from tests.fuzz.webhook_target import HEAD, INSIDE, PATH, TOKEN

from regbridge.testing.payloads import encode, sync
from regbridge.testing.samples import read_samples


def bodies() -> Iterator[bytes]:
    """Yield messages as Cvent sends them, and a small sync."""
    yield from (sample.body for sample in read_samples())
    yield encode(sync(2))


def requests() -> Iterator[bytes]:
    """Yield the same, and requests: one compressed, one in chunks, some at other paths, a GET."""
    yield from bodies()
    yield request(next(bodies()))
    packed = gzip.compress(next(bodies()), mtime=0)
    yield request(packed, "Content-Encoding: gzip")
    yield request(b"[]").replace(f"{PATH} ".encode(), f"{PATH}/A%20Type/{'0' * 8} ".encode(), 1)
    inside = request(next(bodies()), "X-Forwarded-For: 203.0.113.9, 198.51.100.7")
    yield inside.replace(PATH.encode(), INSIDE.encode(), 1)
    head = f"POST {PATH} HTTP/1.1\r\nHost: x\r\nAuthorization: {TOKEN}\r\n"
    yield head.encode() + b"Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n"
    yield head.replace("POST", "GET").encode() + b"\r\n"


def request(body: bytes, *lines: str) -> bytes:
    """Return a request that is let in, with further header lines."""
    head = "\r\n".join([f"{HEAD}{len(body)}", *lines, "", ""])
    return head.encode() + body
