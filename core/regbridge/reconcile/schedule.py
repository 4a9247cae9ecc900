"""When an event is compared next, and since when: pure decisions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from regbridge.models import Reconcile

CLOCKS_MS = 3_600_000
"""By so much at most this machine's clock and Cvent's are taken to differ."""


@dataclass(frozen=True, slots=True)
class Past:
    """What passes of an event have been; rows of finished ones, None where there was none.

    `newest` is the newest change (ms) that Cvent has shown. `has_unsent` says that they have found
    what could have been sent, and was not: who asks for later changes alone would not see it again.
    """

    last: Any | None = None
    last_full: Any | None = None
    newest: int | None = None
    has_unsent: bool = False


@dataclass(frozen=True, slots=True)
class Due:
    """A pass that is due; `since` (ms) is None for a full one."""

    since: int | None


def due_now(past: Past, rules: Reconcile, now: int) -> Due | None:
    """Say whether an event is to be compared now, and how; one that is new always, and fully."""
    if past.last is None or is_old(past, rules, now):
        return Due(None)
    if rules.every_minutes is None or now - past.last.began_at < round(
        rules.every_minutes * 60_000
    ):
        return None
    return Due(None if rules.fix and past.has_unsent else since(past, rules))


def is_old(past: Past, rules: Reconcile, now: int) -> bool:
    """Say whether all of an event was compared too long ago, or never."""
    full = past.last_full
    return full is None or now - full.began_at >= round(rules.full_every_hours * 3_600_000)


def since(past: Past, rules: Reconcile) -> int | None:
    """Return from when on (ms) changes are asked for, None for all.

    The newest known change is a time of Cvent's own clock. Where nothing changes for long, the
    last pass's time moves it on, or a crowd that changed at one moment would be read every time.
    """
    if past.last is None or past.last_full is None:
        return None
    known: int = max(past.newest or 0, past.last.began_at - CLOCKS_MS)
    return max(0, known - round(rules.overlap_minutes * 60_000))
