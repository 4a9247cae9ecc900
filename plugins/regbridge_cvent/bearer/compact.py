"""Reads a JWT in its compact form, strictly, and believes nothing of it."""

from __future__ import annotations

import binascii
import json
import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NoReturn

from regbridge_cvent.bearer.refusals import RefusedTokenError

_COMPACT = re.compile(r"([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]+)")


@dataclass(frozen=True, slots=True)
class Unproven:
    """A JWT that is well made; who made it is not known yet.

    What a header says about keys (`jwk`, `jku`, `x5u`, `x5c`) is left out: it is the sender's own
    word. The key is looked for by `key_id` among those of the authorization server.
    """

    text: str = field(repr=False)
    algorithm: str
    key_id: str = field(repr=False)
    claims: Mapping[str, Any] = field(repr=False)


def read(text: str, limit: int) -> Unproven:
    """Return a token of at most so many characters. Raises `RefusedTokenError`."""
    if len(text) > limit:
        raise RefusedTokenError(f"it has more than {limit:,} characters (token_limit)")
    parts = _COMPACT.fullmatch(text)
    if parts is None:
        raise RefusedTokenError("it is no signed JWT; let the authorization server give out JWTs")
    header, claims = _object(parts[1], "header"), _object(parts[2], "payload")
    if _decoded(parts[3]) is None:
        raise RefusedTokenError("its signature is not base64url")
    if "crit" in header:
        raise RefusedTokenError("its header has crit, and no extension is understood here")
    if not _is_access_token(header.get("typ", "JWT")):
        raise RefusedTokenError("its typ is neither JWT nor at+jwt, so it is meant for other uses")
    return Unproven(text, _word(header, "alg"), _word(header, "kid"), claims)


def _object(segment: str, what: str) -> dict[str, Any]:
    """Return the JSON object of a segment, in which no name may stand twice."""
    raw = _decoded(segment)
    try:
        found = json.loads(
            (raw or b"").decode(), object_pairs_hook=_unique, parse_constant=_no_number
        )
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict):
        raise RefusedTokenError(f"its {what} is no JSON object, or has a name twice")
    return found


def _decoded(segment: str) -> bytes | None:
    """Return a segment's bytes; None unless they are written in the one right way."""
    try:
        raw = urlsafe_b64decode(segment + "=" * (-len(segment) % 4))
    except binascii.Error:
        return None
    return raw if urlsafe_b64encode(raw).decode().rstrip("=") == segment else None


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a name stands twice")
    return found


def _no_number(text: str) -> NoReturn:
    raise ValueError(f"{text} is no JSON")


def _is_access_token(kind: Any) -> bool:
    return isinstance(kind, str) and (kind.lower() == "jwt" or kind.lower().endswith("at+jwt"))


def _word(header: Mapping[str, Any], name: str) -> str:
    value = header.get(name)
    if not isinstance(value, str) or not value:
        raise RefusedTokenError(f"its header has no {name}")
    return value
