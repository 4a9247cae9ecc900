"""Checks client assertions: the JWT by which an application proves that it has its certificate."""

from __future__ import annotations

import base64
from typing import Any

import jwt
from cryptography import x509
from cryptography.hazmat.primitives import hashes

ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"

_ALGORITHMS = ["PS256", "RS256"]
_UNCHECKED = ("verify_aud", "verify_exp", "verify_iat", "verify_iss", "verify_nbf")
_CLOCK_SKEW = 300.0


class RefusedAssertionError(ValueError):
    """An assertion that is refused; `code` is Entra's number for it."""

    def __init__(self, code: int, text: str) -> None:
        super().__init__(text)
        self.code = code


def check_assertion(
    assertion: str, certificate: str, client_id: str, audience: str, now: float
) -> None:
    """Raise `RefusedAssertionError` unless the certificate's owner made the assertion for this use.

    `audience` is the URL of the token endpoint, `now` is in seconds since the epoch.
    """
    claims = _verified(assertion, certificate)
    if claims.get("iss") != client_id or claims.get("sub") != client_id:
        raise RefusedAssertionError(
            700021, "Client assertion application identifier does not match."
        )
    if claims.get("aud") != audience:
        raise RefusedAssertionError(700023, "Client assertion audience claim does not match.")
    expires, starts = claims.get("exp"), claims.get("nbf", now)
    if not isinstance(expires, int | float) or not isinstance(starts, int | float):
        raise RefusedAssertionError(50027, "JWT token is invalid or malformed.")
    if not starts - _CLOCK_SKEW <= now <= expires + _CLOCK_SKEW:
        raise RefusedAssertionError(700024, "Client assertion is not within its valid time range.")
    if not claims.get("jti"):
        raise RefusedAssertionError(50027, "JWT token is invalid or malformed: it has no 'jti'.")


def _verified(assertion: str, certificate: str) -> dict[str, Any]:
    try:
        header = jwt.get_unverified_header(assertion)
    except jwt.PyJWTError:
        raise RefusedAssertionError(50027, "JWT token is invalid or malformed.") from None
    known = x509.load_pem_x509_certificate(certificate.encode("ascii")) if certificate else None
    if known is None or not _names(header, known):
        raise RefusedAssertionError(
            700027, "The certificate with this identifier is not registered for the application."
        )
    key: Any = known.public_key()
    options: Any = dict.fromkeys(_UNCHECKED, False)
    try:
        return dict(jwt.decode(assertion, key, algorithms=_ALGORITHMS, options=options))
    except jwt.PyJWTError:
        raise RefusedAssertionError(
            700027, "Client assertion failed signature validation."
        ) from None


def _names(header: dict[str, Any], certificate: x509.Certificate) -> bool:
    """Return whether the header gives the certificate's thumbprint, by SHA-256 or SHA-1."""
    thumbprints = {
        "x5t#S256": certificate.fingerprint(hashes.SHA256()),
        "x5t": certificate.fingerprint(hashes.SHA1()),  # noqa: S303  # Entra's own identifier
    }
    return any(
        str(header.get(name, "")).rstrip("=")
        == base64.urlsafe_b64encode(value).decode().rstrip("=")
        for name, value in thumbprints.items()
    )
