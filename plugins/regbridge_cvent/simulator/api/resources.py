"""Puts operations behind HTTP: a Falcon resource reads the call and writes the answer."""

from __future__ import annotations

from typing import Any

import falcon
import msgspec

from regbridge_cvent.simulator.api.operation import (
    EXPAND_SCOPES,
    Asked,
    Operation,
    require_scopes,
)
from regbridge_cvent.simulator.api.query import read_query
from regbridge_cvent.simulator.errors import ApiError

_MOST_BYTES = 1_000_000


class _FilterBody(msgspec.Struct, forbid_unknown_fields=True):
    filter: str | None = None


class GetResource:
    """Serves an operation that is called by GET, its filter in the query."""

    def __init__(self, operation: Operation) -> None:
        self._operation = operation

    def on_get(self, request: falcon.Request, response: falcon.Response, **path: str) -> None:
        """Answer a call."""
        asked = _asked(self._operation, request, path)
        _write(response, self._operation.answer(asked))


class PostResource:
    """Serves an operation that is called by POST, its filter in the body."""

    def __init__(self, operation: Operation) -> None:
        self._operation = operation

    def on_post(self, request: falcon.Request, response: falcon.Response, **path: str) -> None:
        """Answer a call."""
        asked = _asked(self._operation, request, path, _read_filter)
        _write(response, self._operation.answer(asked))


def resource(operation: Operation) -> GetResource | PostResource:
    """Return the resource that serves an operation."""
    return GetResource(operation) if operation.method == "GET" else PostResource(operation)


def read_body(request: falcon.Request) -> bytes:
    """Return a body of at most a megabyte. Raises `ApiError` 400 for a longer one."""
    body: bytes = request.bounded_stream.read(_MOST_BYTES + 1)
    if len(body) > _MOST_BYTES:
        raise ApiError(400, f"the body has more than {_MOST_BYTES:,} bytes")
    return body


def _asked(
    operation: Operation, request: falcon.Request, path: dict[str, str], read_filter: Any = None
) -> Asked:
    granted: frozenset[str] = request.context.scopes
    require_scopes(granted, operation.scopes)
    query = read_query(
        "" if operation.ignores_query else request.query_string,
        operation.parameters,
        operation.sortable,
        takes_days=operation.takes_days,
    )
    require_scopes(granted, (EXPAND_SCOPES[name] for name in query.expand))
    sent = read_filter(request) if read_filter else query.filter
    return Asked(path, query, sent, granted, f"{request.prefix}{request.path}")


def _read_filter(request: falcon.Request) -> str | None:
    """Return the filter in a body `{"filter": "..."}`, None without a body or filter."""
    body = read_body(request)
    if not body:
        return None
    if (request.content_type or "").partition(";")[0].strip().lower() != "application/json":
        raise ApiError(400, "the body must be application/json")
    try:
        return msgspec.json.decode(body, type=_FilterBody).filter
    except (msgspec.MsgspecError, UnicodeError):
        raise ApiError(400, 'the body must be JSON like {"filter": "..."}', "filter") from None


def _write(response: falcon.Response, answer: Any) -> None:
    response.content_type = falcon.MEDIA_JSON
    response.data = msgspec.json.encode(answer)
