"""Reads a table back, page by page."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import SplitResult, parse_qs, urlsplit

from regbridge import (
    CredentialsError,
    DeliveredPage,
    RegbridgeError,
    RejectedError,
    RetryableError,
)
from regbridge.http import Answer
from regbridge_dynamics.client import BASE_PATH, WebApi
from regbridge_dynamics.errors import Refusal, Trouble
from regbridge_dynamics.rows import Rows

MOST = 5000
"""Rows in a page; Dataverse gives no more (learn.microsoft.com, "Page results by using OData")."""

_PORTS = {"http": 80, "https": 443}


def list_rows(web: WebApi, rows: Rows, page: str, most: int = MOST) -> DeliveredPage:
    """Return the rows of a page by one call; `page` is path and query below the base, or "".

    Raises `RejectedError` for a page that Dataverse does not know, or that was asked with other
    columns; `CredentialsError` without the right to read; and as `WebApi.send` does.
    """
    if page and not _is_of(rows, page):
        raise RejectedError("the settings or the map have changed since the last page; begin again")
    found = web.get(
        page or rows.table.entity_set,
        None if page else rows.query,
        prefer=f"odata.maxpagesize={rows.in_a_page(most)}",
        annotations="",
    )
    if isinstance(found, Refusal):
        raise _refused(found, rows, page)
    document = _document(found)
    listed = (rows.of_row(row) for row in document["value"])
    following = _following(web.url, rows, document.get("@odata.nextLink"))
    if following and following == page:
        raise RetryableError("Dataverse answers a page with a link to the same page")
    return DeliveredPage([one for one in listed if one], following)


def _is_of(rows: Rows, page: str) -> bool:
    """Say whether a page is one of this table with these columns."""
    path, _, query = page.partition("?")
    selected = parse_qs(query).get("$select", [""])[0]
    is_same = set(selected.split(",")) == set(rows.query["$select"].split(","))
    return path == rows.table.entity_set and is_same


def _document(answer: Answer) -> Mapping[str, Any]:
    found = answer.json()
    values = found.get("value") if isinstance(found, dict) else None
    if not isinstance(values, list) or not all(isinstance(row, dict) for row in values):
        raise RetryableError("Dataverse answers a question about rows with no list of them")
    assert isinstance(found, dict)
    return found


def _following(url: str, rows: Rows, link: Any) -> str:
    """Return what names the next page, "" for none. Only the environment itself is asked on."""
    if not link:
        return ""
    try:
        given, own = urlsplit(str(link)), urlsplit(url)
        is_own = _origin(given) == _origin(own)
    except ValueError:
        is_own = False
    if not is_own or given.path != f"{BASE_PATH}/{rows.table.entity_set}":
        raise RetryableError(
            "Dataverse continues a table at another address than the one it was asked at, and "
            "nothing is sent there; set url to the environment's own address"
        )
    return f"{rows.table.entity_set}?{given.query}"


def _origin(parts: SplitResult) -> tuple[str, str | None, int | None]:
    return parts.scheme, parts.hostname, parts.port or _PORTS.get(parts.scheme)


def _refused(refusal: Refusal, rows: Rows, page: str) -> RegbridgeError:
    text = f"Dataverse does not list the table {rows.table.name}: {refusal}"
    if refusal.trouble is Trouble.RIGHTS:
        text += "; give the application user a security role that allows it"
        return CredentialsError(text, detail=refusal.detail)
    if page and refusal.trouble is Trouble.RECORD:
        return RejectedError(f"{text}; begin again", detail=refusal.detail)
    return RetryableError(text, retry_after=refusal.retry_after, detail=refusal.detail)
