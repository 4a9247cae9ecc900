"""Reads the records of a type back, page by page."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any
from zlib import crc32

from regbridge import DeliveredPage, RejectedError, RetryableError
from regbridge_hubspot.client import HubspotApi, Refusal
from regbridge_hubspot.rows import Rows

MOST = 100
"""Records in a page; HubSpot gives no more."""

_AFTER = re.compile(r"[A-Za-z0-9=_+/-]{1,300}", re.ASCII)


def list_records(
    api: HubspotApi, object_type: str, rows: Rows, page: str, most: int = MOST
) -> DeliveredPage:
    """Return the records of a page by one call; `page` is `<what is asked>:<after>`, or "".

    The list is read, not the search: the search ends after 10,000 records, and finds what was
    written only after a while. Raises `RejectedError` for a page that HubSpot does not know, or
    that was asked for with other properties, and as `HubspotApi.send` does.
    """
    mark = f"{crc32(','.join(rows.names).encode()):08x}"
    asked, _, after = page.partition(":")
    if page and (asked != mark or not _AFTER.fullmatch(after)):
        raise RejectedError("the settings or the map have changed since the last page; begin again")
    params = {"limit": str(most), "archived": "false", "properties": ",".join(rows.names)}
    document = _read(api, object_type, params | ({"after": after} if after else {}))
    listed = (rows.of_result(one) for one in document["results"])
    following = _following(document)
    if following and following == after:
        raise RetryableError("HubSpot answers a page with a link to the same page")
    return DeliveredPage([one for one in listed if one], following and f"{mark}:{following}")


def _read(api: HubspotApi, object_type: str, params: Mapping[str, str]) -> Mapping[str, Any]:
    path = api.paths.objects(object_type)
    if "after" in params:
        found = api.read(path, params)
        if isinstance(found, Refusal):
            raise RejectedError("HubSpot does not know this page any more; begin again")
        document = found.json()
    else:
        document = api.get(path, params)
    listed = document.get("results") if isinstance(document, dict) else None
    if not isinstance(listed, list) or not all(isinstance(one, dict) for one in listed):
        raise RetryableError("HubSpot answers a question about records with no list of them")
    assert isinstance(document, dict)
    return document


def _following(document: Mapping[str, Any]) -> str:
    """Return what asks for the next page, "" for none."""
    paging = document.get("paging")
    following = paging.get("next") if isinstance(paging, dict) else None
    after = following.get("after") if isinstance(following, dict) else None
    if after is None:
        return ""
    if not _AFTER.fullmatch(str(after)):
        raise RetryableError("HubSpot names its next page in a form that is not known")
    return str(after)
