"""OAuth2 client credentials: hands out tokens, and tells what a token allows."""

from __future__ import annotations

import base64
import binascii
import hmac
import secrets
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from regbridge_cvent.simulator.errors import ApiError, OAuthError

SCOPES = (
    "event/attendees:read",
    "event/contact-types:read",
    "event/contacts:read",
    "event/contacts:read-sensitive",
    "event/custom-fields:read",
    "event/events:read",
    "event/orders:read",
    "event/registration-paths:read",
    "event/registration-types:read",
    "event/session-enrollment:read",
    "event/sessions:read",
    "event/transactions:read",
    "survey/questions:read",
)
"""The scopes of the client unless it is given others (reference/cvent-rest-api.md, section 2)."""

TOO_MANY_SCOPES = 50
"""A token with so many scopes is too long for a header: calls with it are answered 431."""

_OTHER_GRANTS = frozenset({"authorization_code", "refresh_token"})
_PARAMETERS = frozenset({"grant_type", "client_id", "scope"})


@dataclass(frozen=True, slots=True)
class Credentials:
    """The one client that may ask for tokens, and the scopes that are associated with it."""

    client_id: str
    client_secret: str
    scopes: tuple[str, ...] = SCOPES
    token_seconds: int = 3600


@dataclass(frozen=True, slots=True)
class _Token:
    scopes: frozenset[str]
    ends_at: datetime


class Tokens:
    """The tokens that were handed out."""

    def __init__(self, credentials: Credentials, clock: Callable[[], datetime]) -> None:
        self._credentials = credentials
        self._clock = clock
        self._lock = threading.Lock()
        self._tokens: dict[str, _Token] = {}

    def issue(self, authorization: str, form: Mapping[str, str]) -> dict[str, Any]:
        """Answer a request for a token. Raises `OAuthError`.

        Unknown scopes and those of other clients are ignored; without `scope` the token has all
        of the client's.
        """
        _require_parameters(form)
        self._authenticate(authorization, form["client_id"])
        _require_client_credentials(form["grant_type"])
        token = secrets.token_urlsafe(24)
        seconds = self._credentials.token_seconds
        now = self._clock()
        with self._lock:
            self._forget_old(now)
            self._tokens[token] = _Token(
                self._scopes(form.get("scope")), now + timedelta(seconds=seconds)
            )
        return {"access_token": token, "expires_in": seconds, "token_type": "Bearer"}

    def revoke(self) -> None:
        """Make every token invalid before its time."""
        with self._lock:
            self._tokens.clear()

    def scopes_of(self, authorization: str) -> frozenset[str]:
        """Return the scopes of the token in an Authorization header.

        Raises `ApiError`: 401 without a valid token, 431 when the token has too many scopes.
        """
        scheme, _, text = authorization.partition(" ")
        token = self._tokens.get(text) if scheme == "Bearer" else None
        if token is None or token.ends_at <= self._clock():
            raise ApiError(401, "Bad or expired token")
        if len(token.scopes) >= TOO_MANY_SCOPES:
            raise ApiError(431, "Request Header Fields Too Large")
        return token.scopes

    def _authenticate(self, authorization: str, client_id: str) -> None:
        own = self._credentials
        sent_id, sent_secret = basic_credentials(authorization)
        # Both are compared, so that the time tells nothing about which one is wrong.
        fits = [is_same(sent_id, own.client_id), is_same(sent_secret, own.client_secret)]
        if not all(fits):
            raise OAuthError("invalid_client", "the Basic header names no known client and secret")
        if not is_same(client_id, sent_id):
            raise OAuthError("invalid_client", "client_id differs from that of the Basic header")

    def _scopes(self, wanted: str | None) -> frozenset[str]:
        own = frozenset(self._credentials.scopes)
        return own if wanted is None else own & frozenset(wanted.split(" "))

    def _forget_old(self, now: datetime) -> None:
        self._tokens = {text: token for text, token in self._tokens.items() if token.ends_at > now}


def _require_parameters(form: Mapping[str, str]) -> None:
    for name in ("grant_type", "client_id"):
        if not form.get(name):
            raise OAuthError("invalid_request", f"{name} is missing")
    if form["grant_type"] not in _OTHER_GRANTS and (unknown := form.keys() - _PARAMETERS):
        names = ", ".join(sorted(unknown))
        raise OAuthError("invalid_request", f"not parameters of client_credentials: {names}")


def _require_client_credentials(grant_type: str) -> None:
    if grant_type in _OTHER_GRANTS:
        raise OAuthError("unauthorized_client", "the client may only use client_credentials")
    if grant_type != "client_credentials":
        raise OAuthError("unsupported_grant_type", "the grant_type is not supported")


def basic_credentials(authorization: str) -> tuple[str, str]:
    """Return the client id and the secret of a Basic header. Raises `OAuthError`."""
    scheme, _, encoded = authorization.partition(" ")
    if scheme != "Basic":
        raise OAuthError("invalid_client", "the Authorization header is not a Basic one")
    try:
        client_id, colon, secret = base64.b64decode(encoded, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        raise OAuthError("invalid_client", "the Basic header cannot be decoded") from None
    if not colon:
        raise OAuthError("invalid_client", "the Basic header has no colon")
    return client_id, secret


def is_same(sent: str, own: str) -> bool:
    """Compare secrets in a time that tells nothing about them."""
    return hmac.compare_digest(sent.encode(), own.encode())
