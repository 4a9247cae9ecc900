"""Calls of HubSpot's API: token, limits, and which refusals concern everybody."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from regbridge import (
    AmbiguousError,
    CredentialsError,
    QuotaExceededError,
    RateLimit,
    RateLimiter,
    RegbridgeError,
    RetryableError,
)
from regbridge.http import Answer, Outbound, Tracing, repeatable, seconds_to_wait
from regbridge_hubspot.faults import Fault, read_fault
from regbridge_hubspot.paths import Paths
from regbridge_hubspot.quota import next_day, zone_named
from regbridge_hubspot.settings import ConnectionSettings
from regbridge_hubspot.tokens import Tokens, limiter_key

_JSON = "application/json"
_TEN_SECONDS = 10.0
_LOCKED = 2.0
_MIGRATION = 60.0
_LONGEST = 86_400.0
_OF_RECORDS = frozenset({400, 409, 413, 422})
_MAYBE_DONE = frozenset({500, 502, 504, 520, 521, 522, 523, 524})
_UUID = re.compile("[0-9a-fA-F-]{36}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Refusal:
    """A whole call that HubSpot refuses because of what its records hold."""

    status: int
    fault: Fault


@dataclass(frozen=True, slots=True)
class Account:
    """What an account says about itself; its day begins at midnight in `zone`."""

    portal: str = ""
    kind: str = ""
    zone: ZoneInfo | None = None


@dataclass(frozen=True, slots=True)
class Allowance:
    """How many calls an interval may hold, as HubSpot's headers say it."""

    calls: int
    seconds: float


