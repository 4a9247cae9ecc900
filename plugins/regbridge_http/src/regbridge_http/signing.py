"""Signs messages by the Standard Webhooks scheme, with each secret of a rotation."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import secrets
from collections.abc import Mapping, Sequence

PREFIX = "whsec_"
"""What a secret of the scheme begins with; the rest is its bytes in base64."""

FEWEST, MOST = 24, 64
"""How many bytes a secret may have (the scheme's specification, "Signature scheme")."""

ID = "webhook-id"
TIMESTAMP = "webhook-timestamp"
SIGNATURE = "webhook-signature"


def new_secret() -> str:
    """Return a random secret as the scheme writes it."""
    return PREFIX + base64.b64encode(secrets.token_bytes(32)).decode("ascii")


def key_of(secret: str) -> bytes:
    """Return a secret's bytes; raises `ValueError`, whose text does not quote it."""
    rule = f"a secret is {PREFIX} and {FEWEST} to {MOST} bytes in base64; `regbridge http secret` "
    if not secret.startswith(PREFIX):
        raise ValueError(f"{rule}prints one")
    text = secret.removeprefix(PREFIX)
    try:
        key = binascii.a2b_base64(text + "=" * (-len(text) % 4), strict_mode=True)
    except (ValueError, UnicodeError):
        raise ValueError(f"{rule}prints one") from None
    if not FEWEST <= len(key) <= MOST:
        raise ValueError(f"{rule}prints one; this one has {len(key)} bytes")
    return key


def signature(key: bytes, message: str, timestamp: int, body: bytes) -> str:
    """Return the signature of one key: `v1,` and the HMAC-SHA256 of id, time and body."""
    signed = b".".join([message.encode("ascii"), b"%d" % timestamp, body])
    digest = hmac.new(key, signed, hashlib.sha256).digest()
    return f"v1,{base64.b64encode(digest).decode('ascii')}"


def signed_headers(
    keys: Sequence[bytes], message: str, timestamp: int, body: bytes
) -> Mapping[str, str]:
    """Return the scheme's headers for one attempt at `timestamp` (seconds since 1970).

    Each key signs, so that a receiver may know the new secret or the old one. Without keys there
    is no signature, while the id and the time are there all the same.
    """
    headers = {ID: message, TIMESTAMP: str(timestamp)}
    if keys:
        headers[SIGNATURE] = " ".join(signature(key, message, timestamp, body) for key in keys)
    return headers
