"""The model of `host.api` in `base.yaml`."""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import AfterValidator, Field, SecretStr

from regbridge.config.model import Model
from regbridge.config.networks import Networks
from regbridge.secret import Secret

SHORTEST_TOKEN = 24

_TOKEN = re.compile(r"[!-~]+")


def is_header_safe(token: str) -> bool:
    """Say whether a token fits into an Authorization header as it is."""
    return _TOKEN.fullmatch(token) is not None


def _strong(token: SecretStr) -> SecretStr:
    text = token.get_secret_value()
    if len(text) < SHORTEST_TOKEN:
        raise ValueError(f"a token has at least {SHORTEST_TOKEN} characters")
    if not is_header_safe(text):
        raise ValueError("a token is made of visible ASCII characters, without spaces")
    return token


Token = Annotated[Secret, AfterValidator(_strong)]


class ApiConfig(Model):
    """Who may ask the API under /api/v1: scripts and monitors that have a token."""

    tokens: Annotated[list[Token], Field(min_length=1)]
    """The tokens that are let in; several while one is being rotated."""

    allow_from: Networks | None = None
    """The addresses and networks that may ask; those of host.allow_from when left out."""
