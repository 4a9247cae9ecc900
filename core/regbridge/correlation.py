"""What ties the lines of the log together, from a receipt to the call that delivers it."""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterable
from contextlib import AbstractContextManager
from typing import Any
from urllib.parse import unquote, urlsplit

from structlog.contextvars import bound_contextvars, get_contextvars

MOST_RECEIPTS = 20
"""So many receipts a line names at most; it says how many more there are."""

_REQUEST = re.compile(r"[\w.-]{1,64}", re.ASCII)
_WORD = re.compile(r"(v\d{1,2}(\.\d{1,2})*|(?=.*[a-z])\$?[A-Za-z_][A-Za-z_.-]{0,40})", re.ASCII)
_HIDDEN = "…"


def working_on(batch: str, receipts: Iterable[int], **facts: Any) -> AbstractContextManager[Any]:
    """Let every line of the log say what is worked on, while the block runs in this thread.

    `batch` is the token of the claim's lease. A call to a vendor that is made meanwhile carries it,
    where the vendor takes one.
    """
    return bound_contextvars(batch=batch, **named(receipts), **facts)


def named(receipts: Iterable[int]) -> dict[str, Any]:
    """Return how a line names receipts: all of a few, the first of many."""
    numbers = sorted(set(receipts))
    more = len(numbers) - MOST_RECEIPTS
    return {
        "receipts": numbers[:MOST_RECEIPTS],
        **({"more_receipts": more} if more > 0 else {}),
    }


def current_batch() -> str:
    """Return the batch that this thread works on, "" for none."""
    return str(get_contextvars().get("batch", ""))


def new_id() -> str:
    """Return an id that nothing else has."""
    return str(uuid.uuid4())


def request_id(*given: str | None) -> str:
    """Return the id of a request: the first that a header gives, unless that is no plain word."""
    for text in given:
        if text and _REQUEST.fullmatch(text):
            return text
    return new_id()


def path_shown(url: str) -> str:
    """Return an address's path as a log may have it: its words, and nothing that names anybody.

    `/api/data/v9.2/contacts(emailaddress1='ada@example.com')` becomes `/api/data/v9.2/contacts(…)`.
    """
    path, bracket, rest = unquote(urlsplit(url).path).partition("(")
    shown = "/".join(_shown(segment) for segment in path.split("/"))
    if not bracket:
        return shown
    _, closing, behind = rest.rpartition(")")
    return f"{shown}({_HIDDEN})" + (path_shown(behind) if closing else "")


def _shown(segment: str) -> str:
    return segment if not segment or _WORD.fullmatch(segment) else _HIDDEN
