"""The client of Cvent's REST API: every call within the account's limit, retried as documented."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

import msgspec
from tenacity import RetryCallState, Retrying, retry_if_exception_type, stop_after_attempt

from regbridge import (
    AmbiguousError,
    CredentialsError,
    QuotaExceededError,
    RateLimit,
    RateLimiter,
    RegbridgeError,
    RejectedError,
    RetryableError,
)
from regbridge.http import Answer, Outbound
from regbridge_cvent.now import Now
from regbridge_cvent.oauth import Tokens
from regbridge_cvent.pages import Page, read_page, read_row
from regbridge_cvent.refusals import (
    BadTokenError,
    GatewayError,
    QuotaError,
    ThrottledError,
    next_midnight,
    refusal,
)
from regbridge_cvent.scopes import scope_of
from regbridge_cvent.settings import AccountSettings

FREE = RateLimit(2, 1)
"""The pace of the smallest tier, which no account is too small for."""

# A call keeps its place for a second, so that it counts among those of any tier.
_ASKING = RateLimit(1, 1)
_ATTEMPTS = 5
_FIRST_WAIT, _LONGEST_WAIT = 2.0, 16.0
_ASK_AGAIN = 600.0
_LARGEST = 50_000_000
_MOST_PAGES = 100_000


@dataclass(frozen=True, slots=True)
class Call:
    """One call. `template` is a path such as `/events/{}`, which `ids` fill."""

    method: str
    template: str
    ids: tuple[str, ...] = ()
    query: Mapping[str, Any] = field(default_factory=dict)
    body: bytes | None = None

    @property
    def path(self) -> str:
        """The path, with the ids in it."""
        return self.template.format(*(quote(each, safe="") for each in self.ids))

    @property
    def operation(self) -> str:
        """What the call is called in errors; it names nobody."""
        return f"{self.method} {self.template.replace('{}', '{id}')}"


class CventClient:
    """Reads from one account. Safe to share between threads.

    All calls are reads, so every failure that may pass is tried again: 2 seconds, doubled to 16,
    with up to a second by chance, 5 attempts (reference/cvent-rest-api.md, section 3). Then
    `RetryableError` is left to the host. A quota that is used up blocks the account until midnight
    GMT, for everybody who shares its limiter.
    """

    def __init__(
        self,
        account: AccountSettings,
        scopes: Sequence[str],
        limiter: RateLimiter,
        now: Now | None = None,
        page_size: int = 200,
    ) -> None:
        self.page_size = page_size
        self.now = now or Now()
        self._account = account
        self._limiter = limiter
        self._limit = account.limit
        self._ask_at = 0.0
        self._asking = threading.RLock()
        self._outbound = Outbound(
            "Cvent", account.base_url, largest=_LARGEST, longest_seconds=90.0, shows_path=True
        )
        self._tokens = Tokens(account, scopes, self._outbound, self.now.seconds)

    def get(self, template: str, *ids: str, **query: Any) -> Any:
        """Return the JSON of a GET. `template` is a path such as `/events/{}`, `ids` fill it.

        Raises `CredentialsError`, `QuotaExceededError`, `RetryableError`, or `RejectedError` for
        what Cvent refuses (`NotFoundError` for what it does not have).
        """
        return self._answer(Call("GET", template, ids, query)).json()

    def page(
        self, method: str, template: str, *ids: str, where: str = "", token: str = "", **query: Any
    ) -> Page:
        """Return one page of a list: the first one, or the one that a token names.

        `where` is the filter; with POST it goes into the body. Raises what `get` raises.
        """
        body = msgspec.json.encode({"filter": where}) if method == "POST" else None
        if where and body is None:
            query["filter"] = where
        if token:
            query["token"] = token
        query["limit"] = self.page_size
        return read_page(self._answer(Call(method, template, ids, query, body)))

    def pages(
        self, method: str, template: str, *ids: str, where: str = "", **query: Any
    ) -> Iterator[Page]:
        """Yield the pages of a list, which may be empty, as far as they are asked for.

        `where` is as in `page`. Raises what `get` raises.
        """
        token = ""
        seen: set[str] = set()
        while len(seen) < _MOST_PAGES:
            page = self.page(method, template, *ids, where=where, token=token, **query)
            yield page
            token = page.next_token
            if not token:
                return
            if token in seen:
                raise RetryableError(f"Cvent repeats a page of {method} {template}")
            seen.add(token)
        raise RetryableError(f"{method} {template} of Cvent has no end")

    def rows(
        self, method: str, template: str, *ids: str, where: str = "", **query: Any
    ) -> Iterator[dict[str, Any]]:
        """Yield the rows of all pages as JSON objects."""
        for page in self.pages(method, template, *ids, where=where, **query):
            yield from map(read_row, page.data)

    def limit(self) -> RateLimit:
        """Return the account's pace: that of the settings, or what its tier says.

        The tier is asked for once, by one thread; the others wait for it. While it cannot be had,
        the smallest tier's pace is kept.
        """
        with self._asking:  # the question itself comes by here again
            if self._limit is None or self._ask_at:
                now = self.now.seconds()
                if self._limit is not None and now < self._ask_at:
                    return self._limit
                self._limit, self._ask_at = _ASKING, now + _ASK_AGAIN
                try:
                    self._limit = _pace(self.get("/usage/tier"))
                    self._ask_at = 0.0
                except (RetryableError, RejectedError):
                    self._limit = FREE
                except RegbridgeError:
                    self._limit, self._ask_at = None, 0.0
                    raise
            return self._limit

    def close(self) -> None:
        """Close the connections."""
        self._outbound.close()

    def _answer(self, call: Call) -> Answer:
        limit = self.limit()
        retrying = Retrying(
            retry=retry_if_exception_type((ThrottledError, GatewayError, _LostError)),
            stop=stop_after_attempt(_ATTEMPTS),
            wait=self._wait,
            sleep=self.now.sleep,
            reraise=True,
        )
        answer: Answer = retrying(self._attempt, call, limit)
        return answer

    def _attempt(self, call: Call, limit: RateLimit) -> Answer:
        """Make a call; a token that is taken for bad is replaced once."""
        try:
            return self._send(call, limit)
        except BadTokenError:
            pass
        try:
            return self._send(call, limit)
        except BadTokenError as error:
            raise CredentialsError(f"{error}, and a new token is no better") from None

    def _send(self, call: Call, limit: RateLimit) -> Answer:
        try:
            token = self._tokens.get()
            with self._limiter.call(limit):
                answer = self._outbound.send(
                    call.method,
                    f"{self._account.base_url}{call.path}",
                    headers=_headers(call, token),
                    params={name: str(value) for name, value in call.query.items()},
                    body=call.body,
                )
        except (RetryableError, AmbiguousError) as error:
            raise _LostError(str(error), detail=error.detail) from error
        if answer.status == 200:
            return answer
        refused = refusal(call.operation, answer, scope_of(call.template))
        if isinstance(refused, BadTokenError):
            self._tokens.forget(token)
        if isinstance(refused, QuotaError):
            until = next_midnight(self.now.moment())
            self._limiter.block(until, str(refused))
            raise QuotaExceededError(str(refused), until=until)
        raise refused

    def _wait(self, state: RetryCallState) -> float:
        wait = min(_FIRST_WAIT * 2.0 ** (state.attempt_number - 1), _LONGEST_WAIT)
        return wait + self.now.jitter()


class _LostError(RetryableError):
    """No answer came; a read may be made again."""


def _headers(call: Call, token: str) -> dict[str, str]:
    headers = {"Accept": "application/json", "Authorization": f"Bearer {token}"}
    return headers | ({"Content-Type": "application/json"} if call.body is not None else {})


def _pace(tier: Any) -> RateLimit:
    """Return the pace of `GET /usage/tier`, that of the smallest tier if it does not say."""
    found = tier if isinstance(tier, dict) else {}
    rate, burst, quota = (found.get(name) for name in ("rateLimit", "burstLimit", "quota"))
    if isinstance(rate, int | float) and isinstance(burst, int | float) and rate > 0:
        per_day = int(quota) if isinstance(quota, int | float) else None
        return RateLimit(float(rate), max(1, int(burst)), per_day)
    return FREE
