"""Finds the place in a message where reading it failed, by what the reason says."""

from __future__ import annotations

import re
from dataclasses import dataclass

_AROUND = 400
_BOM = b"\xef\xbb\xbf"
_BYTE = re.compile(r"\(byte (\d+)\)$")
_KEY = re.compile(r"at `\$\.(\w+)")
_TRUNCATED = "was truncated"


@dataclass(frozen=True, slots=True)
class Fault:
    """The place with what stands around it; `where` names it."""

    before: str
    at: str
    after: str
    where: str


def find_fault(body: bytes, reason: str) -> Fault | None:
    """Return the place of the error that a reason tells of, None where it names none."""
    if not body:
        return None
    if found := _BYTE.search(reason):
        # Readers count from behind the byte order mark.
        start = int(found[1]) + (len(_BOM) if body.startswith(_BOM) else 0)
        return _fault(body, start, start + 1)
    if _TRUNCATED in reason:
        return _fault(body, len(body), len(body))
    if (named := _KEY.search(reason)) and (
        key := re.search(rb'"' + named[1].encode() + rb'"\s*:', body)
    ):
        return _fault(body, key.start(), key.end())
    return None


def text_of(body: bytes) -> str:
    """Return bytes as text, with those that are none written as such."""
    return body.decode("utf-8", "backslashreplace")


def _fault(body: bytes, start: int, end: int) -> Fault:
    start, end = _whole(body, start, end)
    at = text_of(body[start:end])
    return Fault(
        before=text_of(body[_boundary(body, max(0, start - _AROUND)) : start]),
        at=_visible(at) if at else "the end of the message",
        after=text_of(body[end : _boundary(body, end + _AROUND)]),
        where=_where(body, start),
    )


def _whole(body: bytes, start: int, end: int) -> tuple[int, int]:
    """Return a place that holds whole characters, as far as there are such."""
    start, end = min(start, len(body)), min(end, len(body))
    if start == len(body):
        return start, end
    wide = _boundary(body, start), _boundary(body, end)
    try:
        body[slice(*wide)].decode("utf-8")
    except UnicodeDecodeError:
        return start, end
    return wide


def _boundary(body: bytes, at: int) -> int:
    """Return where the character begins that a byte belongs to."""
    at = min(at, len(body))
    for back in range(min(at, 3) + 1):
        if at - back == len(body) or body[at - back] & 0xC0 != 0x80:
            return at - back
    return at


def _visible(text: str) -> str:
    """Return a text that can be seen: a space or a new line alone cannot."""
    return {" ": "\u2423", "\n": "\\n"}.get(text, text)


def _where(body: bytes, at: int) -> str:
    line = body.count(b"\n", 0, at) + 1
    column = at - (body.rfind(b"\n", 0, at) + 1) + 1
    return f"line {line:,}, byte {column:,} of it (byte {at:,} of the message)"
