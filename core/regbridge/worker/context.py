"""What the worker's steps share."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field

from regbridge.clients import Clients
from regbridge.store.engine import Store
from regbridge.worker.leasing import Leasing
from regbridge.worker.schedule import Limits


@dataclass(frozen=True)
class Context:
    """The ledger, the clients and the rules of pace. `clock` gives ms, `jitter` a number below 1.

    `wake` is told the next step, with its client, after work was left for it; `stopping` asks
    steps to end soon.
    """

    store: Store
    clients: Clients
    leasing: Leasing
    clock: Callable[[], int]
    jitter: Callable[[], float]
    limits: Limits
    batch_size: int = 500
    wake: Callable[[str, str], None] = lambda _step, _client: None
    stopping: threading.Event = field(default_factory=threading.Event)
