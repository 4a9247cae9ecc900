"""Access tokens: one that never ends, or one that a refresh token is exchanged for."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any
from urllib.parse import urlencode

from regbridge import CredentialsError, RegbridgeError, RetryableError
from regbridge.http import Answer, Outbound
from regbridge_hubspot.settings import ConnectionSettings, OAuthSettings

_FORM = {"Content-Type": "application/x-www-form-urlencoded", "Accept": "application/json"}
_MARGIN = timedelta(seconds=60)
_CODE = re.compile("[A-Za-z_]{1,60}", re.ASCII)


class Tokens:
    """The access tokens of one account, kept in memory. Several threads may share it.

    A token is exchanged a minute before `expires_in` says that it ends, and only then: a 401 is no
    sign that a new one is needed (developers.hubspot.com, "API usage guidelines").
    """

    def __init__(
        self,
        settings: ConnectionSettings,
        path: str,
        outbound: Outbound,
        clock: Callable[[], datetime],
    ) -> None:
        self._settings = settings
        self._url = f"{settings.url}{path}"
        self._outbound = outbound
        self._clock = clock
        self._lock = threading.Lock()
        self._token = ""
        self._ends: datetime | None = None

    def token(self) -> str:
        """Return a token that is good for now.

        Raises `CredentialsError` when HubSpot gives none, `RetryableError` when it does not answer.
        """
        if self._settings.oauth is None:
            assert self._settings.access_token
            return self._settings.access_token.get_secret_value()
        with self._lock:  # one exchange at a time: who comes later finds its token
            if self._ends is None or self._clock() >= self._ends:
                self._exchange(self._settings.oauth)
            return self._token

    def expired(self, token: str) -> None:
        """Forget a token of which HubSpot says that it has ended, whatever `expires_in` said."""
        with self._lock:
            if token == self._token:
                self._ends = None

    def _exchange(self, oauth: OAuthSettings) -> None:
        form = {
            "grant_type": "refresh_token",
            "client_id": oauth.client_id,
            "client_secret": oauth.client_secret.get_secret_value(),
            "refresh_token": oauth.refresh_token.get_secret_value(),
        }
        begun = self._clock()
        try:
            answer = self._outbound.send("POST", self._url, headers=_FORM, body=urlencode(form))
        except RegbridgeError as error:
            raise RetryableError(str(error), detail=error.detail) from None
        found = _document(answer)
        if answer.status != 200:
            raise _refused(answer, found)
        token, seconds = found.get("access_token"), found.get("expires_in")
        if not isinstance(token, str) or not token or not isinstance(seconds, int):
            raise RetryableError("HubSpot's answer holds no access token with the time of its end")
        self._token = token
        lasts = timedelta(seconds=seconds)
        self._ends = begun + max(lasts - _MARGIN, lasts / 2)


def limiter_key(settings: ConnectionSettings) -> str:
    """Return what names a credential among the limiters; HubSpot's limit is one of each app.

    A service key is known by itself alone, so by a digest, from which nobody finds the key.
    """
    secret = settings.oauth.refresh_token if settings.oauth else settings.access_token
    assert secret
    return f"hubspot {sha256(secret.get_secret_value().encode()).hexdigest()[:16]}"


def _document(answer: Answer) -> Mapping[str, Any]:
    try:
        found = answer.json()
    except RetryableError:
        return {}
    return found if isinstance(found, dict) else {}


def _refused(answer: Answer, said: Mapping[str, Any]) -> RegbridgeError:
    """Return what a refused exchange means; of HubSpot's words only the code is shown."""
    codes = (said.get(key) for key in ("status", "error", "category"))
    code = next((one for one in codes if isinstance(one, str) and one != "error"), "")
    known = code if _CODE.fullmatch(code) else str(answer.status)
    if answer.status in (400, 401, 403) and said:
        return CredentialsError(
            f"HubSpot gives no access token ({known}); compare client_id, client_secret and "
            "refresh_token with the app's, and see that it is still installed in the account"
        )
    return RetryableError(f"HubSpot gives no access token now ({known})")
