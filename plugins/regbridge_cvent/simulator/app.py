"""The simulator as a WSGI application: routes, the door before them, errors as Cvent words them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import falcon
import msgspec

from regbridge_cvent.simulator.api.operation import Operation
from regbridge_cvent.simulator.api.resources import resource
from regbridge_cvent.simulator.calls import CallLog
from regbridge_cvent.simulator.door import (
    BASE_PATH,
    TOKEN_PATH,
    Door,
    DroppedConnection,
    GatewayFault,
)
from regbridge_cvent.simulator.errors import ApiError, OAuthError, envelope
from regbridge_cvent.simulator.form import read_form
from regbridge_cvent.simulator.oauth import Tokens

CALLS_PATH = "/simulator/calls"


def create_app(
    operations: Iterable[Operation], door: Door, tokens: Tokens, calls: CallLog
) -> falcon.App[falcon.Request, falcon.Response]:
    """Return the application."""
    app = falcon.App(middleware=[door])
    app.add_route(TOKEN_PATH, _TokenResource(tokens))
    app.add_route(CALLS_PATH, _CallsResource(calls))
    for operation in operations:
        app.add_route(f"{BASE_PATH}{operation.path}", resource(operation))
    app.add_sink(_nowhere(door), prefix=f"{BASE_PATH}/")
    app.add_error_handler(ApiError, _answer_refusal)
    app.add_error_handler(OAuthError, _answer_refused_token)
    app.add_error_handler(GatewayFault, _answer_fault)
    app.add_error_handler(DroppedConnection, _answer_nothing)
    app.set_error_serializer(_serialize)
    return app


class _TokenResource:
    """POST /oauth2/token."""

    def __init__(self, tokens: Tokens) -> None:
        self._tokens = tokens

    def on_post(self, request: falcon.Request, response: falcon.Response) -> None:
        authorization = request.get_header("Authorization") or ""
        _write(response, 200, self._tokens.issue(authorization, read_form(request)))
        response.set_header("Cache-Control", "no-store")


class _CallsResource:
    """The simulator's own view of what was called."""

    def __init__(self, calls: CallLog) -> None:
        self._calls = calls

    def on_get(self, _: falcon.Request, response: falcon.Response) -> None:
        _write(response, 200, self._calls.summary())


def _nowhere(door: Door) -> Callable[..., None]:
    """Return what answers calls to no operation, which count all the same."""

    def sink(req: falcon.Request, resp: falcon.Response, **_: Any) -> None:  # noqa: ARG001
        door.enter(req)
        raise ApiError(404, "there is no such operation")

    return sink


def _answer_refusal(_: falcon.Request, response: falcon.Response, error: ApiError, __: Any) -> None:
    _write(response, error.status, error.body)


def _answer_refused_token(
    _: falcon.Request, response: falcon.Response, error: OAuthError, __: Any
) -> None:
    _write(response, 400, error.body)


def _answer_fault(
    _: falcon.Request, response: falcon.Response, error: GatewayFault, __: Any
) -> None:
    """Answer as a gateway does: no JSON, since it knows nothing of the API."""
    response.status = error.status
    response.content_type = falcon.MEDIA_HTML
    response.text = f"<html><body><h1>{error.status}</h1></body></html>"


def _answer_nothing(
    _: falcon.Request, response: falcon.Response, __: DroppedConnection, ___: Any
) -> None:
    response.status = 500  # nobody reads it: the connection is gone


def _serialize(_: falcon.Request, response: falcon.Response, error: falcon.HTTPError) -> None:
    """Write an error of Falcon's, such as 405, in the error envelope."""
    _write(response, error.status_code, envelope(error.status_code, error.title))


def _write(response: falcon.Response, status: int, body: Any) -> None:
    response.status = status
    response.content_type = falcon.MEDIA_JSON
    response.data = msgspec.json.encode(body)
