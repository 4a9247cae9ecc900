"""The model of `host.metrics` in `base.yaml`."""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import Field, model_validator

from regbridge.config.api import Token
from regbridge.config.model import Model
from regbridge.config.networks import Networks


class MetricsConfig(Model):
    """Who may read the metrics at /metrics: a Prometheus that has a token, or everybody."""

    tokens: Annotated[list[Token], Field(min_length=1)] | None = None
    """The tokens that are let in; several while one is being rotated."""

    open: bool = False
    """Whether everybody who reaches the port may read them, without a token."""

    allow_from: Networks | None = None
    """The addresses and networks that may read them; those of host.allow_from when left out."""

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        if self.open == (self.tokens is not None):
            raise ValueError(
                "metrics are read with a token or by everybody; write one of "
                "tokens: [{env: NAME}] and open: true"
            )
        return self
