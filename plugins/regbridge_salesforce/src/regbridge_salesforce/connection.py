"""What the YAML says about an org, and about the app that speaks to it."""

from __future__ import annotations

import re
from typing import Annotated, Self
from urllib.parse import urlsplit

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from pydantic import AfterValidator, Field, WithJsonSchema, model_validator

from regbridge import Secret, Settings, Text
from regbridge.http import service_address

DEFAULT_VERSION = "64.0"
"""Summer '25: every org has it, and each version is kept for three years at least."""

_OLDEST = 46
_VERSION = r"[4-9]\d\.0|[1-9]\d\d\.0"


def _own_domain(url: str) -> str:
    if urlsplit(url).hostname in ("login.salesforce.com", "test.salesforce.com"):
        raise ValueError(
            "this is everybody's address; give the org's own, which Setup shows under My Domain"
        )
    return url


def _version(text: str) -> str:
    if not re.fullmatch(_VERSION, text, re.ASCII) or float(text) < _OLDEST:
        raise ValueError(
            f"a version such as '{DEFAULT_VERSION}' was expected, {_OLDEST}.0 or newer"
        )
    return text


Address = Annotated[Text, AfterValidator(service_address("https://contoso.my.salesforce.com"))]
Version = Annotated[
    str, AfterValidator(_version), WithJsonSchema({"type": "string", "pattern": f"^({_VERSION})$"})
]


class JwtSettings(Settings):
    """The key by which the app proves who it is, and the user that it acts for."""

    private_key: Annotated[
        Secret, Field(description="The private key (RSA) of the app's certificate, in PEM.")
    ]
    passphrase: Annotated[
        Secret | None, Field(description="What the private key is encrypted with, if it is.")
    ] = None
    username: Annotated[Text, Field(description="The user's name at Salesforce, not the e-mail.")]
    audience: Annotated[
        Address,
        Field(description="https://test.salesforce.com for a sandbox."),
    ] = "https://login.salesforce.com"

    @model_validator(mode="after")
    def _check_key(self) -> Self:
        self.key()
        return self

    def key(self) -> RSAPrivateKey:
        """Return the private key. Raises `ValueError`, whose text holds nothing of it."""
        phrase = self.passphrase.get_secret_value().encode() if self.passphrase else None
        try:
            key = load_pem_private_key(self.private_key.get_secret_value().encode(), phrase)
        except (ValueError, TypeError, UnsupportedAlgorithm) as error:
            raise ValueError(
                f"the private key cannot be read ({type(error).__name__}): it must be in PEM, and "
                "an encrypted one needs its passphrase"
            ) from None
        if not isinstance(key, RSAPrivateKey):
            raise ValueError("the private key is not an RSA key, which Salesforce asks for")
        return key


class ConnectionSettings(Settings):
    """An org, and the app that speaks to it."""

    url: Annotated[
        Address,
        AfterValidator(_own_domain),
        Field(description="The org's My Domain, such as https://contoso.my.salesforce.com."),
    ]
    client_id: Annotated[Text, Field(description="The app's consumer key.")]
    client_secret: Annotated[
        Secret | None, Field(description="The app's consumer secret, for client credentials.")
    ] = None
    jwt: Annotated[
        JwtSettings | None,
        Field(description="A key of the app's certificate, instead of a secret."),
    ] = None
    api_version: Annotated[
        Version, Field(description="The version of the REST API, in quotes.")
    ] = DEFAULT_VERSION
    timeout_seconds: Annotated[
        float, Field(ge=5, le=600, description="How long an answer may take.")
    ] = 120.0

    @model_validator(mode="after")
    def _check_credential(self) -> Self:
        if (self.client_secret is None) == (self.jwt is None):
            raise ValueError("give either client_secret or jwt")
        return self
