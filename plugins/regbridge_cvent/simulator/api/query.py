"""Reads the query of a call, and refuses what the operation does not document."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import parse_qsl

from regbridge import did_you_mean
from regbridge_cvent.simulator.errors import ApiError

LIMIT_DEFAULT = 100
LIMIT_MOST = 200
EXPANDABLE = ("answers.question", "registrationType")
_MOST_PARAMETERS = 50
_TIME = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d{1,9})?(Z|[+-]\d{2}:\d{2})", re.ASCII)

_DAY = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
FLAGS = ("includeDeletedGuests", "includePurged", "deleted")
"""The parameters that are true or false."""


@dataclass(frozen=True, slots=True)
class Query:
    """The parameters of a call; None for what was not sent.

    `flags` are the names of those that are true. `sort` is (field, descending) in order.
    """

    limit: int = LIMIT_DEFAULT
    token: str | None = None
    after: datetime | None = None
    before: datetime | None = None
    filter: str | None = None
    sort: tuple[tuple[str, bool], ...] = ()
    expand: frozenset[str] = frozenset()
    flags: frozenset[str] = frozenset()


def read_query(
    text: str,
    documented: Collection[str],
    sortable: Collection[str] = (),
    *,
    takes_days: bool = False,
) -> Query:
    """Return what a query string says; with `takes_days`, `after` and `before` may be days.

    Raises `ApiError` 400, which names the parameter.
    """
    pairs = _pairs(text)
    for name, _ in pairs:
        if name not in documented:
            remedy = did_you_mean(name, documented) or "the operation has no parameters"
            raise ApiError(400, f"no such parameter; {remedy}", name)
    sent = {name: value for name, value in pairs if name != "expand"}
    _require_no_repetition(pairs)
    return Query(
        limit=_limit(sent.get("limit")),
        token=sent.get("token"),
        after=_time("after", sent, takes_days),
        before=_time("before", sent, takes_days),
        filter=sent.get("filter"),
        sort=_sort(sent["sort"], sortable) if "sort" in sent else (),
        expand=_expand([value for name, value in pairs if name == "expand"]),
        flags=frozenset(name for name in FLAGS if _flag(name, sent)),
    )


def _pairs(text: str) -> list[tuple[str, str]]:
    try:
        return parse_qsl(
            text, keep_blank_values=True, errors="strict", max_num_fields=_MOST_PARAMETERS
        )
    except ValueError:
        raise ApiError(400, "the query is not form-urlencoded UTF-8, or is too long") from None


def _require_no_repetition(pairs: Collection[tuple[str, str]]) -> None:
    seen = set()
    for name, _ in pairs:
        if name in seen and name != "expand":
            raise ApiError(400, "the parameter may be sent once", name)
        seen.add(name)


def _limit(text: str | None) -> int:
    if text is None:
        return LIMIT_DEFAULT
    if not re.fullmatch(r"[0-9]{1,9}", text) or not 1 <= int(text) <= LIMIT_MOST:
        raise ApiError(400, f"a whole number from 1 to {LIMIT_MOST} is expected", "limit")
    return int(text)


def _time(name: str, sent: Mapping[str, str], takes_days: bool) -> datetime | None:
    if name not in sent:
        return None
    try:
        if _TIME.fullmatch(sent[name]):
            return datetime.fromisoformat(sent[name]).astimezone(UTC)
        if takes_days and _DAY.fullmatch(sent[name]):
            return datetime.fromisoformat(sent[name]).replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        pass
    raise ApiError(400, "a date-time such as 2026-11-24T10:00:00Z is expected", name)


def _flag(name: str, sent: Mapping[str, str]) -> bool:
    value = sent.get(name, "false")
    if value not in ("true", "false"):
        raise ApiError(400, "true or false is expected", name)
    return value == "true"


def _expand(values: Collection[str]) -> frozenset[str]:
    for value in values:
        if value not in EXPANDABLE:
            raise ApiError(400, f"what can be expanded is {' and '.join(EXPANDABLE)}", "expand")
    return frozenset(values)


def _sort(text: str, sortable: Collection[str]) -> tuple[tuple[str, bool], ...]:
    orders = []
    for each in text.split(","):
        field, _, direction = each.partition(":")
        if field not in sortable or direction not in ("ASC", "DESC"):
            raise ApiError(
                400, f"FIELD:ASC or FIELD:DESC is expected, of {', '.join(sortable)}", "sort"
            )
        orders.append((field, direction == "DESC"))
    return tuple(orders)
