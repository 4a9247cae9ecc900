"""Whether a host can do its work: what stops it from taking messages, and what else is amiss."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import structlog

from regbridge.config.ready import ReadyConfig
from regbridge.counting import Counting, Tally
from regbridge.errors import StoreUnavailableError
from regbridge.pulse import Pulse
from regbridge.store.clock import moment
from regbridge.store.engine import Store
from regbridge.store.pauses import is_worker_paused
from regbridge.tallies import Waiting
from regbridge.timeline import span

log = structlog.get_logger()

PATIENCE = 0.5
"""So many seconds the first look waits until it is known what waits."""


class Status(StrEnum):
    """How a host stands. A degraded one takes messages; only an unavailable one must get none."""

    OK = "ok"
    DEGRADED = "degraded"
    UNAVAILABLE = "unavailable"


@dataclass(frozen=True)
class Crew:
    """The threads of a worker; `busy_seconds` is when one of them counts as stuck."""

    pulses: Sequence[Pulse]
    busy_seconds: float

    @property
    def dead(self) -> list[str]:
        """Which threads have ended, and will do nothing until a restart."""
        return sorted({pulse.name for pulse in self.pulses if not pulse.is_alive})

    @property
    def stuck(self) -> list[str]:
        """Which threads have been at one batch for too long."""
        late = {each.name for each in self.pulses if each.busy_seconds > self.busy_seconds}
        return sorted(late - set(self.dead))


class Readiness:
    """The state of one host. `takes_messages` is asked of its intake, `clock` gives ms.

    `refused` are the clients whose files are refused, and whether they go on as before.

    An outage of a target makes no host unavailable, for messages are taken and kept meanwhile: a
    load balancer that took the host away for it would lose what Cvent sends.
    """

    def __init__(
        self,
        store: Store,
        clock: Callable[[], int],
        config: ReadyConfig,
        counting: Counting,
        waiting: Tally[Waiting],
        *,
        takes_messages: Callable[[], bool],
        pulses: Callable[[], Sequence[Pulse]] | None,
        refused: Callable[[], Mapping[str, bool]],
    ) -> None:
        self._store = store
        self._clock = clock
        self._config = config
        self._counting = counting
        self._waiting = waiting
        self._takes_messages = takes_messages
        self._pulses = pulses
        self._refused = refused
        self._told: Status = Status.OK

    def look(self) -> dict[str, Any]:
        """Return the state as plain values, without personal data. Never raises."""
        error, paused = self._ask_store()
        takes = not error and self._takes_messages()
        refused = self._refused()
        found = {
            "store": not error,
            "takes_messages": takes,
            "worker": self._worker(paused=paused),
            "oldest_pending": None if error else self._oldest_pending(),
            "refused": list(refused),
        }
        reasons = list(_reasons(found, refused))
        status = Status.UNAVAILABLE if not takes else Status.DEGRADED if reasons else Status.OK
        self._tell(status, reasons, error)
        return {"status": status, "reasons": reasons, **found}

    def takes_messages(self) -> bool:
        """Say whether the next message would be stored."""
        error, _ = self._ask_store()
        return not error and self._takes_messages()

    def crew(self) -> Crew | None:
        """Return the threads of the worker, if one runs in this process."""
        if self._pulses is None:
            return None
        return Crew(self._pulses(), self._config.busy_minutes * 60)

    def _ask_store(self) -> tuple[str, bool]:
        """Return why the ledger does not answer, and whether an operator paused the worker."""
        try:
            self._store.ping()
            return "", self._store.read(is_worker_paused, patience=0)
        except StoreUnavailableError as error:
            return error.detail or str(error), False

    def _worker(self, *, paused: bool) -> dict[str, Any] | None:
        if (crew := self.crew()) is None:
            return None
        threads = len(crew.pulses)
        return {"threads": threads, "dead": crew.dead, "stuck": crew.stuck, "paused": paused}

    def _oldest_pending(self) -> dict[str, Any] | None:
        """Return since when something waits, by the last count; None while that is not known."""
        self._counting.wait(PATIENCE, self._waiting)
        waiting, at = self._waiting.found, self._waiting.at
        if waiting is None:
            return None
        since = waiting.oldest
        seconds = 0.0 if since is None else max(self._clock() - since, 0) / 1000
        limit = self._config.pending_minutes * 60
        return {
            "since": moment(since),
            "seconds": round(seconds, 1),
            "limit_seconds": limit,
            "counted_at": moment(at),
        }

    def _tell(self, status: Status, reasons: Sequence[str], error: str) -> None:
        """Write a change into the log, once."""
        before, self._told = self._told, status
        if before != status:
            tell = log.info if status == Status.OK else log.warning
            tell("readiness changed", status=status, before=before, reasons=reasons, error=error)


def _reasons(found: dict[str, Any], refused: Mapping[str, bool]) -> Iterator[str]:
    """Yield what is amiss, for people."""
    if not found["store"]:
        yield "the ledger does not answer; the log says why"
    elif not found["takes_messages"]:
        yield "the ledger does not take messages; the log says why"
    worker = found["worker"] or {}
    for name in worker.get("dead", ()):
        yield f"a thread of the worker has ended: {name}; restart the service"
    for name in worker.get("stuck", ()):
        yield f"a thread of the worker does not come to an end: {name}"
    oldest = found["oldest_pending"]
    if oldest and oldest["seconds"] > oldest["limit_seconds"]:
        waits = span(round(oldest["seconds"] * 1000))
        yield f"the oldest pending registration has waited for {waits}"
    for name, goes_on in refused.items():
        what = "runs as before, its changed file is refused" if goes_on else "does not start"
        yield f"the client {name} {what}; `regbridge check` says why"
