"""Calls of the Dataverse Web API: headers, token, limits, and refusals told apart."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit

from regbridge import (
    AmbiguousError,
    CredentialsError,
    QuotaExceededError,
    RateLimit,
    RateLimiter,
    RetryableError,
)
from regbridge.http import Answer, Outbound, Tracing, repeatable
from regbridge_dynamics.connection import ConnectionSettings
from regbridge_dynamics.errors import THROTTLED, Refusal, Trouble, read_refusal
from regbridge_dynamics.oauth import Tokens
from regbridge_dynamics.pace import gate_of

BASE_PATH = "/api/data/v9.2"

JSON = {"Content-Type": "application/json; charset=utf-8"}
"""The header of a body."""

ANNOTATIONS = 'odata.include-annotations="*"'
"""What tells when a plug-in asks for a retry; of what is read it tells everything twice."""

# reference/dataverse-web-api.md, section 2.
_ALWAYS = {
    "Accept": "application/json",
    "OData-Version": "4.0",
    "OData-MaxVersion": "4.0",
    "If-None-Match": "null",
}
_TRACING = Tracing("x-ms-client-request-id", "x-ms-correlation-id", "x-ms-service-request-id")
_LARGEST = 64_000_000
_REFUSED = 300
_NO_CONTENT = 204
_OWN_TYPES = frozenset({"application/json", "multipart/mixed"})
_MAYBE_DONE = frozenset({500, 502, 504})
_USUAL_WAIT = 30.0
_LONGEST_WAIT = 3600.0
# So high that only the number of calls at once limits: the server itself says when it is too much,
# and a place is free again the moment its call ends.
_CALLS_PER_SECOND = 10_000.0


class WebApi:
    """One environment, for one app registration. Several threads may share it.

    No more than `connections` calls are under way at once; whoever has one more waits here.
    `throttled` is told each kind of 429 before the call fails. `options` are the optional headers
    of writes, `tag` the text that plug-ins see. `recommended` is how many calls at once Dataverse
    recommends, 0 before the first answer.
    """

    def __init__(
        self,
        settings: ConnectionSettings,
        limiter: RateLimiter,
        *,
        connections: int = 4,
        options: Mapping[str, str] | None = None,
        tag: str | None = None,
        throttled: Callable[[Trouble], None] = lambda _: None,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self.url = settings.url
        self.options = dict(options or {})
        self.tag = {"tag": tag} if tag else {}
        self._tokens = Tokens(settings)
        self._limiter = limiter
        self._gate = gate_of(limiter)
        self._own = threading.Semaphore(connections)
        self._throttled = throttled
        self.clock = clock
        self.recommended = 0
        self._lock = threading.Lock()
        self._outbound = Outbound(
            "Dataverse",
            settings.url,
            connections=connections,
            answer_seconds=settings.timeout_seconds,
            longest_seconds=settings.timeout_seconds * 2,
            largest=_LARGEST,
            tracing=_TRACING,
            shows_path=True,
        )

    def get(
        self,
        path: str,
        params: Mapping[str, str] | None = None,
        *,
        prefer: str = "",
        annotations: str = ANNOTATIONS,
    ) -> Answer | Refusal:
        """Read something; `path` begins below the base. Raises as `send` does."""
        with repeatable():
            return self.send("GET", path, params=params, prefer=prefer, annotations=annotations)

    def send(
        self,
        method: str,
        path: str,
        *,
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
        prefer: str = "",
        annotations: str = ANNOTATIONS,
        params: Mapping[str, str] | None = None,
    ) -> Answer | Refusal:
        """Make one call; return its answer, or the refusal that may concern single records.

        Raises `QuotaExceededError` for each kind of 429, after everybody who shares the credential
        was stopped; `CredentialsError` when a new token is refused too; `RetryableError` and
        `AmbiguousError` when the service does not answer.
        """
        token = self._tokens.token()
        preferences = ", ".join(filter(None, (prefer, annotations)))
        given = {**_ALWAYS, **(headers or {}), "Prefer": preferences}
        found = self._call(method, path, body, given, params, token)
        if isinstance(found, Refusal) and found.trouble is Trouble.UNAUTHENTICATED:
            token = self._tokens.renewed(token)
            found = self._call(method, path, body, given, params, token)
        if isinstance(found, Refusal):
            self._raise_if_of_all(found)
        return found

    def stop(self, refusal: Refusal) -> QuotaExceededError:
        """Stop everybody who shares the credential until Dataverse takes calls again.

        Who goes on sending waits longer (reference/dataverse-web-api.md, section 8).
        """
        wait = _USUAL_WAIT if refusal.retry_after is None else refusal.retry_after
        until = self.clock() + timedelta(seconds=min(max(wait, 1.0), _LONGEST_WAIT))
        if refusal.trouble is Trouble.CONCURRENCY:
            self._gate.pace.ease()
        self._throttled(refusal.trouble)
        self._limiter.block(until, str(refusal))
        return QuotaExceededError(str(refusal), until=until, detail=refusal.detail)

    def close(self) -> None:
        """Close the connections."""
        self._outbound.close()
        self._tokens.close()

    def _call(
        self,
        method: str,
        path: str,
        body: bytes | None,
        headers: Mapping[str, str],
        params: Mapping[str, str] | None,
        token: str,
    ) -> Answer | Refusal:
        given = {**headers, "Authorization": f"Bearer {token}"}
        with (
            self._gate.place() as most,
            self._limiter.call(RateLimit(_CALLS_PER_SECOND, most)),
            self._own,  # taken last and given back first: the next need not wait for the ledger
        ):
            self._limiter.refuse_if_blocked()  # by what others heard while this call waited
            answer = self._outbound.send(
                method, self._address(path), headers=given, body=body, params=params
            )
        self._heed(answer)
        if answer.status < _REFUSED:
            _require_own(answer)
            self._gate.pace.went_well()
            return answer
        return read_refusal(answer, self.clock())

    def _address(self, path: str) -> str:
        return f"{self.url}{BASE_PATH}/{path}"

    def _heed(self, answer: Answer) -> None:
        """Take the recommended parallelism as the ceiling of all calls with this credential."""
        text = answer.headers.get("x-ms-dop-hint", "")
        if text.isascii() and text.isdecimal() and 0 < int(text[:6]) != self.recommended:
            with self._lock:
                self.recommended = int(text[:6])
                self._gate.pace.set_most(self.recommended)

    def _raise_if_of_all(self, refusal: Refusal) -> None:
        if refusal.trouble in THROTTLED:
            raise self.stop(refusal)
        if refusal.trouble is Trouble.UNAUTHENTICATED:
            raise CredentialsError(
                f"Dataverse refuses a new token: {refusal}; make an application user for the app "
                "registration in the environment",
                detail=refusal.detail,
            )
        if refusal.is_of_service and refusal.status in _MAYBE_DONE:
            raise AmbiguousError(str(refusal), detail=refusal.detail)
        if refusal.is_of_service:
            raise RetryableError(
                str(refusal), retry_after=refusal.retry_after, detail=refusal.detail
            )


def _require_own(answer: Answer) -> None:
    """Raise `AmbiguousError` for what only something between answers, such as a login page."""
    kind = answer.headers.get("Content-Type", "").partition(";")[0].strip().lower()
    if answer.status != _NO_CONTENT and kind not in _OWN_TYPES:
        raise AmbiguousError(
            f"something answers {answer.status} in the place of Dataverse "
            f"({kind or 'no Content-Type'})"
        )


def limiter_key(settings: ConnectionSettings) -> str:
    """Return what names a credential among the limiters; limits hold for each user."""
    return f"dynamics {urlsplit(settings.url).netloc} {settings.client_id.lower()}"
