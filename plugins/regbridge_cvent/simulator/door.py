"""What a call passes before its operation answers: limits, faults, the token."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

import falcon

from regbridge.testing.server import DROP
from regbridge_cvent.simulator.behaviour import Behaviour
from regbridge_cvent.simulator.calls import DROPPED, Call, CallLog
from regbridge_cvent.simulator.errors import ApiError
from regbridge_cvent.simulator.faults import Faults
from regbridge_cvent.simulator.limiter import Limiter, Verdict
from regbridge_cvent.simulator.oauth import Tokens

BASE_PATH = "/ea"
TOKEN_PATH = "/ea/oauth2/token"  # noqa: S105 - a path

# The only difference between the two is the message (section 3 of the reference).
_REFUSALS = {Verdict.THROTTLED: "Too Many Requests", Verdict.EXCEEDED: "Limit Exceeded"}


class DroppedConnection(Exception):  # noqa: N818 - no error of ours
    """The connection was ended in the middle of a call."""


class GatewayFault(Exception):  # noqa: N818
    """Something in front of the API failed; `status` is 502, 503 or 504."""

    def __init__(self, status: int) -> None:
        super().__init__(status)
        self.status = status


class Door:
    """Middleware that every call under the base path goes through.

    In this order: counting, the length of the URL, a fault by chance, the token, the limits. A call
    without a valid token is counted, but answered 401 whatever the limits say.
    """

    def __init__(
        self,
        behaviour: Behaviour,
        tokens: Tokens,
        calls: CallLog,
        clock: Callable[[], datetime],
        sleep: Callable[[float], None],
    ) -> None:
        self.limiter = Limiter(behaviour.tier, clock)
        self._behaviour = behaviour
        self._faults = Faults(behaviour.fault_rate, behaviour.seed)
        self._tokens = tokens
        self._calls = calls
        self._clock = clock
        self._sleep = sleep

    def process_request(self, request: falcon.Request, _: falcon.Response) -> None:
        """Note when a call arrives."""
        request.context.arrived = self._clock()

    def process_resource(self, request: falcon.Request, _: falcon.Response, *__: Any) -> None:
        """Let a call to a known path in, or refuse it."""
        if request.path == TOKEN_PATH:
            self._delay_or_fail(request)
        elif is_api(request):
            self.enter(request)

    def process_response(self, request: falcon.Request, response: falcon.Response, *_: Any) -> None:
        """Tell what is left of the quota, and log the call."""
        if not is_api(request):
            return
        is_token = request.path == TOKEN_PATH
        self._tell_quota(response)
        status = DROPPED if getattr(request.context, "dropped", False) else response.status_code
        template = (request.uri_template or f"{BASE_PATH}/(unknown)").removeprefix(BASE_PATH)
        call = Call(request.context.arrived, request.method, template, status)
        self._calls.record(call, is_token=is_token)

    def enter(self, request: falcon.Request) -> None:
        """Let a call in. Raises what it is refused or fails with."""
        verdict = self.limiter.admit()
        self._require_short_url(request)
        self._delay_or_fail(request)
        request.context.scopes = self._tokens.scopes_of(request.get_header("Authorization") or "")
        if verdict is not Verdict.ADMITTED:
            raise ApiError(429, _REFUSALS[verdict])

    def _require_short_url(self, request: falcon.Request) -> None:
        if len(request.uri) > self._behaviour.url_limit:
            raise ApiError(414, f"the URL has more than {self._behaviour.url_limit:,} characters")

    def _delay_or_fail(self, request: falcon.Request) -> None:
        if self._behaviour.latency:
            self._sleep(self._behaviour.latency)
        fault = self._faults.next()
        if fault == DROPPED:
            request.context.dropped = True
            request.env[DROP]()
            raise DroppedConnection
        if fault is not None:
            raise GatewayFault(fault)

    def _tell_quota(self, response: falcon.Response) -> None:
        quota = self.limiter.quota()
        if quota.limit is not None:
            response.set_header("X-RateLimit-Limit", str(quota.limit))
            response.set_header("X-RateLimit-Remaining", str(quota.remaining))
            response.set_header("X-RateLimit-Reset", str(quota.reset))


def is_api(request: falcon.Request) -> bool:
    """Say whether a call is one of the API's, and not one of the simulator's own."""
    return request.path.startswith(f"{BASE_PATH}/")
