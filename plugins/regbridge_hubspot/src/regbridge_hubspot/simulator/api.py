"""The simulated API: paths, rights and limits."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl

import falcon
import msgspec

from regbridge.testing.server import DROP
from regbridge_hubspot.simulator.access import Access
from regbridge_hubspot.simulator.errors import ApiError, bad_request
from regbridge_hubspot.simulator.faults import Fault, Faults
from regbridge_hubspot.simulator.limits import Meter
from regbridge_hubspot.simulator.records import Records
from regbridge_hubspot.simulator.upsert import Upserts, read_batch, shown_record

DATED = frozenset({"2025-09", "2026-03", "2026-09"})

_MOST_IN_A_PAGE = 100
_FORM = "application/x-www-form-urlencoded"


@dataclass(slots=True)
class Calls:
    """What was asked: how often what, how many inputs each batch had, and each batch's body."""

    by_operation: Counter[str] = field(default_factory=Counter)
    statuses: Counter[int] = field(default_factory=Counter)
    batches: list[int] = field(default_factory=list)
    bodies: list[bytes] = field(default_factory=list, repr=False)

    @property
    def total(self) -> int:
        """How many calls there were."""
        return self.by_operation.total()


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What every call has around it."""

    portal: int
    zone: str
    access: Access
    meter: Meter
    faults: Faults
    upserts: Upserts
    calls: Calls
    clock: Callable[[], float]
    types: Sequence[Records]
    lock: threading.RLock = field(default_factory=threading.RLock)


class Api:
    """Answers each call below `/crm`, `/account-info` and `/oauth`."""

    def __init__(self, around: Surroundings) -> None:
        self._around = around

    def on_request(self, req: falcon.Request, resp: falcon.Response, **_: Any) -> None:
        """Answer one call."""
        operation = _operation(req)
        around = self._around
        with around.lock:
            around.calls.by_operation[operation] += 1
            try:
                status, document = self._answer(operation, req)
            except ApiError as error:
                status, document = error.status, error.document
                for name, value in error.headers.items():
                    resp.set_header(name, value)
            if operation != "token":
                for name, value in around.meter.headers().items():
                    resp.set_header(name, value)
            if operation == "upsert" and around.faults.take(Fault.GATEWAY):
                status, document = 504, {}
            around.calls.statuses[status] += 1
        resp.status = status
        if operation != "token" and around.faults.take(Fault.LOGIN_PAGE):
            resp.status, resp.content_type, resp.text = 200, "text/html", "<h1>Log in</h1>"
        elif status == 504:
            resp.content_type, resp.text = "text/html", "<h1>Gateway time-out</h1>"
        else:
            resp.content_type = "application/json;charset=utf-8"
            resp.data = msgspec.json.encode(document)
        if operation != "token" and around.faults.take(Fault.DROPPED_AFTER):
            req.env[DROP]()

    def _answer(self, operation: str, req: falcon.Request) -> tuple[int, Any]:
        if operation == "token":
            return 200, self._token(req)
        self._let_in(req)
        if operation == "upsert":
            return self._upsert(req)
        if req.method != "GET":
            raise ApiError(405, "VALIDATION_ERROR", "Method not allowed")
        reading: Mapping[str, Callable[[falcon.Request], Any]] = {
            "account": self._account,
            "usage": self._usage,
            "properties": self._properties,
            "list": self._list,
        }
        if operation not in reading:
            raise ApiError(404, "OBJECT_NOT_FOUND", "resource not found")
        return 200, reading[operation](req)

    def _let_in(self, req: falcon.Request) -> None:
        """Raise what is refused of any call, whatever it asks for."""
        faults, meter = self._around.faults, self._around.meter
        if faults.take(Fault.DROPPED_BEFORE):
            req.env[DROP]()
            raise ApiError(500, "INTERNAL_ERROR", "the connection is gone")
        if faults.take(Fault.UNAVAILABLE):
            raise ApiError(503, "SERVICE_UNAVAILABLE", "service temporarily unavailable")
        if faults.take(Fault.FAILED):
            raise ApiError(500, "INTERNAL_ERROR", "internal error")
        if faults.take(Fault.LOCKED):
            raise ApiError(423, "LOCKED", "The request is locked")
        if faults.take(Fault.MIGRATING):
            headers = {"Retry-After": "3600"}
            raise ApiError(477, "MIGRATION_IN_PROGRESS", "Migration", headers=headers)
        self._around.access.require(req.get_header("Authorization") or "")
        if faults.take(Fault.DAILY):
            raise meter.daily()
        if faults.take(Fault.THROTTLED):
            raise meter.ten_secondly()
        meter.enter(self._around.clock())

    def _token(self, req: falcon.Request) -> Any:
        if req.method != "POST" or (req.content_type or "").partition(";")[0] != _FORM:
            raise ApiError(415, "VALIDATION_ERROR", "Unsupported Media Type")
        if self._around.faults.take(Fault.UNAVAILABLE):
            raise ApiError(503, "SERVICE_UNAVAILABLE", "service temporarily unavailable")
        form = dict(parse_qsl(req.bounded_stream.read().decode(), keep_blank_values=True))
        return self._around.access.exchange(form)

    def _upsert(self, req: falcon.Request) -> tuple[int, Any]:
        if req.method != "POST":
            raise ApiError(405, "VALIDATION_ERROR", "Method not allowed")
        records = self._records(req)
        self._around.access.require_scope(f"crm.objects.{records.type.scope}.write")
        if (req.content_type or "").partition(";")[0].strip() != "application/json":
            raise ApiError(415, "VALIDATION_ERROR", "Unsupported Media Type")
        body = req.bounded_stream.read()
        self._around.calls.bodies.append(body)
        batch = read_batch(body, records, self._around.portal)
        self._around.calls.batches.append(len(batch.inputs))
        return self._around.upserts.run(batch, records)

    def _account(self, _: falcon.Request) -> Any:
        self._around.access.require_scope("oauth")
        return {
            "portalId": self._around.portal,
            "accountType": "STANDARD",
            "timeZone": self._around.zone,
            "companyCurrency": "USD",
            "additionalCurrencies": [],
            "utcOffset": "-05:00",
            "utcOffsetMilliseconds": -18_000_000,
            "uiDomain": "app.hubspot.com",
            "dataHostingLocation": "na1",
        }

    def _usage(self, _: falcon.Request) -> Any:
        meter = self._around.meter
        used = {
            "name": "private-apps-api-calls-daily",
            "usageLimit": meter.limits.in_a_day,
            "currentUsage": meter.today,
            "fetchStatus": "SUCCESS",
        }
        return {"results": [used]}

    def _properties(self, req: falcon.Request) -> Any:
        type_ = self._records(req).type
        kinds = ("objects", "schemas")
        rights = [f"crm.{kind}.{type_.scope}.read" for kind in kinds]
        self._around.access.require_scope(*rights, f"crm.objects.{type_.scope}.write")
        return {"results": [one.document for one in type_.properties]}

    def _list(self, req: falcon.Request) -> Any:
        records = self._records(req)
        self._around.access.require_scope(f"crm.objects.{records.type.scope}.read")
        limit = req.get_param_as_int("limit", default=10)
        if not 0 < limit <= _MOST_IN_A_PAGE:
            raise bad_request(f"Page size should be between 1 and {_MOST_IN_A_PAGE}")
        after = req.get_param("after", default="0")
        if not after.isdecimal():
            raise bad_request("Invalid paging token")
        asked = [name for name in (req.get_param("properties", default="")).split(",") if name]
        known = [name for name in asked if name in records.type.by_name]
        found = list(records.after(int(after)))
        page = [
            shown_record(one, {name: one.values.get(name) for name in known})
            for one in found[:limit]
        ]
        if len(found) <= limit:
            return {"results": page}
        return {"results": page, "paging": {"next": {"after": page[-1]["id"], "link": "?after"}}}

    def _records(self, req: falcon.Request) -> Records:
        name = _object_type(req).lower()
        for records in self._around.types:
            if name in records.type.names:
                return records
        raise bad_request(f"Unable to infer object type from: {name}")


def _parts(req: falcon.Request) -> list[str]:
    return [part for part in req.path.split("/") if part]


def _operation(req: falcon.Request) -> str:
    """Return what a path is about, "unknown" for one that HubSpot does not have."""
    match _parts(req):
        case ["oauth", api, "token"] if api in DATED | {"v3"}:
            return "token"
        case ["account-info", api, "details"] if api in DATED | {"v3"}:
            return "account"
        case ["account-info", api, "api-usage", "daily", "private-apps"] if api in DATED | {"v3"}:
            return "usage"
        case ["crm", "v3", part, _, *rest]:
            return _of_crm(part, rest)
        case ["crm", part, api, _, *rest] if api in DATED:
            return _of_crm(part, rest)
    return "unknown"


def _of_crm(part: str, rest: list[str]) -> str:
    match part, rest:
        case "properties", []:
            return "properties"
        case "objects", []:
            return "list"
        case "objects", ["batch", "upsert"]:
            return "upsert"
    return "unknown"


def _object_type(req: falcon.Request) -> str:
    return _parts(req)[3]
