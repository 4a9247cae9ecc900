"""A strict stand-in for an authorization server that gives Cvent tokens for webhooks."""

from regbridge_cvent.simulator.authorization.grant import Client
from regbridge_cvent.simulator.authorization.service import AuthorizationServer
from regbridge_cvent.simulator.authorization.signing import SigningKey, SigningKeys
from regbridge_cvent.simulator.authorization.vendors import (
    VENDORS,
    Auth0,
    Entra,
    EntraV1,
    Keycloak,
    Okta,
    Vendor,
)

__all__ = [
    "VENDORS",
    "Auth0",
    "AuthorizationServer",
    "Client",
    "Entra",
    "EntraV1",
    "Keycloak",
    "Okta",
    "SigningKey",
    "SigningKeys",
    "Vendor",
]
