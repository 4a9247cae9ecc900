"""The model of `reconcile:` in a client file."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from regbridge.config.model import Model

_A_YEAR = 525_600
_Status = Annotated[str, Field(min_length=1)]


class ReconcileConfig(Model):
    """How a client's events are compared with what Cvent has, so that nothing is missing."""

    every_minutes: Annotated[float, Field(gt=0, le=_A_YEAR)] | None = 60
    """How often the worker asks Cvent for what changed at each event; null for by hand alone."""

    full_every_hours: Annotated[float, Field(gt=0, le=8760)] = 24
    """How often all of an event is compared, and what the targets have."""

    calls_per_day: Annotated[int, Field(ge=1, le=500_000)] = 200
    """The most calls of Cvent's API that this may take in a day (GMT), for all events together."""

    fix: bool = True
    """Whether what is missing or out of date is sent; when false it is reported alone."""

    overwrite: bool = False
    """Whether what somebody changed at a target is overwritten; reported alone when false."""

    statuses: Annotated[tuple[_Status, ...], Field(min_length=1)] = ("Accepted",)
    """The statuses with which a registrant must be here; others only if they came before."""

    grace_minutes: Annotated[float, Field(ge=0, le=1440)] = 5
    """What changed so recently may still be on its way, and is left to the next time."""

    overlap_minutes: Annotated[float, Field(ge=0, le=1440)] = 10
    """Cvent is asked from so long before the newest known change: it may show some late."""
