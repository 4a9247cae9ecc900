"""When a failed attempt is tried again: a pure rule of error, attempts, clock and jitter."""

from __future__ import annotations

from dataclasses import dataclass

from regbridge.errors import PluginError, RegbridgeError, RejectedError, RetryableError

FIRST_DELAY = 30.0
LONGEST_DELAY = 3600.0
LONGEST_ASKED = 7 * 86_400.0


@dataclass(frozen=True, slots=True)
class Again:
    """Try again at `at` (ms)."""

    at: int


@dataclass(frozen=True, slots=True)
class Park:
    """Set aside for a person; `reason` says why no further attempt is made."""

    reason: str


@dataclass(frozen=True, slots=True)
class Limits:
    """How many attempts a failure gets, and how many a bug."""

    attempts: int = 12
    bug_attempts: int = 3


def decide(
    error: RegbridgeError, attempts: int, limits: Limits, now: int, jitter: float
) -> Again | Park:
    """Decide what follows the failed attempt number `attempts`, which counts from 1.

    The delay doubles from 30 seconds to an hour, plus up to a tenth by `jitter` (0 to 1), and is
    never shorter than what the error asks for, up to a week. With twelve attempts that spans about
    five hours.
    """
    if isinstance(error, RejectedError):
        return Park(str(error))
    limit = limits.bug_attempts if isinstance(error, PluginError) else limits.attempts
    if attempts >= limit:
        return Park(f"{error} (given up after {attempts} attempts)")
    wait = delay(attempts, jitter)
    return Again(now + round(max(wait, asked_for(error)) * 1000))


def asked_for(error: RegbridgeError) -> float:
    """Return the seconds that an error asks to wait, within reason: what it says may be absurd."""
    asked = error.retry_after if isinstance(error, RetryableError) else None
    return min(max(0.0, asked or 0.0), LONGEST_ASKED)


def delay(attempts: int, jitter: float) -> float:
    """Return the seconds to wait after so many failed attempts."""
    base = min(FIRST_DELAY * 2.0 ** min(attempts - 1, 20), LONGEST_DELAY)
    return base * (1 + jitter / 10)
