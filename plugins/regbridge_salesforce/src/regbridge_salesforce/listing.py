"""Reads an object back by SOQL, page by page."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from regbridge import DeliveredPage, RejectedError, RetryableError
from regbridge.http import Answer
from regbridge_salesforce.client import RestApi
from regbridge_salesforce.errors import Refusal
from regbridge_salesforce.rows import Rows

MOST = 2000
"""Records in a page; Salesforce gives no more, and sometimes fewer ("Query", REST API)."""

_LOCATOR = re.compile(r"[A-Za-z0-9]{15,18}-[0-9]{1,10}", re.ASCII)


def list_rows(api: RestApi, rows: Rows, page: str, most: int = MOST) -> DeliveredPage:
    """Return the records of a page by one call; `page` is what the page before named, or "".

    Raises `RejectedError` for a page that Salesforce does not know any more, or that was asked
    with other fields; and as `RestApi.send` does.
    """
    if page:
        path, params = f"/query/{_locator_of(rows, page)}", None
    else:
        path, params = "/query", {"q": rows.query}
    found = api.get(path, params, {"Sforce-Query-Options": f"batchSize={most}"})
    if isinstance(found, Refusal):
        raise _refused(found, rows, page)
    document = _document(found)
    listed = (rows.of_row(row) for row in document["records"])
    following = _following(api, rows, document)
    if following and following == page:
        raise RetryableError("Salesforce answers a page with a link to the same page")
    return DeliveredPage([one for one in listed if one], following)


def _locator_of(rows: Rows, page: str) -> str:
    fingerprint, _, locator = page.partition(" ")
    if fingerprint != rows.fingerprint:
        raise RejectedError("the settings or the map have changed since the last page; begin again")
    if not _LOCATOR.fullmatch(locator):
        raise RejectedError("this is no page of Salesforce's; begin again")
    return locator


def _document(answer: Answer) -> Mapping[str, Any]:
    found = answer.json()
    records = found.get("records") if isinstance(found, dict) else None
    if not isinstance(records, list) or not all(isinstance(row, dict) for row in records):
        raise RetryableError("Salesforce answers a query with no list of records")
    assert isinstance(found, dict)
    return found


def _following(api: RestApi, rows: Rows, document: Mapping[str, Any]) -> str:
    """Return what names the next page, "" for none; of its link the locator alone is taken."""
    link = str(document.get("nextRecordsUrl") or "")
    if not link and document.get("done") is not False:
        return ""
    path, _, locator = link.rpartition("/")
    if path != f"{api.base}/query" or not _LOCATOR.fullmatch(locator):
        raise RetryableError("Salesforce continues a query in a form that is not known")
    return f"{rows.fingerprint} {locator}"


def _refused(refusal: Refusal, rows: Rows, page: str) -> RejectedError | RetryableError:
    text = f"Salesforce does not list the object {rows.name}: {refusal}"
    if page and refusal.is_from_salesforce:
        return RejectedError(f"{text}; begin again")
    return RetryableError(text)
