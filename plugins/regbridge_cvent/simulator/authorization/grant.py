"""The token endpoint: client credentials, in a Basic header or in the form (RFC 6749)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote_plus

from regbridge_cvent.simulator.authorization.signing import SigningKeys
from regbridge_cvent.simulator.authorization.vendors import Vendor
from regbridge_cvent.simulator.errors import OAuthError
from regbridge_cvent.simulator.oauth import basic_credentials, is_same

_OTHER_GRANTS = frozenset({"authorization_code", "refresh_token", "password"})


@dataclass(frozen=True, slots=True)
class Client:
    """Who may ask for tokens, and in which ways: `client_secret_basic`, `client_secret_post`."""

    id: str = "cvent-webhooks"
    secret: str = field(default="simulated-client-secret", repr=False)
    methods: tuple[str, ...] = ("client_secret_basic", "client_secret_post")


class TokenEndpoint:
    """Gives tokens to one client; `issuer` is what they say under iss, `clock` seconds of 1970."""

    def __init__(
        self,
        vendor: Vendor,
        client: Client,
        keys: SigningKeys,
        clock: Callable[[], float],
        seconds: int,
    ) -> None:
        self.seconds = seconds
        self._vendor = vendor
        self._client = client
        self._keys = keys
        self._clock = clock

    def issue(self, issuer: str, authorization: str, form: Mapping[str, str]) -> dict[str, Any]:
        """Answer a request. Raises `OAuthError`."""
        _require_client_credentials(form)
        self._authenticate(authorization, form)
        scopes = self._vendor.granted(form)
        now = int(self._clock())
        claims = {
            **self._vendor.claims(self._client.id, scopes),
            "iss": issuer,
            "iat": now,
            "nbf": now,
            "exp": now + self.seconds,
        }
        return {
            "access_token": self._keys.current.sign(claims, self._vendor.typ),
            "expires_in": self.seconds,
            "token_type": "Bearer",
        }

    def _authenticate(self, authorization: str, form: Mapping[str, str]) -> None:
        if authorization and "client_secret" in form:
            raise OAuthError("invalid_request", "the client proves itself in two ways at once")
        method = "client_secret_basic" if authorization else "client_secret_post"
        if method not in self._client.methods:
            raise OAuthError("invalid_client", f"this client does not use {method}")
        if authorization:
            who, secret = map(unquote_plus, basic_credentials(authorization))
        else:
            who, secret = form.get("client_id", ""), form.get("client_secret", "")
        # Both are compared, so that the time tells nothing about which one is wrong.
        if not all([is_same(who, self._client.id), is_same(secret, self._client.secret)]):
            raise OAuthError("invalid_client", "no such client, or another secret")


def _require_client_credentials(form: Mapping[str, str]) -> None:
    grant = form.get("grant_type")
    if not grant:
        raise OAuthError("invalid_request", "grant_type is missing")
    if grant in _OTHER_GRANTS:
        raise OAuthError("unauthorized_client", "the client may only use client_credentials")
    if grant != "client_credentials":
        raise OAuthError("unsupported_grant_type", "the grant_type is not supported")
