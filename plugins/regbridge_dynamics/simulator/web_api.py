"""The Web API over HTTP: token, limits, faults and latency around the operations."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

import falcon

from regbridge.testing.server import DROP
from regbridge_dynamics.simulator.batch import BatchRunner
from regbridge_dynamics.simulator.calls import Calls, operation_of
from regbridge_dynamics.simulator.database import Database
from regbridge_dynamics.simulator.errors import ApiError, bad_request, no_such_operation
from regbridge_dynamics.simulator.faults import Fault, FaultInjector
from regbridge_dynamics.simulator.gate import Gate
from regbridge_dynamics.simulator.operations import Operations
from regbridge_dynamics.simulator.query import read_query
from regbridge_dynamics.simulator.request import JSON_TYPE, Answer, Call, Tally, read_preferences
from regbridge_dynamics.simulator.site import BASE_PATH, Site
from regbridge_dynamics.simulator.throttle import Limit, Limits
from regbridge_dynamics.simulator.tokens import Tokens

_UNAVAILABLE = b"<html><body><h2>Service Unavailable</h2></body></html>"


@dataclass(frozen=True, slots=True)
class Latency:
    """How long an answer takes, in seconds: for each call, part of a batch, and record."""

    call: float = 0.0
    part: float = 0.0
    record: float = 0.0

    def of(self, tally: Tally) -> float:
        """Return the seconds for what a call has done."""
        return self.call + self.part * tally.parts + self.record * tally.worked


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What the Web API takes into account besides the records."""

    site: Site
    tokens: Tokens
    gate: Gate
    faults: FaultInjector
    calls: Calls
    limits: Limits
    latency: Latency
    clock: Callable[[], float]
    sleep: Callable[[float], None]


class WebApi:
    """Answers everything below `/api/data/v9.2`."""

    def __init__(self, database: Database, operations: Operations, around: Surroundings) -> None:
        self._operations = operations
        self._around = around
        self._batches = BatchRunner(database, around.site, self._run_part)

    def on_request(self, req: falcon.Request, resp: falcon.Response, **_: str) -> None:
        """Answer a request, refused or not, and count it."""
        headers = {name.lower(): value for name, value in req.headers.items()}
        path = _raw_path(req)
        tally = Tally()
        query = _lenient_query(req.query_string)
        self._around.calls.begin(operation_of(req.method, path, headers), headers, query)
        answer = Answer(500)
        try:
            answer = self._answer(req, path, headers, tally)
        except ApiError as error:
            answer = _refused(error, headers)
        finally:
            self._around.calls.end(answer.status, tally)
        _send(answer, resp)

    def _answer(
        self, req: falcon.Request, path: str, headers: Mapping[str, str], tally: Tally
    ) -> Answer:
        """Answer for whom the token names, where the limits let the call in."""
        around = self._around
        user_id = around.tokens.check(headers.get("authorization", "")).user_id
        server = around.gate.server(headers)
        around.gate.enter(user_id, server)
        begun = around.clock()
        try:
            answer = self._worked(req, path, headers, user_id, tally)
        except ApiError as error:
            answer = _refused(error, headers)
        finally:
            cost = around.latency.of(tally)
            remaining = cost - (around.clock() - begun)
            if remaining > 0:
                around.sleep(remaining)
            left = around.gate.leave(user_id, server, cost)
        cookie = {"Set-Cookie": f"ARRAffinity={server}; Path=/; HttpOnly"}
        return Answer(answer.status, answer.body, {**answer.headers, **left, **cookie})

    def _worked(
        self,
        req: falcon.Request,
        path: str,
        headers: Mapping[str, str],
        user_id: str,
        tally: Tally,
    ) -> Answer:
        """Do the work, unless a fault comes before it; a fault after it keeps back the answer.

        Connections are dropped around writes only: to lose what was read costs nothing.
        """
        faults = self._around.faults
        if faults.take(Fault.UNAVAILABLE):
            return Answer(503, _UNAVAILABLE, {"Content-Type": "text/html"})
        if req.method != "GET" and faults.take(Fault.DROPPED_BEFORE):
            return _dropped(req)
        _require_headers(headers)
        body = self._body(req)
        call = Call(req.method, path, read_query(req.query_string), headers, body, user_id, tally)
        if path != "$batch":
            answer = self._operations.run(call)
        elif req.method == "POST":
            answer = self._batches.answer(call)
        else:
            raise no_such_operation(f"{self._around.site.base_url}/{path}")
        if tally.written and faults.take(Fault.DROPPED_AFTER):
            return _dropped(req)
        return answer

    def _run_part(self, call: Call) -> Answer:
        operation = operation_of(call.method, call.path, call.headers)
        self._around.calls.part(operation, call.headers, call.query)
        if self._around.faults.take(Fault.THROTTLED_PART):
            raise ApiError(
                429,
                Limit.EXECUTION_TIME.value,
                "Combined execution time of incoming requests exceeded the limit.",
                headers={"Retry-After": "1"},
            )
        return self._operations.run(call)

    def _body(self, req: falcon.Request) -> bytes:
        most = self._around.limits.message_bytes
        body: bytes = req.bounded_stream.read(most + 1)
        if len(body) > most:
            message = "The request message size exceeds the maximum that is allowed."
            raise ApiError(413, "0x8004418a", message)
        return body


def _require_headers(headers: Mapping[str, str]) -> None:
    """Raise `ApiError` without the headers that are to be sent always (section 2)."""
    for name in ("odata-version", "odata-maxversion"):
        if headers.get(name) != "4.0":
            raise bad_request(f"The header {name} must be 4.0.", "0x0")
    if "application/json" not in headers.get("accept", ""):
        raise bad_request("The header Accept must be application/json.", "0x0")


def _raw_path(req: falcon.Request) -> str:
    """Return the path below the base as it was sent, percent-encoded."""
    sent = req.env.get("REQUEST_URI") or req.env.get("RAW_URI") or ""
    path = str(sent).partition("?")[0]
    if not path.startswith(BASE_PATH):
        path = quote(req.path, safe="/()'=,$")
    return path.removeprefix(BASE_PATH).removeprefix("/")


def _lenient_query(text: str) -> dict[str, str]:
    try:
        return read_query(text)
    except ApiError:
        return {}


def _dropped(req: falcon.Request) -> Answer:
    req.env[DROP]()
    return Answer(500)


def _refused(error: ApiError, headers: Mapping[str, str]) -> Answer:
    try:
        annotated = bool(read_preferences(headers.get("prefer", "")).annotations)
    except ApiError:
        annotated = False
    return Answer(error.status, error.body(annotated=annotated), error.headers)


def _send(answer: Answer, resp: falcon.Response) -> None:
    resp.status = answer.status
    resp.set_header("OData-Version", "4.0")
    request_id = str(uuid.uuid4())
    resp.set_header("REQ_ID", request_id)
    resp.set_header("x-ms-service-request-id", request_id)
    if isinstance(answer.body, bytes):
        resp.data = answer.body
    elif answer.body is not None:
        resp.data = _as_json(answer.body)
        resp.content_type = JSON_TYPE
    for name, value in answer.headers.items():
        if name == "Set-Cookie":
            resp.append_header(name, value)
        else:
            resp.set_header(name, value)


def _as_json(document: dict[str, Any]) -> bytes:
    return json.dumps(document, ensure_ascii=False).encode("utf-8")
