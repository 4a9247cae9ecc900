"""The REST API of the simulated org over HTTP: token, limits and faults around its resources."""

from __future__ import annotations

import json
import threading
import time
from collections import Counter
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs

import falcon

from regbridge.testing.server import DROP
from regbridge_salesforce.simulator.database import Database
from regbridge_salesforce.simulator.errors import ApiError, not_found
from regbridge_salesforce.simulator.faults import Fault, Faults
from regbridge_salesforce.simulator.limits import Limits, too_many_long_calls
from regbridge_salesforce.simulator.logins import LoginError, Logins
from regbridge_salesforce.simulator.query import Queries
from regbridge_salesforce.simulator.upsert import Upserts

_URI_LIMIT = 16_384
_PAGE = b"<html><body><h1>Sign in to the proxy</h1></body></html>"


class TokenResource:
    """`/services/oauth2/token`."""

    def __init__(self, logins: Logins) -> None:
        self._logins = logins

    def on_post(self, req: falcon.Request, resp: falcon.Response) -> None:
        """Give a token, or say why not."""
        form = {
            name: all_[-1] for name, all_ in parse_qs(req.bounded_stream.read().decode()).items()
        }
        try:
            token = self._logins.issue(form)
        except LoginError as error:
            resp.status = 400
            resp.media = error.document
            return
        # As Salesforce does: no expires_in.
        resp.media = {
            "access_token": token,
            "scope": " ".join(self._logins.app.scopes),
            "instance_url": f"{req.scheme}://{req.netloc}",
            "id": f"{req.scheme}://{req.netloc}/id/00DSIMULATED/005SIMULATED",
            "token_type": "Bearer",
        }


class RestApi:
    """Everything below `/services/data`. `calls` counts what was asked for."""

    def __init__(
        self,
        database: Database,
        logins: Logins,
        limits: Limits,
        faults: Faults,
        versions: tuple[str, ...],
        body_limit: int,
    ) -> None:
        self.calls: Counter[str] = Counter()
        self.latency = 0.0
        self.sleep: Callable[[float], None] = time.sleep
        self.queries = {
            version: Queries(database, f"/services/data/v{version}") for version in versions
        }
        self._database = database
        self._logins = logins
        self._limits = limits
        self._faults = faults
        self._body_limit = body_limit
        self._lock = threading.Lock()

    def on_request(self, req: falcon.Request, resp: falcon.Response, **_: str) -> None:
        """Answer a request, refused or not."""
        if req.path.rstrip("/") == "/services/data":
            resp.media = [
                {"label": version, "url": f"/services/data/v{version}", "version": version}
                for version in self.queries
            ]
            return
        number = 0
        try:
            number = self._enter(req)
            self._answer(req, resp)
        except ApiError as error:
            resp.status = error.status
            resp.media = error.document
        finally:
            self._limits.leave(number)
            resp.set_header("Sforce-Limit-Info", self._limits.header)

    def _enter(self, req: falcon.Request) -> int:
        if not self._logins.knows(req.get_header("Authorization") or ""):
            raise ApiError(401, "INVALID_SESSION_ID", "Session expired or invalid")
        if self._faults.take(Fault.DISABLED):
            raise ApiError(403, "API_DISABLED_FOR_ORG", "API is not enabled for this Organization")
        if self._faults.take(Fault.CONCURRENT):
            raise too_many_long_calls()
        if self._faults.take(Fault.UNAVAILABLE):
            raise ApiError(503, "SERVER_UNAVAILABLE", "Server unavailable")
        return self._limits.enter()

    def _answer(self, req: falcon.Request, resp: falcon.Response) -> None:
        if self._faults.take(Fault.PAGE):
            resp.content_type, resp.data = "text/html", _PAGE
            return
        is_write = req.method != "GET"
        if is_write and self._faults.take(Fault.DROPPED_BEFORE):
            req.env[DROP]()
            return
        body = req.bounded_stream.read()
        if self.latency:
            self.sleep(self.latency)
        with self._lock:
            resp.text = json.dumps(self._run(req, body))
        resp.content_type = "application/json;charset=UTF-8"
        if is_write and self._faults.take(Fault.DROPPED_AFTER):
            req.env[DROP]()
        if self._faults.take(Fault.BROKEN):
            raise ApiError(500, "UNKNOWN_EXCEPTION", "An unexpected error occurred.")

    def _run(self, req: falcon.Request, body: bytes) -> Any:
        if len(req.relative_uri) > _URI_LIMIT:
            raise ApiError(414, "URI_TOO_LONG", "the URI is too long")
        version, *path = req.path.removeprefix("/services/data/v").strip("/").split("/")
        if version not in self.queries:
            raise not_found()
        match req.method, path:
            case "GET", ["limits"]:
                self.calls["limits"] += 1
                left = self._limits.per_day - self._limits.used
                return {"DailyApiRequests": {"Max": self._limits.per_day, "Remaining": left}}
            case "GET", ["sobjects"]:
                self.calls["sobjects"] += 1
                return {"sobjects": [{"name": name} for name in self._database.objects]}
            case "GET", ["sobjects", name, "describe"]:
                self.calls["describe"] += 1
                return self._database.object(name).described()
            case "GET", ["query"]:
                self.calls["query"] += 1
                return self.queries[version].run(req.get_param("q") or "", _options(req))
            case "GET", ["query", locator]:
                self.calls["query"] += 1
                return self.queries[version].more(locator, _options(req))
            case "PATCH", ["composite", "sobjects", name, key]:
                return self._upsert(req, name, key, body)
        raise not_found()

    def _upsert(self, req: falcon.Request, name: str, key: str, body: bytes) -> Any:
        self.calls["upsert"] += 1
        if (req.content_type or "").partition(";")[0] != "application/json":
            raise ApiError(415, "UNSUPPORTED_MEDIA_TYPE", "the body is no JSON")
        if len(body) > self._body_limit:
            raise ApiError(413, "REQUEST_ENTITY_TOO_LARGE", "the body is too large")
        header = req.get_header("Sforce-Duplicate-Rule-Header") or ""
        upserts = Upserts(self._database, save_duplicates="allowSave=true" in header)
        return upserts.run(name, key, body, int(self._faults.take(Fault.LOCKED)))


def _options(req: falcon.Request) -> str:
    return req.get_header("Sforce-Query-Options") or ""
