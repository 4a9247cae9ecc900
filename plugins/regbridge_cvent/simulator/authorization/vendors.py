"""How the usual authorization servers differ: addresses, scopes, and what their tokens say."""

from __future__ import annotations

import uuid
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from regbridge_cvent.simulator.errors import OAuthError

TENANT = "0a1b2c3d-1111-4222-8333-444455556666"
APPLICATION = "7d0b0c0e-5b1d-4a6f-9a3e-2f1c7c1f4b02"
AUDIENCE = "https://hooks.example.org/cvent"
SCOPE = "webhooks:send"
ROLE = "Webhooks.Send"


class Vendor(ABC):
    """One vendor's ways; the paths start at the server's base URL.

    `audience` is what tokens are for, `scope` what has to be asked for to get one.
    """

    issuer_path: ClassVar[str]
    keys_path: ClassVar[str]
    token_path: ClassVar[str]
    audience: ClassVar[str] = AUDIENCE
    scope: ClassVar[str] = SCOPE
    typ: ClassVar[str | None] = "JWT"

    @abstractmethod
    def granted(self, form: Mapping[str, str]) -> Sequence[str]:
        """Return the scopes that a form is given. Raises `OAuthError`."""

    @abstractmethod
    def claims(self, client_id: str, scopes: Sequence[str]) -> dict[str, Any]:
        """Return what a token says besides iss, iat, nbf and exp."""


class Entra(Vendor):
    """Entra ID with an API whose manifest asks for tokens of version 2."""

    issuer_path = f"/{TENANT}/v2.0"
    keys_path = f"/{TENANT}/discovery/v2.0/keys"
    token_path = f"/{TENANT}/oauth2/v2.0/token"
    audience = APPLICATION
    scope = f"api://{APPLICATION}/.default"

    def granted(self, form: Mapping[str, str]) -> Sequence[str]:
        """Refuse all scopes but the one that stands for all permissions of the API."""
        if form.get("scope") != self.scope:
            raise OAuthError("invalid_scope", "the scope must be the API's, with /.default")
        return ()

    def claims(self, client_id: str, scopes: Sequence[str]) -> dict[str, Any]:  # noqa: ARG002
        """Return what version 2 says: azp, and app roles in the place of scopes."""
        who = str(uuid.uuid5(uuid.NAMESPACE_URL, client_id))
        return {
            "aud": self.audience,
            "azp": client_id,
            "azpacr": "1",
            "oid": who,
            "sub": who,
            "tid": TENANT,
            "roles": [ROLE],
            "uti": uuid.uuid4().hex,
            "ver": "2.0",
        }


class EntraV1(Entra):
    """Entra ID as it is without that: the token endpoint is the same, the token is not."""

    issuer_path = f"/{TENANT}/"
    keys_path = f"/{TENANT}/discovery/keys"
    audience = f"api://{APPLICATION}"

    def claims(self, client_id: str, scopes: Sequence[str]) -> dict[str, Any]:
        """Return what version 1 says: appid."""
        found = super().claims(client_id, scopes)
        found |= {"appid": client_id, "appidacr": "1", "ver": "1.0"}
        return {name: value for name, value in found.items() if not name.startswith("azp")}


class Okta(Vendor):
    """An authorization server of one's own at Okta."""

    issuer_path = "/oauth2/default"
    keys_path = "/oauth2/default/v1/keys"
    token_path = "/oauth2/default/v1/token"  # noqa: S105 - a path
    typ = None

    def granted(self, form: Mapping[str, str]) -> Sequence[str]:
        """Refuse a request without scopes, and scopes that the server does not have."""
        return _known(form.get("scope", ""), {self.scope})

    def claims(self, client_id: str, scopes: Sequence[str]) -> dict[str, Any]:
        """Return what Okta says: cid, and scp as a list."""
        return {
            "ver": 1,
            "jti": f"AT.{uuid.uuid4().hex}",
            "aud": self.audience,
            "cid": client_id,
            "scp": list(scopes),
            "sub": client_id,
        }


class Auth0(Vendor):
    """A tenant of Auth0 with a default audience, because Cvent names none."""

    issuer_path = "/"
    keys_path = "/.well-known/jwks.json"
    token_path = "/oauth/token"  # noqa: S105 - a path

    def granted(self, form: Mapping[str, str]) -> Sequence[str]:
        """Return all of the client's scopes when it asks for none."""
        if form.get("audience", self.audience) != self.audience:
            raise OAuthError("access_denied", "there is no API with this identifier")
        return _known(form.get("scope") or self.scope, {self.scope})

    def claims(self, client_id: str, scopes: Sequence[str]) -> dict[str, Any]:
        """Return what Auth0 says: azp, and scopes as a text."""
        return {
            "sub": f"{client_id}@clients",
            "aud": self.audience,
            "scope": " ".join(scopes),
            "gty": "client-credentials",
            "azp": client_id,
        }


class Keycloak(Vendor):
    """A realm of Keycloak whose client has an audience mapper and a role."""

    issuer_path = "/realms/association"
    keys_path = "/realms/association/protocol/openid-connect/certs"
    token_path = "/realms/association/protocol/openid-connect/token"  # noqa: S105 - a path

    def granted(self, form: Mapping[str, str]) -> Sequence[str]:
        """Add the client's default scopes to those that it asks for."""
        asked = form.get("scope")
        return ("email", "profile", *(_known(asked, {self.scope}) if asked else ()))

    def claims(self, client_id: str, scopes: Sequence[str]) -> dict[str, Any]:
        """Return what Keycloak says: several audiences, azp, and roles by audience."""
        return {
            "jti": f"trrtcc:{uuid.uuid4()}",
            "aud": [self.audience, "account"],
            "sub": str(uuid.uuid5(uuid.NAMESPACE_URL, client_id)),
            "typ": "Bearer",
            "azp": client_id,
            "acr": "1",
            "realm_access": {"roles": ["offline_access"]},
            "resource_access": {
                self.audience: {"roles": [ROLE]},
                "account": {"roles": ["view-profile"]},
            },
            "scope": " ".join(scopes),
            "clientHost": "203.0.113.7",
            "preferred_username": f"service-account-{client_id}",
            "client_id": client_id,
        }


VENDORS: Mapping[str, type[Vendor]] = {
    "entra": Entra,
    "entra-v1": EntraV1,
    "okta": Okta,
    "auth0": Auth0,
    "keycloak": Keycloak,
}
"""The vendors by the names that the command line has for them."""


def _known(scope: str, known: set[str]) -> Sequence[str]:
    asked = scope.split()
    if not asked or not known.issuperset(asked):
        raise OAuthError("invalid_scope", "a scope is missing, or one is not known")
    return asked
