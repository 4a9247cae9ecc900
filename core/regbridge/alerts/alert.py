"""One thing to tell a person."""

from __future__ import annotations

from dataclasses import dataclass

from regbridge.store.clock import from_ms


@dataclass(frozen=True, slots=True)
class Alert:
    """One thing to tell. `about` is the time of the newest thing in it, in ms.

    `cause` tells causes apart: of one there is at most one alert in an hour.
    """

    cause: str
    about: int
    subject: str
    text: str


def moment(ms: int) -> str:
    """Return a time as alerts write it."""
    return from_ms(ms).strftime("%Y-%m-%d %H:%M UTC")
