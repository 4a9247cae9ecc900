"""What the YAML says about an environment, and about the app registration that speaks to it."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Annotated, Self

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from pydantic import AfterValidator, Field, WithJsonSchema, model_validator

from regbridge import Secret, Settings, Text
from regbridge.http import service_address

GUID = r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}"

_TENANT = r"[A-Za-z0-9][A-Za-z0-9.-]{0,252}"
_THUMBPRINT = "[0-9A-Fa-f]{40}"
_CERTIFICATE = re.compile("-----BEGIN CERTIFICATE-----.+?-----END CERTIFICATE-----", re.DOTALL)
_KEY = re.compile("-----BEGIN ([A-Z ]*PRIVATE KEY)-----.+?-----END \\1-----", re.DOTALL)


def follows(pattern: str, rule: str) -> Callable[[str], str]:
    """Return a validator of text; `rule` says what was expected."""

    def check(text: str) -> str:
        if not re.fullmatch(pattern, text, re.ASCII):
            raise ValueError(rule)
        return text

    return check


EnvironmentUrl = Annotated[
    Text, AfterValidator(service_address("https://contoso.crm.dynamics.com"))
]
Tenant = Annotated[Text, AfterValidator(follows(_TENANT, "a tenant is a GUID or a domain"))]
ClientId = Annotated[Text, AfterValidator(follows(GUID, "this is no GUID"))]
Thumbprint = Annotated[
    str,
    AfterValidator(follows(_THUMBPRINT, "a SHA-1 thumbprint is 40 hexadecimal digits")),
    WithJsonSchema({"type": "string", "pattern": f"^{_THUMBPRINT}$"}),
]


class CertificateSettings(Settings):
    """The certificate by which the app registration proves who it is."""

    private_key: Annotated[
        Secret,
        Field(description="The private key in PEM; the certificate may be in the same file."),
    ]
    passphrase: Annotated[
        Secret | None, Field(description="What the private key is encrypted with, if it is.")
    ] = None
    thumbprint: Annotated[
        Thumbprint | None,
        Field(description="The certificate's SHA-1 thumbprint, when its file holds the key alone."),
    ] = None

    @model_validator(mode="after")
    def _check(self) -> Self:
        phrase = self.passphrase.get_secret_value().encode() if self.passphrase else None
        try:
            key = load_pem_private_key(self.key_pem.encode(), phrase)
        except (ValueError, TypeError) as error:
            raise ValueError(
                f"the private key cannot be read ({type(error).__name__}): it must be in PEM, and "
                "an encrypted one needs its passphrase"
            ) from None
        if not isinstance(key, RSAPrivateKey):
            raise ValueError("the private key is not an RSA key, which Entra ID asks for")
        if not self.thumbprint:
            _require_certificate(self.public_pem, key)
        return self

    @property
    def key_pem(self) -> str:
        """The private key alone, "" when there is none."""
        found = _KEY.search(self.private_key.get_secret_value())
        return found[0] if found else ""

    @property
    def public_pem(self) -> str:
        """The certificate in the key's file, "" when there is none or it cannot be read."""
        found = _CERTIFICATE.search(self.private_key.get_secret_value())
        try:
            return found[0] if found and x509.load_pem_x509_certificate(found[0].encode()) else ""
        except ValueError:
            return ""


def _require_certificate(pem: str, key: RSAPrivateKey) -> None:
    if not pem:
        raise ValueError("give the thumbprint, or put the certificate into the key's file")
    public = x509.load_pem_x509_certificate(pem.encode()).public_key()
    if public != key.public_key():
        raise ValueError("the certificate in the key's file is not the key's")


class ConnectionSettings(Settings):
    """An environment, and the app registration that speaks to it."""

    url: Annotated[
        EnvironmentUrl,
        Field(description="The environment, such as https://contoso.crm.dynamics.com."),
    ]
    tenant: Annotated[Tenant, Field(description="The tenant of Entra ID: a GUID or a domain.")]
    client_id: Annotated[
        ClientId, Field(description="The application (client) id of the app registration.")
    ]
    client_secret: Annotated[
        Secret | None, Field(description="The value of a client secret, not its id.")
    ] = None
    certificate: Annotated[
        CertificateSettings | None, Field(description="A certificate, instead of a secret.")
    ] = None
    authority: Annotated[
        EnvironmentUrl, Field(description="Where tokens come from; another in national clouds.")
    ] = "https://login.microsoftonline.com"
    timeout_seconds: Annotated[
        float, Field(ge=5, le=600, description="How long an answer may take.")
    ] = 180.0

    @model_validator(mode="after")
    def _check_credential(self) -> Self:
        if (self.client_secret is None) == (self.certificate is None):
            raise ValueError("give either client_secret or certificate")
        return self
