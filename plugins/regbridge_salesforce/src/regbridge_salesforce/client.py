"""Calls of Salesforce's REST API: token, limits, and refusals told apart."""

from __future__ import annotations

import re
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
from regbridge.http import Answer, Outbound, repeatable, seconds_to_wait
from regbridge_salesforce.connection import ConnectionSettings
from regbridge_salesforce.errors import Refusal, Trouble, read_refusal
from regbridge_salesforce.oauth import Tokens

DATA = "/services/data"

_JSON = "application/json"
_LARGEST = 64_000_000
_REFUSED = 300
_MAYBE_DONE = frozenset({500, 502, 504})
_USUAL_WAIT = 30.0
# So high that only the number of calls at once limits: Salesforce counts a day's calls, and those
# that last 20 seconds or longer; it has no limit by the second.
_CALLS_PER_SECOND = 10_000.0
_USAGE = re.compile(r"(?:^|[;,\s])api-usage=(\d{1,12})/(\d{1,12})", re.ASCII)


class RestApi:
    """One org, for one app. Several threads may share it.

    No more than `at_once` calls of all who share the ledger are under way. When `reserve` calls of
    the org's day are left, nobody makes one for `pause`. `calls` are those that the org has
    made and those that it may make, as its last answer said; (0, 0) before the first one.
    """

    def __init__(
        self,
        settings: ConnectionSettings,
        limiter: RateLimiter,
        *,
        at_once: int = 2,
        reserve: int = 0,
        pause: timedelta = timedelta(hours=1),
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self.url = settings.url
        self.base = f"{DATA}/v{settings.api_version}"
        self.clock = clock
        self.calls = (0, 0)
        self._tokens = Tokens(settings, clock)
        self._limiter = limiter
        self._limit = RateLimit(_CALLS_PER_SECOND, at_once)
        self._own = threading.Semaphore(at_once)
        self._reserve = reserve
        self._pause = pause
        self._outbound = Outbound(
            "Salesforce",
            settings.url,
            connections=at_once,
            answer_seconds=settings.timeout_seconds,
            longest_seconds=settings.timeout_seconds * 2,
            largest=_LARGEST,
            shows_path=True,
        )

    @property
    def instance(self) -> str:
        """The address that Salesforce named beside the token, "" if none."""
        return self._tokens.instance

    def versions(self) -> list[str]:
        """Return the versions that the org has, the newest last; this takes no token."""
        found = self._outbound.send("GET", f"{self.url}{DATA}", headers={"Accept": _JSON})
        document = found.json() if found.status < _REFUSED else []
        listed = document if isinstance(document, list) else []
        return [str(one["version"]) for one in listed if isinstance(one, dict) and "version" in one]

    def get(
        self,
        path: str,
        params: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Answer | Refusal:
        """Read something. Raises as `send` does."""
        with repeatable():
            return self.send("GET", path, params=params, headers=headers)

    def send(
        self,
        method: str,
        path: str,
        *,
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
        params: Mapping[str, str] | None = None,
    ) -> Answer | Refusal:
        """Make one call below the version; return its answer, or the refusal of what was sent.

        Raises `QuotaExceededError` when the org's calls are used up or nearly so, after everybody
        who shares them was stopped; `CredentialsError` when a new token is refused too, or the
        user may not use the API; `RetryableError` and `AmbiguousError` when Salesforce does not
        answer.
        """
        given = {"Accept": _JSON, **({"Content-Type": _JSON} if body else {}), **(headers or {})}
        token = self._tokens.token()
        found = self._call(method, path, body, given, params, token)
        if isinstance(found, Refusal) and found.trouble is Trouble.UNAUTHENTICATED:
            token = self._tokens.renewed(token)
            found = self._call(method, path, body, given, params, token)
        if isinstance(found, Refusal):
            self._raise_if_of_all(found)
        return found

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
        with self._limiter.call(self._limit), self._own:
            self._limiter.refuse_if_blocked()  # by what others heard while this call waited
            answer = self._outbound.send(
                method, f"{self.url}{self.base}{path}", headers=given, body=body, params=params
            )
        self._heed(answer)
        if answer.status < _REFUSED:
            _require_own(answer)
            return answer
        refusal = read_refusal(answer)
        if refusal.trouble is Trouble.LATER and not refusal.is_from_salesforce:
            raise _from_between(answer, refusal, self.clock())
        return refusal

    def _heed(self, answer: Answer) -> None:
        """Stop everybody in time: the last calls of the org's day are for its other apps."""
        found = _USAGE.search(answer.headers.get("Sforce-Limit-Info", ""))
        if not found:
            return
        used, most = int(found[1]), int(found[2])
        self.calls = (used, most)
        if self._reserve and most - used <= self._reserve:
            self._stop(
                f"the org has made {used:,} of its {most:,} calls of the last 24 hours, and the "
                f"last {self._reserve:,} are left to others (reserve_calls)"
            )

    def _stop(self, text: str) -> QuotaExceededError:
        until = self.clock() + self._pause
        self._limiter.block(until, text)
        return QuotaExceededError(text, until=until)

    def _raise_if_of_all(self, refusal: Refusal) -> None:
        match refusal.trouble:
            case Trouble.QUOTA:
                raise self._stop(str(refusal))
            case Trouble.CONCURRENCY if self.calls[0] >= self.calls[1] > 0:
                raise self._stop(f"{Trouble.QUOTA} ({refusal.code})")
            case Trouble.CONCURRENCY:
                raise RetryableError(str(refusal), retry_after=_USUAL_WAIT)
            case Trouble.UNAUTHENTICATED:
                raise CredentialsError(
                    f"Salesforce refuses a new token: {refusal}; see that the app's scopes have "
                    "api and the user may use the API"
                )
            case Trouble.RIGHTS:
                raise CredentialsError(
                    f"{refusal}; see the permission sets of the integration user"
                )
            case Trouble.LATER if refusal.status in _MAYBE_DONE:
                raise AmbiguousError(str(refusal))
            case Trouble.LATER:
                raise RetryableError(str(refusal))


def _require_own(answer: Answer) -> None:
    """Raise `AmbiguousError` for what only something between answers, such as a login page."""
    kind = answer.headers.get("Content-Type", "").partition(";")[0].strip().lower()
    if kind != _JSON:
        raise AmbiguousError(
            f"something answers {answer.status} in the place of Salesforce "
            f"({kind or 'no Content-Type'})"
        )


def _from_between(
    answer: Answer, refusal: Refusal, now: datetime
) -> RetryableError | AmbiguousError:
    if answer.status in _MAYBE_DONE:
        return AmbiguousError(str(refusal))
    return RetryableError(str(refusal), retry_after=seconds_to_wait(answer.headers, now))


def limiter_key(settings: ConnectionSettings) -> str:
    """Return what names an org among the limiters: its calls are counted for all apps together."""
    return f"salesforce {urlsplit(settings.url).netloc}"
