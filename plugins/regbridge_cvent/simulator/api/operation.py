"""The shape of an operation: where it is, what it needs, what answers it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from regbridge_cvent.simulator.api.query import Query
from regbridge_cvent.simulator.errors import ApiError

PAGES = frozenset({"limit", "token"})
"""The parameters of an operation that lists."""

WINDOW = PAGES | {"after", "before"}
"""The parameters of an operation that also lists by the time of the last change."""

EXPAND_SCOPES: Mapping[str, str] = {
    "answers.question": "event/events:read",
    "registrationType": "event/registration-types:read",
}
"""The scopes that expanding needs besides the operation's own (section 2 of the reference)."""


@dataclass(frozen=True, slots=True)
class Asked:
    """One call: the ids in its path, its query, its filter, what its token allows.

    `url` is that of the operation, without its query.
    """

    path: Mapping[str, str]
    query: Query
    filter: str | None
    scopes: frozenset[str]
    url: str


@dataclass(frozen=True, slots=True)
class Operation:
    """An operation under Cvent's own name, `operationId`.

    `scopes` are all needed. `parameters` are those of the query; `after` and `before` are days if
    `takes_days`. An operation that documents no 400 cannot refuse a query and `ignores_query`.
    `answer` returns what becomes the JSON of a 200, or raises `ApiError`.
    """

    name: str
    method: str
    path: str
    answer: Callable[[Asked], Any]
    scopes: tuple[str, ...] = ()
    parameters: frozenset[str] = frozenset()
    sortable: tuple[str, ...] = ()
    takes_days: bool = False
    ignores_query: bool = False


def require_scopes(granted: frozenset[str], needed: Iterable[str]) -> None:
    """Raise `ApiError` 403 unless all the scopes that are needed are granted."""
    if missing := frozenset(needed) - granted:
        raise ApiError(403, f"the token lacks the scope {' '.join(sorted(missing))}")
