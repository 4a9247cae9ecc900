"""What a token says about its client, in the words of the usual authorization servers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

_CLIENT = ("azp", "appid", "client_id", "cid")
"""Entra ID 2.0, Auth0 and Keycloak say azp, Entra ID 1.0 appid, RFC 9068 client_id, Okta cid."""

Claims = Mapping[str, Any]


def clients(claims: Claims) -> list[Any]:
    """Return everything that names the client which the token was given to."""
    return [claims[name] for name in _CLIENT if name in claims]


def scopes(claims: Claims) -> set[str]:
    """Return the scopes: words in one text (`scope`, Entra ID's `scp`) or a list (Okta's `scp`)."""
    return _words(claims.get("scope")) | _words(claims.get("scp"))


def roles(claims: Claims, audience: Sequence[str]) -> set[str]:
    """Return the roles: those of `roles`, and Keycloak's of the realm and of the audience."""
    found = _listed(claims.get("roles")) | _listed(_inside(claims, "realm_access", "roles"))
    for each in audience:
        found |= _listed(_inside(claims, "resource_access", each, "roles"))
    return found


def _words(value: Any) -> set[str]:
    return set(value.split(" ")) - {""} if isinstance(value, str) else _listed(value)


def _listed(value: Any) -> set[str]:
    return {each for each in value if isinstance(each, str)} if isinstance(value, list) else set()


def _inside(value: Any, *names: str) -> Any:
    for name in names:
        value = value.get(name) if isinstance(value, Mapping) else None
    return value
