"""The models of `host.alerts` in `base.yaml`."""

from __future__ import annotations

import re
from enum import StrEnum
from typing import Annotated

from pydantic import AfterValidator, Field, model_validator

from regbridge.config.model import Model
from regbridge.loopback import LOOPBACK, is_here
from regbridge.secret import Secret


def _address(value: str) -> str:
    if not _ADDRESS.fullmatch(value):
        raise ValueError(f"{value!r} is no e-mail address; write one as it@example.org")
    return value


_ADDRESS = re.compile(r"[^@\s<>,]+@[^@\s<>,]+")
Address = Annotated[str, AfterValidator(_address)]


class Tls(StrEnum):
    """How a mail server is spoken to: encrypted after a greeting, from the start, or not."""

    STARTTLS = "starttls"
    TLS = "tls"
    NONE = "none"


class EmailConfig(Model):
    """A mail server that takes alerts."""

    host: Annotated[str, Field(min_length=1)]
    """The mail server."""

    port: Annotated[int, Field(ge=1, le=65535)] = 587
    """Its port: 587 for starttls, 465 for tls, 25 for none."""

    tls: Tls = Tls.STARTTLS
    """starttls, tls from the start, or none for a relay of your own network."""

    username: str | None = None
    """The account at the mail server, if it wants one."""

    password: Secret | None = None
    """Its password."""

    sender: Address
    """The address that alerts come from."""

    to: Annotated[list[Address], Field(min_length=1)]
    """Who gets them."""

    @model_validator(mode="after")
    def _no_password_in_clear(self) -> EmailConfig:
        if self.username and self.tls is Tls.NONE and self.host not in LOOPBACK:
            raise ValueError("a password is not sent without TLS; write tls: starttls")
        if bool(self.username) != (self.password is not None):
            raise ValueError("username and password go together")
        return self


class WebhookConfig(Model):
    """A URL that alerts are posted to as JSON, such as an incoming webhook of a chat service."""

    url: Secret
    """The URL; it is a secret, because who knows it may post."""

    @model_validator(mode="after")
    def _encrypted(self) -> WebhookConfig:
        url = self.url.get_secret_value()
        if not url.startswith("https://") and not (url.startswith("http://") and is_here(url)):
            raise ValueError("the URL of the alert webhook does not begin with https://")
        return self


class AlertsConfig(Model):
    """Who is told when something parks, a target is down, a quota is used up, an endpoint silent.

    At most once in an hour for each cause, with nothing personal in it. The log tells it too.
    """

    email: EmailConfig | None = None
    """By e-mail."""

    webhook: WebhookConfig | None = None
    """By a message to a URL."""
