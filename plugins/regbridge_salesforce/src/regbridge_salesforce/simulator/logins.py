"""Tokens of the simulated org: client credentials, JWT bearer, and everything that is refused."""

from __future__ import annotations

import secrets
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import jwt

from regbridge_salesforce.oauth import JWT_BEARER

_LONGEST_ASSERTION = 180


@dataclass(frozen=True, slots=True)
class App:
    """An external client app, with its integration user.

    `public_key` is that of its certificate in PEM, "" for none. `run_as` and `pre_authorized` are
    what an administrator forgets.
    """

    client_id: str = "3MVG9simulated.consumer.key"
    secret: str = field(default="simulated-consumer-secret", repr=False)
    username: str = "regbridge@contoso.example"
    public_key: str = ""
    run_as: bool = True
    pre_authorized: bool = True
    scopes: tuple[str, ...] = ("api",)
    audience: str = "https://login.salesforce.com"


class LoginError(Exception):
    """No token is given."""

    def __init__(self, error: str, description: str) -> None:
        super().__init__(error)
        self.document = {"error": error, "error_description": description}


class Logins:
    """The tokens that were issued to the org's app."""

    def __init__(self, app: App, clock: Callable[[], float]) -> None:
        self.app = app
        self.count = 0
        self._clock = clock
        self._tokens: set[str] = set()
        self._lock = threading.Lock()

    def issue(self, form: Mapping[str, str]) -> str:
        """Return a new token. Raises `LoginError`."""
        grant = form.get("grant_type")
        if grant == "client_credentials":
            self._check_credentials(form)
        elif grant == JWT_BEARER:
            self._check_assertion(form.get("assertion", ""))
        else:
            raise LoginError("unsupported_grant_type", "grant type not supported")
        token = f"00DSIMULATED!{secrets.token_urlsafe(32)}"
        with self._lock:
            self.count += 1
            self._tokens.add(token)
        return token

    def knows(self, authorization: str) -> bool:
        """Say whether a header carries a token that is good, with the scope that the API needs."""
        kind, _, token = authorization.partition(" ")
        with self._lock:
            return kind == "Bearer" and token in self._tokens and "api" in self.app.scopes

    def expire_all(self) -> None:
        """Let all tokens end now."""
        with self._lock:
            self._tokens.clear()

    def _check_credentials(self, form: Mapping[str, str]) -> None:
        if form.get("client_id") != self.app.client_id:
            raise LoginError("invalid_client_id", "client identifier invalid")
        if form.get("client_secret") != self.app.secret:
            raise LoginError("invalid_client", "invalid client credentials")
        if not self.app.run_as:
            raise LoginError("invalid_grant", "no client credentials user enabled")

    def _check_assertion(self, assertion: str) -> None:
        claims = self._claims(assertion)
        if claims.get("iss") != self.app.client_id:
            raise LoginError("invalid_client_id", "client identifier invalid")
        if claims.get("aud") != self.app.audience:
            raise LoginError("invalid_grant", "audience is invalid")
        left = claims.get("exp", 0) - self._clock()
        if not 0 < left <= _LONGEST_ASSERTION:
            raise LoginError("invalid_grant", "expired authorization code")
        if claims.get("sub") != self.app.username or not self.app.pre_authorized:
            raise LoginError("invalid_grant", "user hasn't approved this consumer")

    def _claims(self, assertion: str) -> Mapping[str, Any]:
        options: Any = {"verify_aud": False, "verify_exp": False, "require": ["exp", "iss", "sub"]}
        try:
            found = jwt.decode(
                assertion, self.app.public_key, algorithms=["RS256"], options=options
            )
        except (jwt.PyJWTError, ValueError, TypeError):
            raise LoginError("invalid_grant", "invalid assertion") from None
        return dict(found)
