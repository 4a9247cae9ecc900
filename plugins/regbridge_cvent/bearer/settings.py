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

    issuer: Annotated[
        Text,
        AfterValidator(_issuer),
        Field(description="Whose access tokens let in, exactly as `iss` has it."),
    ]
    audience: Annotated[
        Names,
        Field(min_length=1, description="What `aud` must hold; one of several is enough."),
    ]
    jwks_url: Annotated[
        Annotated[Text, AfterValidator(_jwks_url)] | None,
        Field(
            description="Where the keys are; when left out, the issuer's "
            "`/.well-known/openid-configuration` says it."
        ),
    ] = None
    clients: Annotated[
        Names, Field(description="The client ids that are let in; any when left out.")
    ] = ()
    scopes: Annotated[
        Names, Field(description="The scopes that a token must have, all of them.")
    ] = ()
    roles: Annotated[
        Names, Field(description="The roles that a token must have, all of them.")
    ] = ()
    algorithms: Annotated[
        tuple[Algorithm, ...], Field(min_length=1, description="How a token may be signed.")
    ] = USUAL
    leeway_seconds: Annotated[
        float, Field(ge=0, le=600, description="How much the clocks may differ.")
    ] = 60.0
    token_limit: Annotated[
        int, Field(ge=500, le=100_000, description="The most characters of a token.")
    ] = 16_000
    wait_seconds: Annotated[
        float,
        Field(
            gt=0,
            le=30,
            description="How long Cvent waits for keys at most, before it is told to come back "
            "(503).",
        ),
    ] = 5.0
    keep_hours: Annotated[
        float,
        Field(
            ge=1,
            le=168,
            description="How long keys go on while the authorization server is away.",
        ),
    ] = 24.0
