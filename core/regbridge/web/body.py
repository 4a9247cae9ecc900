"""The body of a request, read and inflated within a limit."""

from __future__ import annotations

import gzip
import io
import zlib
from collections.abc import Callable
from enum import StrEnum
from functools import partial

import falcon

from regbridge.errors import MalformedMessageError

_CHUNK = 1 << 16


class Encoding(StrEnum):
    """The content encodings that are accepted."""

    GZIP = "gzip"
    IDENTITY = "identity"


def encoding(header: str | None) -> Encoding:
    """Return what a Content-Encoding header says; raises 415 for anything but gzip."""
    match (header or "").strip().lower():
        case "" | "identity":
            return Encoding.IDENTITY
        case "gzip" | "x-gzip":
            return Encoding.GZIP
    raise falcon.HTTPUnsupportedMediaType(
        description="The Content-Encoding is not supported; send gzip, or none.",
        headers={"Accept-Encoding": ", ".join(Encoding)},
    )


def read(request: falcon.Request, limit: int) -> bytes:
    """Return the body as it was sent; raises 413 when it is longer than `limit` bytes."""
    if (request.content_length or 0) > limit:
        raise too_large(limit)
    return request.bounded_stream.read()


def inflate(body: bytes, limit: int) -> bytes:
    """Return what a gzip body of one or more members holds, in memory bounded by `limit`.

    Raises 413 when it inflates to more than `limit` bytes, and `MalformedMessageError` when it is
    not gzip or is cut off.
    """
    try:
        with gzip.GzipFile(fileobj=io.BytesIO(body)) as file:
            return _read_at_most(partial(file.read1, _CHUNK), limit)
    except (EOFError, gzip.BadGzipFile, zlib.error):
        raise MalformedMessageError(
            "the body is not complete gzip, although its Content-Encoding says gzip"
        ) from None


def too_large(limit: int) -> falcon.HTTPError:
    """Return the 413 of a body longer than `limit` bytes."""
    return falcon.HTTPContentTooLarge(description=too_large_text(limit))


def too_large_text(limit: int) -> str:
    """Say that a body is longer than `limit` bytes, with what to do about it."""
    return (
        f"The body is longer than the {limit:,} bytes that are accepted; send fewer registrations "
        "in one message, or raise `body_limit` in base.yaml."
    )


def _read_at_most(read_chunk: Callable[[], bytes], limit: int) -> bytes:
    chunks = []
    size = 0
    while chunk := read_chunk():
        size += len(chunk)
        if size > limit:
            raise too_large(limit)
        chunks.append(chunk)
    return b"".join(chunks)
