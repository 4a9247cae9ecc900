"""The model of `host.ready` in `base.yaml`."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from regbridge.config.model import Model

_A_WEEK = 10_080


class ReadyConfig(Model):
    """From when on /health/ready says that a host is degraded. It takes messages all the same."""

    pending_minutes: Annotated[float, Field(gt=0, le=_A_WEEK)] = 60
    """How long a registration may wait: longer while a target is down, or work is behind."""

    busy_minutes: Annotated[float, Field(gt=0, le=_A_WEEK)] = 30
    """How long a thread of the worker may be at one batch before it counts as stuck."""
