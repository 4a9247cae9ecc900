"""Access tokens of an org: asked for, kept in memory, renewed, and refused in words."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlencode

import jwt
import msgspec

from regbridge import CredentialsError, RetryableError
from regbridge.http import Answer, Outbound, repeatable, seconds_to_wait
from regbridge_salesforce.connection import ConnectionSettings

TOKEN_PATH = "/services/oauth2/token"  # noqa: S105  # no secret
JWT_BEARER = "urn:ietf:params:oauth:grant-type:jwt-bearer"

_FORM = {
    "Accept": "application/json",
    "Content-Type": "application/x-www-form-urlencoded",
}
_ASSERTION = timedelta(minutes=2)  # Salesforce takes at most three
_LARGEST = 1_000_000
_ANSWER_SECONDS = 30.0
_LONGEST_SECONDS = 60.0
_OK = 200
_REFUSED = frozenset({400, 401, 403})
_ERROR = re.compile("[a-z_]{3,60}", re.ASCII)
_LATER = frozenset({"rate_limit_exceeded", "temporarily_unavailable", "server_error"})

# What Salesforce writes in error_description, and what to do about it (README, "Sources").
_REMEDIES: Mapping[str, str] = {
    "no client credentials user enabled": "choose a Run As user in the app's policies",
    "request not supported on this domain": "write the org's My Domain as url",
    "client identifier invalid": "client_id is not the consumer key of an app of this org",
    "invalid client credentials": "client_secret is not this app's; it may have been rotated",
    "user hasn't approved this consumer": "pre-authorize the user by the app's permission set",
    "user is not admin approved": "give the user a permission set that the app's policies name",
    "audience is invalid": "correct jwt: audience, which is another one for a sandbox",
    "invalid assertion": "the certificate is not the one that was uploaded to the app",
    "inactive user": "the user is not active",
    "ip restricted": "relax the app's IP restrictions, or add this machine's address",
    "client credentials flow is not enabled": "switch Client Credentials Flow on for the app",
}
_USUAL: Mapping[str, str] = {
    "invalid_client_id": "client_id is not the consumer key of an app of this org",
    "invalid_client": "client_secret is not this app's; it may have been rotated",
    "invalid_grant": "look at the user's Login History in Setup",
    "unsupported_grant_type": "switch the flow on for the app",
    "invalid_app_access": "let the app's policies admit the user",
    "inactive_user": "the user is not active",
    "inactive_org": "the org is locked or gone",
}


class Tokens:
    """The tokens of one app for one org. Several threads may share it.

    An answer says nothing about how long its token lives, so one is kept until it is refused. It
    goes to `url` alone: whatever address an answer names (`instance`, for people to compare) gets
    none.
    """

    def __init__(
        self,
        settings: ConnectionSettings,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._settings = settings
        self._clock = clock
        self._token = ""
        self._lock = threading.Lock()
        self.instance = ""
        self._outbound = Outbound(
            "Salesforce's login",
            settings.url,
            connections=1,
            answer_seconds=_ANSWER_SECONDS,
            longest_seconds=_LONGEST_SECONDS,
            largest=_LARGEST,
            shows_path=True,
        )

    def token(self) -> str:
        """Return the token, asked for once by whoever comes first.

        Raises `CredentialsError` when Salesforce gives none, `RetryableError` when it does not
        answer. No text of either holds a secret.
        """
        with self._lock:
            return self._token or self._fetched()

    def renewed(self, refused: str) -> str:
        """Return another token than the one that was refused. Raises as `token` does."""
        with self._lock:
            if self._token != refused and self._token:  # another thread was here before
                return self._token
            return self._fetched()

    def close(self) -> None:
        """Forget the token, and close the connections."""
        with self._lock:
            self._token = ""
        self._outbound.close()

    def _fetched(self) -> str:
        self._token = ""
        with repeatable():
            answer = self._outbound.send(
                "POST",
                f"{self._settings.url}{TOKEN_PATH}",
                headers=_FORM,
                body=urlencode(self._grant()),
            )
        found = _document(answer)
        token = found.get("access_token")
        if answer.status != _OK or not isinstance(token, str) or not token:
            raise _refused(answer, found, self._clock())
        self.instance = str(found.get("instance_url") or "")
        self._token = token
        return token

    def _grant(self) -> dict[str, str]:
        settings = self._settings
        if settings.client_secret:
            return {
                "grant_type": "client_credentials",
                "client_id": settings.client_id,
                "client_secret": settings.client_secret.get_secret_value(),
            }
        assert settings.jwt
        claims = {
            "iss": settings.client_id,
            "sub": settings.jwt.username,
            "aud": settings.jwt.audience,
            "exp": self._clock() + _ASSERTION,
        }
        return {
            "grant_type": JWT_BEARER,
            "assertion": jwt.encode(claims, settings.jwt.key(), algorithm="RS256"),
        }


def _document(answer: Answer) -> Mapping[str, Any]:
    try:
        found = msgspec.json.decode(answer.body)
    except (msgspec.MsgspecError, UnicodeError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _refused(
    answer: Answer, found: Mapping[str, Any], now: datetime
) -> CredentialsError | RetryableError:
    """Return what Salesforce says, in our words: its own may quote what it was sent."""
    given = str(found.get("error") or "")
    error = given if _ERROR.fullmatch(given) else ""
    if answer.status not in _REFUSED or not error or error in _LATER:
        text = f"Salesforce gives no token now (it answers {answer.status} {error})".replace(
            " )", ")"
        )
        return RetryableError(text, retry_after=seconds_to_wait(answer.headers, now))
    description = str(found.get("error_description") or "").casefold()
    said = next((what for known, what in _REMEDIES.items() if known in description), "")
    remedy = said or _USUAL.get(error, "look at the user's Login History in Setup")
    return CredentialsError(f"Salesforce gives no token: {remedy} ({error})")
