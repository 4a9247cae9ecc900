"""Shows an access token to whoever sets up OAuth: what it says, and what becomes of it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from regbridge import RegbridgeError
from regbridge_cvent.bearer.claims import clients, roles, scopes
from regbridge_cvent.bearer.compact import read
from regbridge_cvent.bearer.discovery import Discovery
from regbridge_cvent.bearer.judge import Judge
from regbridge_cvent.bearer.settings import OAuthSettings

LET_IN = "let in"

_LONGEST = 100_000


def shown(text: str) -> Mapping[str, str]:
    """Return what a token says, by the settings that it is compared with. None of it is proven.

    Raises `AuthenticationError` for what is no JWT.
    """
    token = read(text, _LONGEST)
    audience = token.claims.get("aud")
    audiences = [str(each) for each in (audience if isinstance(audience, list) else [audience])]
    return {
        "issuer": str(token.claims.get("iss", "")),
        "audience": ", ".join(audiences),
        "clients": ", ".join(dict.fromkeys(map(str, clients(token.claims)))),
        "scopes": " ".join(sorted(scopes(token.claims))),
        "roles": " ".join(sorted(roles(token.claims, audiences))),
        "algorithms": token.algorithm,
        "not before": _time(token.claims.get("nbf")),
        "expires": _time(token.claims.get("exp")),
        "characters": str(len(text)),
    }


def verdict(text: str, settings: OAuthSettings) -> str:
    """Return `LET_IN`, or why a token does not let in; asks the authorization server for keys."""
    discovery = Discovery(settings)
    try:
        Judge(settings, discovery.keys()).claims(text)
    except RegbridgeError as error:
        return str(error)
    finally:
        discovery.close()
    return LET_IN


def _time(value: Any) -> str:
    try:
        return datetime.fromtimestamp(value, UTC).isoformat(sep=" ")
    except (TypeError, ValueError, OverflowError, OSError):
        return ""
