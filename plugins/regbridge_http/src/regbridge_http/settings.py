"""What the YAML says about a receiver: where it is, how messages are signed, how it answers."""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from pydantic import (
    AfterValidator,
    Field,
    field_validator,
)

from regbridge import Secret, Settings, Text
from regbridge.http import LOOPBACK
from regbridge_http.meaning import Meaning
from regbridge_http.signing import key_of

_NAME = r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,100}"
_OURS = {"connection", "content-length", "content-type", "expect", "host", "transfer-encoding"}
_TELLING = re.compile(r"authorization|cookie|key|token|secret|password|signature", re.IGNORECASE)
_TYPE = r"[A-Za-z0-9_]+(\.[A-Za-z0-9_]+)*"


def _address(url: str) -> str:
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError("an address such as https://hooks.example.org/registrations was expected")
    if parts.username is not None or parts.fragment or not url.isascii() or re.search(r"\s", url):
        raise ValueError("the address may hold no user, no #, no space and no letter but a to z")
    if parts.scheme == "http" and parts.hostname not in LOOPBACK:
        raise ValueError("plain http shows personal data to everybody on the way; use https")
    return url


def _signing(secret: Any) -> Any:
    key_of(secret.get_secret_value())
    return secret


SigningSecret = Annotated[Secret, AfterValidator(_signing)]
"""A reference to a secret of the scheme, `whsec_...`."""


class HttpSettings(Settings):
    """A URL that takes signed JSON, and what its answers mean."""

    url: Annotated[
        Text,
        AfterValidator(_address),
        Field(repr=False, description="Where messages are posted to; {env: NAME} hides it."),
    ]
    secrets: Annotated[
        tuple[SigningSecret, ...],
        Field(max_length=5, description="What messages are signed with; several for a rotation."),
    ] = ()
    headers: Annotated[
        dict[str, Text],
        Field(
            default_factory=dict,
            max_length=20,
            repr=False,
            description="Headers that the receiver wants besides.",
        ),
    ]
    type: Annotated[
        str,
        Field(max_length=100, pattern=f"^{_TYPE}$", description="The `type` in each message."),
    ] = "registration.changed"
    id_from: Annotated[
        str,
        Field(
            max_length=200,
            pattern=r"^([^.]+(\.[^.]+)*)?$",
            description="Where the answer's JSON has an id: keys with dots between them.",
        ),
    ] = ""
    statuses: Annotated[
        dict[Annotated[int, Field(ge=100, le=599)], Meaning],
        Field(
            default_factory=dict,
            description="What the receiver means by a status, where that is not the usual.",
        ),
    ]
    on_ambiguous: Annotated[
        Literal["retry", "park"],
        Field(description="What follows when nobody can say whether the receiver has a message."),
    ] = "retry"
    timeout_seconds: Annotated[
        float, Field(gt=0, le=600, description="How long an answer may take.")
    ] = 30.0
    concurrency: Annotated[int, Field(ge=1, le=32, description="Calls at the same time.")] = 4
    calls_per_second: Annotated[
        float | None,
        Field(gt=0, le=1000, description="The pace of all who share the ledger; any if left out."),
    ] = None

    @field_validator("headers", mode="before")
    @classmethod
    def _refuse_literal_secrets(cls, headers: Any) -> Any:
        for name, value in headers.items() if isinstance(headers, dict) else ():
            if isinstance(value, str) and _TELLING.search(str(name)):
                raise ValueError(f"{name} holds a secret: write {{env: NAME}} in its place")
        return headers

    @field_validator("headers")
    @classmethod
    def _check_headers(cls, headers: dict[str, str]) -> dict[str, str]:
        for name, value in headers.items():
            if not re.fullmatch(_NAME, name):
                raise ValueError(f"{name!r} is no name of a header")
            if name.lower() in _OURS or name.lower().startswith("webhook-"):
                raise ValueError(f"{name} is set by regbridge; leave it out")
            if not value.isascii() or not value.isprintable() or value != value.strip():
                raise ValueError(f"the value of {name} has a character that no header can have")
        if len({name.lower() for name in headers}) < len(headers):
            raise ValueError("a header is there twice")
        return headers

    def keys(self) -> tuple[bytes, ...]:
        """Return what messages are signed with, the current secret first."""
        return tuple(key_of(secret.get_secret_value()) for secret in self.secrets)
