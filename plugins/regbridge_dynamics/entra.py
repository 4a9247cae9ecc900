"""Carries msal's calls to Entra ID over regbridge's own connections, which are bounded."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from urllib.parse import urlencode, urlsplit

import requests

from regbridge import AmbiguousError, RetryableError
from regbridge.http import Answer, Outbound, seconds_to_wait

_LARGEST = 1_000_000
_ANSWER_SECONDS = 30.0
_LONGEST_SECONDS = 60.0
_NOT_NOW = frozenset({301, 302, 303, 307, 308, 408, 429})
_BROKEN = 500


class UnansweredError(requests.RequestException):
    """Entra ID gives no answer now; as msal knows its kind, a token that it has stays in use."""

    def __init__(self, error: RetryableError) -> None:
        super().__init__(str(error))
        self.error = error


@dataclass(frozen=True, slots=True)
class EntraAnswer:
    """An answer as msal reads it."""

    status_code: int
    text: str = field(repr=False)
    headers: Mapping[str, str] = field(repr=False)

    def raise_for_status(self) -> None:
        """Do nothing: what is no answer was raised before."""


class EntraHttp:
    """What msal takes as its `http_client`.

    msal takes no authority over plain http; with `authority` on this machine (only a simulator's
    is) the calls that it makes to https go there all the same. Raises `UnansweredError`.
    """

    def __init__(self, authority: str) -> None:
        self._authority = authority
        self._outbound = Outbound(
            "Entra ID",
            authority,
            connections=1,
            answer_seconds=_ANSWER_SECONDS,
            longest_seconds=_LONGEST_SECONDS,
            largest=_LARGEST,
            shows_path=True,
        )

    def get(
        self,
        url: str,
        params: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        **_: object,
    ) -> EntraAnswer:
        """Make a GET, as for the tenant's endpoints."""
        return self._send("GET", url, params, headers)

    def post(
        self,
        url: str,
        params: Mapping[str, str] | None = None,
        data: Mapping[str, str] | str | None = None,
        headers: Mapping[str, str] | None = None,
        **_: object,
    ) -> EntraAnswer:
        """Post a form, as for a token."""
        body = data if isinstance(data, str) else urlencode(data or {})
        given = {**(headers or {}), "Content-Type": "application/x-www-form-urlencoded"}
        return self._send("POST", url, params, given, body)

    def close(self) -> None:
        """Close the connections."""
        self._outbound.close()

    def _send(
        self,
        method: str,
        url: str,
        params: Mapping[str, str] | None,
        headers: Mapping[str, str] | None,
        body: str | None = None,
    ) -> EntraAnswer:
        try:
            answer = self._outbound.send(
                method, self._reached(url), headers=headers, body=body, params=params
            )
        except (RetryableError, AmbiguousError) as error:
            # To ask for a token twice does no harm.
            raise UnansweredError(RetryableError(str(error), detail=error.detail)) from None
        if answer.status in _NOT_NOW or answer.status >= _BROKEN:
            raise UnansweredError(_not_now(answer))
        return EntraAnswer(answer.status, answer.body.decode("utf-8", "replace"), answer.headers)

    def _reached(self, url: str) -> str:
        own = urlsplit(self._authority)
        if own.scheme == "http" and urlsplit(url).netloc == own.netloc:
            return f"http://{url.partition('://')[2]}"
        return url


def _not_now(answer: Answer) -> RetryableError:
    text = f"Entra ID gives no token now (it answers {answer.status})"
    return RetryableError(text, retry_after=seconds_to_wait(answer.headers, datetime.now(UTC)))
