"""The public keys of an authorization server, read from its JWKS."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import jwt

_OF_RSA = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512")
_OF_CURVE = {
    "P-256": ("ES256",),
    "P-384": ("ES384",),
    "P-521": ("ES512",),
    "Ed25519": ("EdDSA",),
    "Ed448": ("EdDSA",),
}
_PUBLIC = {"RSA": ("n", "e"), "EC": ("crv", "x", "y"), "OKP": ("crv", "x")}
_FEWEST_BITS = 2048


@dataclass(frozen=True, slots=True)
class KeySet:
    """Keys by id and by the algorithm that each may be used with, so that none is used otherwise.

    A public key can never be the secret of an HMAC here, nor a key of one curve that of another.
    """

    keys: Mapping[tuple[str, str], Any]

    def find(self, key_id: str, algorithm: str) -> Any:
        """Return a key, None if there is none of this id for this algorithm."""
        return self.keys.get((key_id, algorithm))

    def knows(self, key_id: str) -> bool:
        """Say whether there is a key of this id, whatever its algorithm."""
        return any(known == key_id for known, _ in self.keys)

    @property
    def algorithms(self) -> set[str]:
        """The algorithms that there are keys for."""
        return {algorithm for _, algorithm in self.keys}


def read_key_set(document: Any) -> KeySet:
    """Return the keys of a JWKS that can be used; keys for other uses and of other kinds are not.

    Raises `ValueError` for what is no JWKS, or holds no such key.
    """
    entries = document.get("keys") if isinstance(document, Mapping) else None
    if not isinstance(entries, list):
        raise ValueError("it holds no keys")
    keys: dict[tuple[str, str], Any] = {}
    for entry in entries:
        for name, key in _usable(entry):
            keys.setdefault(name, key)
    if not keys:
        raise ValueError("none of its keys has an id and can be used")
    return KeySet(keys)


def _usable(entry: Any) -> Iterator[tuple[tuple[str, str], Any]]:
    if not isinstance(entry, Mapping) or not _is_for_signatures(entry):
        return
    key_id = entry.get("kid")
    algorithms = _algorithms(entry)
    if isinstance(key_id, str) and key_id and algorithms:
        key = _public_key(entry, algorithms[0])
        if key is not None:
            yield from (((key_id, algorithm), key) for algorithm in algorithms)


def _is_for_signatures(entry: Mapping[str, Any]) -> bool:
    operations = entry.get("key_ops", ["verify"])
    verifies = isinstance(operations, list) and "verify" in operations
    return entry.get("use", "sig") == "sig" and verifies


def _algorithms(entry: Mapping[str, Any]) -> tuple[str, ...]:
    """Return what a key may be used with: what its kind allows, and what it says itself."""
    fitting = _OF_RSA if entry.get("kty") == "RSA" else _OF_CURVE.get(str(entry.get("crv")), ())
    own = entry.get("alg")
    return fitting if own is None else tuple(each for each in fitting if each == own)


def _public_key(entry: Mapping[str, Any], algorithm: str) -> Any:
    """Return a key made of the public parts alone; None for a broken or a weak one."""
    kind = entry.get("kty")
    parts = {name: entry.get(name) for name in _PUBLIC.get(str(kind), ())}
    if not parts or not all(isinstance(value, str) for value in parts.values()):
        return None
    try:
        key = jwt.PyJWK({"kty": kind, **parts}, algorithm).key
    except (jwt.PyJWTError, ValueError):
        return None
    return key if kind != "RSA" or key.key_size >= _FEWEST_BITS else None
