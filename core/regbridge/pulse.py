"""Whether the worker's threads are alive, and for how long each has been at one batch."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass


@dataclass(eq=False)
class Pulse:
    """The pulse of one thread: what it does, and since when it has been at one batch of it.

    `part` is the target of a delivering one, or that it works on syncs. `clock` gives seconds.
    """

    step: str
    client: str
    part: str = ""
    thread: threading.Thread | None = None
    clock: Callable[[], float] = time.monotonic
    since: float | None = None

    @contextmanager
    def at_work(self) -> Iterator[None]:
        """Count a batch's time while the block runs."""
        self.since = self.clock()
        try:
            yield
        finally:
            self.since = None

    @property
    def busy_seconds(self) -> float:
        """How long it has been at what it is at; 0 while it waits for work."""
        since = self.since
        return 0.0 if since is None else self.clock() - since

    @property
    def name(self) -> str:
        """What people call it."""
        return " ".join(filter(None, (self.step, self.client, self.part)))

    @property
    def is_alive(self) -> bool:
        """Whether its thread runs."""
        return self.thread is not None and self.thread.is_alive()
