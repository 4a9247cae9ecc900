"""What the YAML says about an authorization server, and about the tokens that it gives Cvent."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, Field

from regbridge import Settings, Text
from regbridge_cvent.addresses import require_secure


class Algorithm(StrEnum):
    """How a token may be signed: by a private key, which the authorization server alone has."""

    RS256 = "RS256"
    RS384 = "RS384"
    RS512 = "RS512"
    PS256 = "PS256"
    PS384 = "PS384"
    PS512 = "PS512"
    ES256 = "ES256"
    ES384 = "ES384"
    ES512 = "ES512"
    EDDSA = "EdDSA"


USUAL = (Algorithm.RS256, Algorithm.PS256, Algorithm.ES256)
"""What the usual authorization servers sign with."""


def _issuer(url: str) -> str:
    return require_secure(url, "the URL of an issuer, as its tokens have it under iss,")


def _jwks_url(url: str) -> str:
    return require_secure(url, "a URL such as https://login.example.org/keys", query=True)


def _as_list(value: Any) -> Any:
    return [value] if isinstance(value, str | dict) else value


Name = Annotated[Text, Field(min_length=1)]
Names = Annotated[
    tuple[Name, ...], BeforeValidator(_as_list, json_schema_input_type=Name | list[Name])
]


class OAuthSettings(Settings):
    """Whose tokens let in, and what they have to say."""

    issuer: Annotated[Text, AfterValidator(_issuer)]
    audience: Annotated[Names, Field(min_length=1)]
    jwks_url: Annotated[Text, AfterValidator(_jwks_url)] | None = None
    clients: Names = ()
    scopes: Names = ()
    roles: Names = ()
    algorithms: Annotated[tuple[Algorithm, ...], Field(min_length=1)] = USUAL
    leeway_seconds: Annotated[float, Field(ge=0, le=600)] = 60.0
    token_limit: Annotated[int, Field(ge=500, le=100_000)] = 16_000
    wait_seconds: Annotated[float, Field(gt=0, le=30)] = 5.0
    keep_hours: Annotated[float, Field(ge=1, le=168)] = 24.0
