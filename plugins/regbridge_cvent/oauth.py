"""Access tokens of Cvent's REST API: client credentials, kept until shortly before their end."""

from __future__ import annotations

import threading
from base64 import b64encode
from collections.abc import Callable, Sequence
from urllib.parse import urlencode

from regbridge import CredentialsError, RetryableError
from regbridge.http import Answer, Outbound
from regbridge_cvent.settings import AccountSettings

_EARLY = 60.0
"""Seconds before a token's end from which it is not used any more."""

_KNOWN = {
    "invalid_client": "Cvent does not know the client id, or the client secret is wrong",
    "unauthorized_client": "Cvent does not let this client use client credentials",
}


class Tokens:
    """The tokens of one account; `clock` gives seconds that only grow.

    Several threads may ask at once: one of them fetches, the others wait for it.
    """

    def __init__(
        self,
        account: AccountSettings,
        scopes: Sequence[str],
        outbound: Outbound,
        clock: Callable[[], float],
    ) -> None:
        self._account = account
        self._scopes = tuple(scopes)
        self._outbound = outbound
        self._clock = clock
        self._lock = threading.Lock()
        self._token = ""
        self._ends_at = 0.0

    def get(self) -> str:
        """Return a token that is good for a while.

        Raises `CredentialsError` when Cvent refuses to give one, and what `Outbound.send` raises.
        """
        with self._lock:
            if not self._token or self._clock() >= self._ends_at:
                self._fetch()
            return self._token

    def forget(self, token: str) -> None:
        """Never return a token again that Cvent took for bad."""
        with self._lock:
            if self._token == token:
                self._token = ""

    def _fetch(self) -> None:
        """Make the call of reference/cvent-rest-api.md, section 2."""
        begun = self._clock()
        client = self._account.client_id.get_secret_value()
        secret = self._account.client_secret.get_secret_value()
        form = {
            "grant_type": "client_credentials",
            "client_id": client,
            "scope": " ".join(self._scopes),
        }
        answer = self._outbound.send(
            "POST",
            f"{self._account.base_url}/oauth2/token",
            headers={
                "Authorization": f"Basic {b64encode(f'{client}:{secret}'.encode()).decode()}",
                "Content-Type": "application/x-www-form-urlencoded",
                "Accept": "application/json",
            },
            body=urlencode(form),
        )
        if answer.status != 200:
            raise _refusal(answer)
        given = answer.json()
        token = given.get("access_token") if isinstance(given, dict) else None
        if not isinstance(token, str) or not token:
            raise RetryableError("Cvent's answer to the request for a token holds none")
        lifetime = given.get("expires_in", 3600)
        seconds = float(lifetime) if isinstance(lifetime, int | float) else 3600.0
        self._token, self._ends_at = token, begun + max(seconds - _EARLY, seconds / 2)


def _refusal(answer: Answer) -> CredentialsError | RetryableError:
    if answer.status not in (400, 401, 403):
        return RetryableError(f"Cvent answers {answer.status} to the request for a token")
    given = answer.json()
    code = given.get("error") if isinstance(given, dict) else None
    why = _KNOWN.get(str(code), f"Cvent gives no token ({answer.status}, {_plain(code)})")
    return CredentialsError(
        f"{why}; compare client_id and client_secret with Cvent's developer portal"
    )


def _plain(code: object) -> str:
    text = str(code)
    return text if text.replace("_", "").isalpha() and len(text) < 50 else "no reason"
