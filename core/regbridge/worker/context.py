"""What the worker's steps share."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import structlog

from regbridge.clients import Clients
from regbridge.errors import StoreUnavailableError
from regbridge.leasing import Leasing
from regbridge.store.engine import Store
from regbridge.timings import Timings
from regbridge.worker.schedule import Limits

log = structlog.get_logger()


@dataclass(frozen=True)
class Context:
    """The ledger, the clients and the rules of pace. `clock` gives ms, `jitter` a number below 1.

    `wake` is told the next step, with its client, after work was left for it; `stopping` asks
    steps to end soon. `retry_seconds` lie between two tries to settle.
    """

    store: Store
    clients: Clients
    leasing: Leasing
    clock: Callable[[], int]
    jitter: Callable[[], float]
    limits: Limits
    batch_size: int = 2000
    wake: Callable[[str, str], None] = lambda _step, _client: None
    stopping: threading.Event = field(default_factory=threading.Event)
    retry_seconds: float = 1.0
    timings: Timings = field(default_factory=Timings)

    def settle(self, work: Callable[[Any], None]) -> None:
        """Run what settles claimed rows, again and again while the ledger cannot be used.

        What a target answered is nowhere else: without it a record is sent twice, or parked. It
        gives up only once the process has to stop. Whoever claims a row meanwhile is found out by
        its lease.
        """
        while True:
            try:
                return self.store.write(work)
            except StoreUnavailableError as error:
                log.error("cannot settle yet", error=error.detail)
                if error.lasts or self.stopping.wait(self.retry_seconds):
                    raise