class HubspotApi:
    """One HubSpot account, for one credential. Several threads may share it.

    `allowance` is what the headers of the last answer said about the limit, None before that.
    """

    def __init__(
        self,
        settings: ConnectionSettings,
        limiter: RateLimiter,
        *,
        connections: int = 2,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self.paths = Paths(settings.api)
        self.allowance: Allowance | None = None
        self._url = settings.url
        self._is_static = settings.oauth is None
        self._limiter = limiter
        self._limit = RateLimit(settings.calls_per_10_seconds / _TEN_SECONDS, connections)
        self._clock = clock
        self._account: Account | None = None
        self._lock = threading.Lock()
        self._outbound = Outbound(
            "HubSpot",
            settings.url,
            connections=connections,
            answer_seconds=settings.timeout_seconds,
            longest_seconds=settings.timeout_seconds * 2,
            tracing=Tracing(answer="X-HubSpot-Correlation-Id"),
            shows_path=True,
        )
        self._tokens = Tokens(settings, self.paths.token, self._outbound, clock)

    def get(self, path: str, params: Mapping[str, str] | None = None) -> Any:
        """Read something and return its JSON. Raises as `send` does, and for any refusal."""
        found = self.read(path, params)
        if isinstance(found, Refusal):
            what = found.fault.category or found.status
            raise RetryableError(f"HubSpot does not answer this question ({what})")
        return found.json()

    def read(self, path: str, params: Mapping[str, str] | None = None) -> Answer | Refusal:
        """Read something. Raises as `send` does, but that nothing is in doubt."""
        with repeatable():
            return self.send("GET", path, params=params)

    def send(
        self,
        method: str,
        path: str,
        *,
        body: bytes | None = None,
        params: Mapping[str, str] | None = None,
    ) -> Answer | Refusal:
        """Make one call; return its answer, or the refusal that concerns its records.

        Raises `QuotaExceededError` after everybody who shares the credential was stopped,
        `CredentialsError` for a token or scopes that do not suffice, `RetryableError` and
        `AmbiguousError` when HubSpot does not work.
        """
        token = self._tokens.token()
        headers = {"Authorization": f"Bearer {token}", "Accept": _JSON}
        if body is not None:
            headers["Content-Type"] = _JSON
        with self._limiter.call(self._limit):
            self._limiter.refuse_if_blocked()  # by what others heard while this call waited
            answer = self._outbound.send(
                method, f"{self._url}{path}", headers=headers, body=body, params=params
            )
        self._heed(answer)
        if answer.status < 300:
            _require_own(answer)
            return answer
        return self._refused(answer, token)

    def account(self) -> Account:
        """Return what the account says about itself, asked for once; empty when it says nothing.

        A credential that may not ask still delivers, so no error of this question is raised.
        """
        with self._lock:
            if self._account is None:
                try:
                    self._account = _account(self.get(self.paths.account))
                except CredentialsError:
                    self._account = Account()
                except RegbridgeError:
                    return Account()
            return self._account

    def close(self) -> None:
        """Close the connections."""
        self._outbound.close()

    def _heed(self, answer: Answer) -> None:
        calls = _whole(answer, "X-HubSpot-RateLimit-Max")
        milliseconds = _whole(answer, "X-HubSpot-RateLimit-Interval-Milliseconds")
        if calls and milliseconds:
            self.allowance = Allowance(calls, milliseconds / 1000)

    def _refused(self, answer: Answer, token: str) -> Refusal:
        """Return a refusal of records; raise what concerns every call."""
        document = _document(answer)
        fault = read_fault(document)
        detail = _detail(answer, fault, document)
        wait = seconds_to_wait(answer.headers, self._clock())
        match answer.status:
            case 401:
                raise self._unauthenticated(fault, token, detail)
            case 403:
                raise _forbidden(fault, detail)
            case 429:
                raise self._throttled(answer, document, fault, wait)
            case 477:
                text = "HubSpot is moving the account to another data centre (477)"
                raise self._stop(self._after(wait or _MIGRATION), text)
            case 423:
                text = "HubSpot has locked these records for a moment (423)"
                raise RetryableError(text, retry_after=max(wait or 0.0, _LOCKED), detail=detail)
            case status if status in _OF_RECORDS and document:
                return Refusal(status, fault)
            case status if status in _MAYBE_DONE:
                raise AmbiguousError(f"HubSpot failed ({status})", detail=detail)
            case 404 | 405 | 414 | 415 as status if document:
                text = f"HubSpot has no such object type, or no such version of its API ({status})"
                raise RetryableError(f"{text}; correct object_type or api", detail=detail)
        raise RetryableError(
            f"HubSpot does not work now ({answer.status})", retry_after=wait, detail=detail
        )

    def _unauthenticated(self, fault: Fault, token: str, detail: str) -> RegbridgeError:
        if fault.category == "EXPIRED_AUTHENTICATION" and not self._is_static:
            self._tokens.expired(token)
            text = "HubSpot says that the access token has ended before its time"
            return RetryableError(f"{text}; another one is fetched", detail=detail)
        what = f" ({fault.category})" if fault.category else ""
        remedy = (
            "give a service key, or the token of a private app, that is still there"
            if self._is_static
            else "see that the app is still installed in the account"
        )
        return CredentialsError(
            f"HubSpot does not accept the access token{what}; {remedy}", detail=detail
        )

    def _throttled(
        self, answer: Answer, document: Mapping[str, Any], fault: Fault, wait: float | None
    ) -> QuotaExceededError:
        """Stop everybody: until the account's midnight, or until ten seconds are over."""
        left = answer.headers.get("X-HubSpot-RateLimit-Daily-Remaining", "").strip()
        policy = str(document.get("policyName") or "").upper()
        if policy == "DAILY" or (not policy and ("daily" in fault.message or left == "0")):
            zone = self._account.zone if self._account else None
            text = "the account has made as many calls as HubSpot allows in a day (DAILY)"
            return self._stop(next_day(self._clock(), zone), text)
        text = f"more calls than HubSpot allows in ten seconds ({policy or 429})"
        return self._stop(self._after(max(wait or 0.0, _TEN_SECONDS)), text)

    def _after(self, seconds: float) -> datetime:
        return self._clock() + timedelta(seconds=min(seconds, _LONGEST))

    def _stop(self, until: datetime, text: str) -> QuotaExceededError:
        self._limiter.block(until, text)
        return QuotaExceededError(text, until=until)


def api_of(
    settings: ConnectionSettings, limiter_of: Callable[[str], RateLimiter], **options: Any
) -> HubspotApi:
    """Return an account's API under the limiter that all share who use its credential."""
    return HubspotApi(settings, limiter_of(limiter_key(settings)), **options)


def _forbidden(fault: Fault, detail: str) -> CredentialsError:
    if fault.scopes:
        text = f"HubSpot asks for the scopes {', '.join(fault.scopes)}"
        return CredentialsError(f"{text}; give them to the service key or the app", detail=detail)
    what = f" ({fault.category})" if fault.category else ""
    text = f"HubSpot forbids this call{what}"
    return CredentialsError(f"{text}; look at the scopes of the credential", detail=detail)


def _account(said: Any) -> Account:
    given = said if isinstance(said, dict) else {}
    zone = zone_named(str(given.get("timeZone") or ""))
    return Account(str(given.get("portalId") or ""), str(given.get("accountType") or ""), zone)


def _document(answer: Answer) -> Mapping[str, Any]:
    """Return the error in HubSpot's form, empty for what something between says."""
    try:
        found = answer.json()
    except RetryableError:
        return {}
    return found if isinstance(found, dict) else {}


def _detail(answer: Answer, fault: Fault, document: Mapping[str, Any]) -> str:
    given = str(document.get("correlationId") or "")
    known = given if _UUID.fullmatch(given) else "without an id"
    return f"HubSpot answers {answer.status} {fault.category}, correlation {known}"


def _whole(answer: Answer, name: str) -> int:
    text = answer.headers.get(name, "").strip()
    return int(text[:9]) if text.isascii() and text.isdecimal() else 0


def _require_own(answer: Answer) -> None:
    """Raise `AmbiguousError` for what only something between answers, such as a login page."""
    kind = answer.headers.get("Content-Type", "").partition(";")[0].strip().lower()
    if kind != _JSON:
        raise AmbiguousError(
            f"something answers {answer.status} in the place of HubSpot "
            f"({kind or 'no Content-Type'})"
        )
