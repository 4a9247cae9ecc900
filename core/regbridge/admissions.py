"""Who was let in and who was not, counted by one process until the ledger has it."""

from __future__ import annotations

import threading
from collections import Counter
from dataclasses import dataclass, field
from enum import StrEnum

MOST = 1000
"""So many refusals that differ are told apart; the others are counted without their address."""


class Cause(StrEnum):
    """Why a request was refused before its message was looked at."""

    TOKEN = "wrong token"  # noqa: S105 - what people read
    ADDRESS = "not in allow_from"


@dataclass(frozen=True, slots=True)
class Refusal:
    """A refused request; `client` and `endpoint` are "" and a path where it is the host's own.

    `by_cvent` says that it seems to be Cvent's: by its name, or by a right token.
    """

    client: str
    endpoint: str
    cause: Cause
    address: str
    by_cvent: bool = False


@dataclass(frozen=True, slots=True)
class Use:
    """A token of an endpoint that let somebody in, by its fingerprint."""

    client: str
    endpoint: str
    token: str


@dataclass(slots=True)
class Counts:
    """How often each refusal happened and each token was used."""

    refusals: Counter[Refusal] = field(default_factory=Counter)
    uses: Counter[Use] = field(default_factory=Counter)

    def __bool__(self) -> bool:
        return bool(self.refusals or self.uses)


class Admissions:
    """The counts of one process. Safe to share between threads, and bounded whoever comes.

    `key` is the ledger's own secret, which fingerprints are made with.
    """

    def __init__(self, key: bytes = b"") -> None:
        self.key = key
        self._counts = Counts()
        self._lock = threading.Lock()

    def used(self, use: Use) -> None:
        """Count a request that a token let in."""
        with self._lock:
            self._counts.uses[use] += 1

    def refused(self, refusal: Refusal, times: int = 1) -> None:
        """Count a refused request."""
        with self._lock:
            found = self._counts.refusals
            if refusal not in found and len(found) >= MOST:
                refusal = Refusal(refusal.client, refusal.endpoint, refusal.cause, "")
            found[refusal] += times

    def take(self) -> Counts:
        """Return everything that was counted, and begin anew."""
        with self._lock:
            taken, self._counts = self._counts, Counts()
        return taken

    def put_back(self, counts: Counts) -> None:
        """Add counts that could not be written down."""
        for refusal, times in counts.refusals.items():
            self.refused(refusal, times)
        with self._lock:
            self._counts.uses.update(counts.uses)
