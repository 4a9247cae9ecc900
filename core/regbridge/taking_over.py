"""Lets another roster of clients hold: in the ledger, in the worker, in the web server."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from regbridge.candidates import Made
from regbridge.clients import Clients
from regbridge.host_block import BlockChange
from regbridge.pipeline import Pipeline
from regbridge.presence import Presence
from regbridge.roster import Roster
from regbridge.store.configurations import remember_configuration
from regbridge.store.pauses import try_credentials


class TakingOver:
    """What a host does with a changed configuration.

    `work` gives pipelines to its worker, `beside` writes what else changes with the clients.
    """

    def __init__(
        self,
        clients: Clients,
        presence: Presence,
        work: Callable[[Sequence[Pipeline]], None],
        beside: Callable[[Any, Mapping[str, Pipeline]], None],
        clock: Callable[[], int],
    ) -> None:
        self._clients = clients
        self._presence = presence
        self._work = work
        self._beside = beside
        self._clock = clock

    def __call__(self, before: Roster, after: Roster, block: BlockChange | None) -> None:
        """Do it; raises `StoreUnavailableError`, and changes nothing, if it cannot be kept.

        Messages that are being received, and batches under way, end as they began.
        """
        new = after.new_since(before)
        now = self._clock()

        def keep(connection: Any) -> None:
            for made in new:
                _remember(connection, made, now)
                try_credentials(connection, made.name, now)
            self._beside(connection, after.running)

        self._presence.tell(after, block, keep)
        self._work([made.pipeline for made in new])
        self._clients.take_over(after)


def _remember(connection: Any, made: Made, now: int) -> None:
    pipeline = made.pipeline
    remember_configuration(connection, made.name, pipeline.fingerprint, pipeline.text, now)
