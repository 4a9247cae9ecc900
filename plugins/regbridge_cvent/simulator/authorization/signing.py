"""Private keys that sign tokens, and the JWKS of their public halves."""

from __future__ import annotations

import secrets
from base64 import urlsafe_b64encode
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric import ec, rsa

_BITS = 2048
_CURVES: Mapping[str, tuple[str, type[ec.EllipticCurve]]] = {
    "ES256": ("P-256", ec.SECP256R1),
    "ES384": ("P-384", ec.SECP384R1),
    "ES512": ("P-521", ec.SECP521R1),
}

ALGORITHMS = ("RS256", *_CURVES)
"""What keys can be made for."""


@dataclass(frozen=True, slots=True)
class SigningKey:
    """A key for one of `ALGORITHMS` under its id."""

    id: str
    algorithm: str
    private: Any = field(repr=False)

    @classmethod
    def make(cls, algorithm: str = "RS256") -> SigningKey:
        """Return a new key."""
        private: Any
        if algorithm == "RS256":
            private = rsa.generate_private_key(public_exponent=65_537, key_size=_BITS)
        else:
            private = ec.generate_private_key(_CURVES[algorithm][1]())
        return cls(secrets.token_urlsafe(12), algorithm, private)

    def sign(self, claims: Mapping[str, Any], typ: str | None = "JWT") -> str:
        """Return a token; without `typ` its header has none."""
        headers = {"kid": self.id, "typ": typ}
        return jwt.encode(dict(claims), self.private, self.algorithm, headers)

    def public(self) -> dict[str, Any]:
        """Return the public half as a JWK."""
        numbers = self.private.public_key().public_numbers()
        found: dict[str, Any]
        if self.algorithm == "RS256":
            found = {"kty": "RSA", "n": _base64url(numbers.n, _BITS), "e": "AQAB"}
        else:
            x, y = (_base64url(each, self.private.key_size) for each in (numbers.x, numbers.y))
            found = {"kty": "EC", "crv": _CURVES[self.algorithm][0], "x": x, "y": y}
        return {**found, "kid": self.id, "use": "sig", "alg": self.algorithm}


class SigningKeys:
    """The keys of a server: the newest signs, and all that were not withdrawn are published."""

    def __init__(self, *keys: SigningKey) -> None:
        self._keys = list(keys or (SigningKey.make(),))

    @property
    def current(self) -> SigningKey:
        """The key that signs."""
        return self._keys[-1]

    def rotate(self, key: SigningKey) -> None:
        """Sign with another key from now on, and go on publishing the older ones."""
        self._keys = [*self._keys, key]

    def withdraw_old(self) -> None:
        """Publish nothing but the key that signs."""
        self._keys = self._keys[-1:]

    def jwks(self) -> dict[str, Any]:
        """Return the JWKS."""
        return {"keys": [key.public() for key in self._keys]}


def _base64url(number: int, bits: int) -> str:
    """Return a number as a JWK has it: as many bytes as the key is long (RFC 7518, section 6)."""
    raw = number.to_bytes((bits + 7) // 8, "big")
    return urlsafe_b64encode(raw).decode().rstrip("=")
