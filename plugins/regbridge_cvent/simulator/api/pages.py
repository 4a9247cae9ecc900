"""Hands out what was found page by page, with opaque tokens for the next ones."""

from __future__ import annotations

import threading
import uuid
import zlib
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from regbridge_cvent.simulator.account.table import Row
from regbridge_cvent.simulator.errors import ApiError

_MOST_TOKENS = 20_000


class EmptyLastPage(StrEnum):
    """When a result that fills its last page is followed by an empty one (section 4)."""

    NEVER = "never"
    SOMETIMES = "sometimes"
    ALWAYS = "always"


@dataclass(frozen=True, slots=True)
class Page:
    """The rows of one page, and the `paging` that stands beside them."""

    rows: Sequence[Row]
    paging: dict[str, Any]


@dataclass(frozen=True, slots=True, eq=False)
class _Result:
    """What a query found. The rows stay the same from page to page, whatever changes meanwhile."""

    url: str
    rows: Sequence[Row]
    limit: int
    has_empty_page: bool
    tokens: dict[int, str] = field(default_factory=dict)


class Pages:
    """The results that are being paged through; tokens are forgotten when there are too many."""

    def __init__(self, empty_last_page: EmptyLastPage, *, has_total: bool) -> None:
        self._empty_last_page = empty_last_page
        self._has_total = has_total
        self._lock = threading.Lock()
        self._places: OrderedDict[str, tuple[_Result, int]] = OrderedDict()

    def first(self, url: str, question: str, rows: Sequence[Row], limit: int) -> Page:
        """Return the first page of what a question to the operation at `url` found."""
        fills = len(rows) > 0 and len(rows) % limit == 0
        result = _Result(url, rows, limit, fills and self._adds_page(question))
        return self._page(result, 0)

    def at(self, url: str, token: str) -> Page:
        """Return the page of a token. Raises `ApiError` 400 when the one at `url` has none such."""
        with self._lock:
            result, offset = self._places.get(token, (None, 0))
        if result is None or result.url != url:
            raise ApiError(400, "no page of this operation has such a token", "token")
        return self._page(result, offset)

    def _adds_page(self, question: str) -> bool:
        """Say whether there is an empty last page: for the same question always the same."""
        if self._empty_last_page is EmptyLastPage.SOMETIMES:
            return zlib.crc32(question.encode()) % 2 == 1
        return self._empty_last_page is EmptyLastPage.ALWAYS

    def _page(self, result: _Result, offset: int) -> Page:
        end = offset + result.limit
        size = len(result.rows)
        paging: dict[str, Any] = {
            "currentToken": self._token(result, offset),
            "limit": result.limit,
        }
        if end < size or (end == size and result.has_empty_page):
            paging["nextToken"] = self._token(result, end)
        if offset > 0:
            paging["previousToken"] = self._token(result, offset - result.limit)
        if self._has_total:
            paging["totalCount"] = size
        paging["_links"] = {
            link: {"href": f"{result.url}?token={paging[name]}"}
            for link, name in _LINKS.items()
            if name in paging
        }
        return Page(result.rows[offset:end], paging)

    def _token(self, result: _Result, offset: int) -> str:
        with self._lock:
            token = result.tokens.setdefault(offset, str(uuid.uuid4()))
            self._places[token] = result, offset
            self._places.move_to_end(token)
            while len(self._places) > _MOST_TOKENS:
                self._places.popitem(last=False)
            return token


_LINKS = {"self": "currentToken", "next": "nextToken", "prev": "previousToken"}
