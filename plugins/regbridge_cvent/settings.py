"""What the YAML says about a Cvent account, and about what is fetched from it."""

from __future__ import annotations

import hashlib
from enum import StrEnum
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from regbridge import RateLimit, Secret, Settings, Text
from regbridge_cvent.addresses import require_secure

URLS = {
    "north-america": "https://api-platform.cvent.com/ea",
    "europe": "https://api-platform-eur.cvent.com/ea",
}
"""The base URLs by region (reference/cvent-rest-api.md, section 1)."""


class Part(StrEnum):
    """What can be fetched of a registration."""

    ANSWERS = "answers"
    CONTACT = "contact"
    GUESTS = "guests"
    ORDERS = "orders"
    SESSIONS = "sessions"
    EVENT = "event"
    PARENT = "parent"


def _base_url(url: str) -> str:
    return require_secure(url, "a base URL such as https://api-platform.cvent.com/ea").rstrip("/")


class AccountSettings(Settings):
    """An account of Cvent's REST API, and its pace if `GET /usage/tier` shall not be asked."""

    region: Annotated[
        Literal["north-america", "europe"] | None, Field(description="Where the account is.")
    ] = None
    url: Annotated[
        Annotated[Text, AfterValidator(_base_url)] | None,
        Field(description="The API's base URL in the place of a region, for the simulator."),
    ] = None
    client_id: Annotated[Secret, Field(description="The client id of the account's application.")]
    client_secret: Annotated[Secret, Field(description="Its client secret.")]
    calls_per_second: Annotated[
        Annotated[float, Field(gt=0, le=1000)] | None,
        Field(description="The pace; that of the account's tier when left out."),
    ] = None
    burst: Annotated[
        Annotated[int, Field(ge=1, le=1000)] | None,
        Field(description="How many calls may come at once; goes with calls_per_second."),
    ] = None

    @model_validator(mode="after")
    def _check(self) -> Self:
        if (self.region is None) == (self.url is None):
            raise ValueError("an account has either a region or, for the simulator, a url")
        if (self.calls_per_second is None) != (self.burst is None):
            raise ValueError("calls_per_second and burst go together")
        return self

    @property
    def base_url(self) -> str:
        """The base URL, without a slash at its end."""
        return self.url or URLS[self.region or ""]

    @property
    def key(self) -> str:
        """What names the account's limiter: the same for all who use the account, and no secret."""
        text = f"{self.base_url} {self.client_id.get_secret_value()}"
        return f"cvent {hashlib.sha256(text.encode()).hexdigest()[:8]}"

    @property
    def limit(self) -> RateLimit | None:
        """The pace that the settings name, if they do."""
        if self.calls_per_second is None or self.burst is None:
            return None
        return RateLimit(self.calls_per_second, self.burst)


DEFAULT_PARTS = (Part.ANSWERS, Part.CONTACT)


class CventSettings(Settings):
    """An account, and the parts of a registration that are fetched from it."""

    account: Annotated[AccountSettings, Field(description="The account of Cvent's REST API.")]
    include: Annotated[
        tuple[Part, ...], Field(min_length=1, description="The parts that are fetched.")
    ] = DEFAULT_PARTS
    page_size: Annotated[int, Field(ge=1, le=200, description="Rows in a page.")] = 200
    filter_length: Annotated[
        int,
        Field(ge=500, le=1_000_000, description="The most characters of a filter in a body."),
    ] = 16_000
    url_length: Annotated[
        int, Field(ge=500, le=60_000, description="The most characters of a filter in a URL.")
    ] = 6_000
    cache_seconds: Annotated[
        float,
        Field(
            ge=0,
            le=86_400,
            description="How long the event, its questions and its sessions are kept.",
        ),
    ] = 600.0
