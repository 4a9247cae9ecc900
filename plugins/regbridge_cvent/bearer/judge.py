"""Judges a token: a JWT of the issuer, for this audience, in its time, of the right client."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, Protocol

import jwt

from regbridge_cvent.bearer.claims import Claims, clients, roles, scopes
from regbridge_cvent.bearer.compact import read
from regbridge_cvent.bearer.refusals import RefusedTokenError
from regbridge_cvent.bearer.settings import OAuthSettings

_REQUIRED = ["iss", "aud", "exp"]
_TIMES = ("exp", "nbf", "iat")
_CHECKED = dict.fromkeys(
    ("verify_iss", "verify_aud", "verify_exp", "verify_nbf", "verify_iat"), True
)
_REASONS: Mapping[type[jwt.PyJWTError], str] = {
    jwt.ExpiredSignatureError: "it has expired",
    jwt.ImmatureSignatureError: "it is not valid yet; compare the clock of this machine",
    jwt.InvalidAudienceError: "it is for another audience",
    jwt.InvalidIssuerError: "another issuer gave it",
    jwt.InvalidSignatureError: "its signature is wrong",
    jwt.MissingRequiredClaimError: "it lacks one of iss, aud and exp",
}


class Keys(Protocol):
    """Where the authorization server's keys come from."""

    def find(self, key_id: str, algorithm: str) -> Any:
        """Return a key, None if the authorization server has none of this id."""


class Judge:
    """Lets tokens in by the settings of one authorization server."""

    def __init__(self, settings: OAuthSettings, keys: Keys) -> None:
        self._settings = settings
        self._keys = keys

    def claims(self, text: str) -> Claims:
        """Return the claims of a token that lets in.

        Raises `RefusedTokenError` for any other, and `RetryableError` while nobody can say.
        """
        token = read(text, self._settings.token_limit)
        if token.algorithm not in self._settings.algorithms:
            raise RefusedTokenError("it is signed in a way that algorithms: does not name")
        if not all(map(_is_time, (token.claims.get(name, 0) for name in _TIMES))):
            raise RefusedTokenError("one of exp, nbf and iat is no number")
        # What cannot be good whatever its signature needs no key, and makes nobody fetch any.
        self._decoded(text, signature=False)
        key = self._keys.find(token.key_id, token.algorithm)
        if key is None:
            raise RefusedTokenError("the authorization server has no key with its kid and alg")
        claims = self._decoded(text, key, token.algorithm)
        self._require(claims)
        return claims

    def _decoded(
        self, text: str, key: Any = "", algorithm: str = "", *, signature: bool = True
    ) -> Claims:
        options: Any = {"verify_signature": signature, "require": _REQUIRED, **_CHECKED}
        try:
            return jwt.decode(
                text,
                key,
                algorithms=[algorithm],
                options=options,
                audience=self._settings.audience,
                issuer=self._settings.issuer,
                leeway=self._settings.leeway_seconds,
            )
        except jwt.PyJWTError as error:
            known = (_REASONS[kind] for kind in type(error).__mro__ if kind in _REASONS)
            raise RefusedTokenError(next(known, "it is malformed")) from None

    def _require(self, claims: Claims) -> None:
        """Raise `RefusedTokenError` unless a token says what the settings demand of it."""
        settings = self._settings
        found = clients(claims)
        if settings.clients and not (found and all(each in settings.clients for each in found)):
            raise RefusedTokenError("it was given to a client that clients: does not name")
        if not scopes(claims).issuperset(settings.scopes):
            raise RefusedTokenError("it lacks a scope that scopes: names")
        if not roles(claims, settings.audience).issuperset(settings.roles):
            raise RefusedTokenError("it lacks a role that roles: names")


def _is_time(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
