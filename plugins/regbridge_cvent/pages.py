"""A page of one of Cvent's lists, its rows unread."""

from __future__ import annotations

from typing import Any

import msgspec

from regbridge import RetryableError
from regbridge.http import Answer


class Page(msgspec.Struct):
    """One page; `data` are the JSON texts of its rows, and there may be none."""

    data: list[msgspec.Raw]
    paging: dict[str, Any] = {}

    @property
    def total(self) -> int | None:
        """How many rows all pages have, if Cvent says so; it "may return blank"."""
        found = self.paging.get("totalCount")
        return found if isinstance(found, int) and found > 0 else None

    @property
    def next_token(self) -> str:
        """What the next page is asked for by, "" for none."""
        found = self.paging.get("nextToken")
        return found if isinstance(found, str) else ""


def read_page(answer: Answer) -> Page:
    """Return the page that an answer holds; raises `RetryableError` when it holds none."""
    try:
        return _decode(answer.body)
    except (msgspec.MsgspecError, RecursionError):
        answer.json()  # says so if it is no JSON at all
        raise RetryableError("Cvent's answer is JSON, but no page of a list") from None


def read_row(row: msgspec.Raw | bytes) -> dict[str, Any]:
    """Return a row as a JSON object; raises `RetryableError` when it is none."""
    try:
        return _decode_row(row)
    except (msgspec.MsgspecError, RecursionError):
        raise RetryableError("a row of Cvent's answer is no JSON object") from None


_decode = msgspec.json.Decoder(Page).decode
_decode_row = msgspec.json.Decoder(dict[str, Any]).decode
