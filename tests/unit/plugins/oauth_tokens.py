"""Tokens of a made-up authorization server, right ones and wrong ones."""

from __future__ import annotations

import json
import time
from base64 import urlsafe_b64encode
from collections.abc import Mapping
from functools import cache
from typing import Any

from jwt.algorithms import ECAlgorithm, RSAAlgorithm

from regbridge_cvent.bearer.judge import Judge
from regbridge_cvent.bearer.key_set import KeySet, read_key_set
from regbridge_cvent.bearer.settings import OAuthSettings
from regbridge_cvent.simulator.authorization import SigningKey, SigningKeys

ISSUER = "https://login.example.org/v2"
AUDIENCE = "https://hooks.example.org/cvent"
CLIENT = "cvent-webhooks"


@cache
def rsa_key() -> SigningKey:
    """Return the key that signs."""
    return SigningKey.make("RS256")


@cache
def ec_key() -> SigningKey:
    """Return another one of the same server."""
    return SigningKey.make("ES256")


@cache
def stranger() -> SigningKey:
    """Return a key of somebody else, who calls it like ours."""
    return SigningKey(rsa_key().id, "RS256", SigningKey.make("RS256").private)


@cache
def key_set() -> KeySet:
    """Return what the server publishes."""
    return read_key_set(SigningKeys(ec_key(), rsa_key()).jwks())


def judge(**settings: Any) -> Judge:
    """Return who judges by these settings."""
    given = {"issuer": ISSUER, "audience": AUDIENCE, **settings}
    return Judge(OAuthSettings.model_validate(given), key_set())


def claims(**changes: Any) -> dict[str, Any]:
    """Return what a right token says, with some of it replaced, or left out by None."""
    now = int(time.time())
    usual = {
        "iss": ISSUER,
        "aud": AUDIENCE,
        "azp": CLIENT,
        "sub": "somebody",
        "iat": now,
        "nbf": now,
        "exp": now + 3600,
    }
    return {name: value for name, value in (usual | changes).items() if value is not None}


def header(key: SigningKey | None = None, **changes: Any) -> dict[str, Any]:
    """Return the header of a right token, with some of it replaced, or left out by None."""
    key = key or rsa_key()
    usual = {"alg": key.algorithm, "kid": key.id, "typ": "JWT"}
    return {name: value for name, value in (usual | changes).items() if value is not None}


def token(
    says: Mapping[str, Any] | bytes | None = None,
    head: Mapping[str, Any] | bytes | None = None,
    key: SigningKey | None = None,
) -> str:
    """Return a token whose signature is right, whatever else is wrong with it."""
    key = key or rsa_key()
    parts = [_segment(header(key) if head is None else head)]
    parts.append(_segment(claims() if says is None else says))
    signed = ".".join(parts)
    algorithm: Any = (
        RSAAlgorithm(RSAAlgorithm.SHA256)
        if key.algorithm == "RS256"
        else ECAlgorithm(ECAlgorithm.SHA256)
    )
    return f"{signed}.{base64url(algorithm.sign(signed.encode(), key.private))}"


def _segment(value: Mapping[str, Any] | bytes) -> str:
    return base64url(value if isinstance(value, bytes) else json.dumps(value).encode())


def base64url(raw: bytes) -> str:
    """Return bytes as a JWT has them."""
    return urlsafe_b64encode(raw).decode().rstrip("=")
