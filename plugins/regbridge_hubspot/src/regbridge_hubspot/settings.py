"""What the YAML says about a HubSpot account, and about the records that go there."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Annotated, Self

from pydantic import AfterValidator, Field, WithJsonSchema, model_validator

from regbridge import Secret, Settings, Text
from regbridge.http import service_address

MOST_IN_A_CALL = 100
"""The most records that HubSpot takes in one batch."""

_API = r"20[0-9]{2}-(03|09)|v3"
_NAME = r"[A-Za-z0-9_-]{1,100}"
_PROPERTY = r"[a-z][a-z0-9_]{0,99}"


def _follows(pattern: str, rule: str) -> Callable[[str], str]:
    """Return a validator of text; `rule` says what was expected."""

    def check(text: str) -> str:
        if not re.fullmatch(pattern, text, re.ASCII):
            raise ValueError(rule)
        return text

    return check


def _text(pattern: str, rule: str) -> tuple[AfterValidator, WithJsonSchema]:
    schema = WithJsonSchema({"type": "string", "pattern": f"^({pattern})$"})
    return AfterValidator(_follows(pattern, rule)), schema


_API_RULE = "a version is written as 2026-03 or 2026-09, and the last one before those as v3"
_NAME_RULE = "an object type is written as contacts, as 2-123456, or as p_registration"
_PROPERTY_RULE = "a property's internal name has only a to z, digits and _"

Api = Annotated[str, *_text(_API, _API_RULE)]
ObjectType = Annotated[str, *_text(_NAME, _NAME_RULE)]
PropertyName = Annotated[str, *_text(_PROPERTY, _PROPERTY_RULE)]


class OAuthSettings(Settings):
    """An app that was installed in the account, and the refresh token that it got there."""

    client_id: Annotated[Text, Field(description="The app's client id.")]
    client_secret: Annotated[Secret, Field(description="The app's client secret.")]
    refresh_token: Annotated[
        Secret, Field(description="The refresh token of the account where the app is installed.")
    ]


class ConnectionSettings(Settings):
    """A HubSpot account, and how to get in."""

    url: Annotated[
        Text,
        AfterValidator(service_address("https://api.hubapi.com")),
        Field(description="Another address than HubSpot's own."),
    ] = "https://api.hubapi.com"
    api: Annotated[Api, Field(description="The version of HubSpot's API: 2026-03, or v3.")] = (
        "2026-03"
    )
    access_token: Annotated[
        Secret | None, Field(description="A service key, or the token of a private app.")
    ] = None
    oauth: Annotated[
        OAuthSettings | None, Field(description="An app with OAuth, instead of access_token.")
    ] = None
    calls_per_10_seconds: Annotated[
        int,
        Field(ge=1, le=250, description="As many as the account's plan allows for one app."),
    ] = 100
    timeout_seconds: Annotated[
        float, Field(ge=5, le=600, description="How long an answer may take.")
    ] = 60.0

    @model_validator(mode="after")
    def _check_credential(self) -> Self:
        if (self.access_token is None) == (self.oauth is None):
            raise ValueError("give either access_token or oauth")
        return self


class HubspotSettings(ConnectionSettings):
    """One type of object of an account, and how records get there."""

    object_type: Annotated[
        ObjectType, Field(description="contacts, or a custom object such as 2-123456.")
    ] = "contacts"
    id_property: Annotated[
        PropertyName,
        Field(description="The property with unique values by which a record is known."),
    ]
    chunk_size: Annotated[
        int, Field(ge=1, le=MOST_IN_A_CALL, description="The most records in one call.")
    ] = MOST_IN_A_CALL
    concurrency: Annotated[
        int, Field(ge=1, le=10, description="The most calls of this target at the same time.")
    ] = 2
