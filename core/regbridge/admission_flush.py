"""Writes down at most once a minute who was let in and who was refused, and at the end."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import structlog

from regbridge.admissions import Admissions, Counts
from regbridge.errors import StoreUnavailableError
from regbridge.periodic import Periodic
from regbridge.store.admissions import Taken, add_refusals, add_uses, take_tokens
from regbridge.store.audit import console_key
from regbridge.store.engine import Store
from regbridge.tokens import fingerprint

if TYPE_CHECKING:
    from regbridge.pipeline import Pipeline
    from regbridge.web.refusal_log import RefusalLog

log = structlog.get_logger()

EVERY_SECONDS = 60.0


class AdmissionFlush:
    """Adds to the ledger what `admissions` counted. Start and stop it once; `clock` gives ms."""

    def __init__(
        self,
        store: Store,
        admissions: Admissions,
        refusals: RefusalLog,
        clock: Callable[[], int],
    ) -> None:
        self._store = store
        self._admissions = admissions
        self._refusals = refusals
        self._clock = clock
        self._periodic = Periodic("admissions", EVERY_SECONDS, self.flush)

    def take_tokens(self, clients: Mapping[str, Pipeline]) -> None:
        """Write down which tokens are taken from now on, before the first request.

        Raises `StoreUnavailableError`.
        """
        self._store.write(lambda c: self.put_tokens(c, clients))

    def put_tokens(self, connection: Any, clients: Mapping[str, Pipeline]) -> None:
        """Write the same in a transaction that is open, when other clients are taken over."""
        self._admissions.key = console_key(connection)
        take_tokens(connection, _taken(self._admissions.key, clients), self._clock())

    def start(self) -> None:
        """Begin."""
        self._periodic.start()

    def stop(self) -> None:
        """Write and log what is left."""
        if self._periodic.stop():
            self.flush()
            self._refusals.flush(at_end=True)

    def flush(self) -> None:
        """Write what was counted since the last time; keep it if the ledger cannot take it."""
        self._refusals.flush()
        counts = self._admissions.take()
        if not counts:
            return
        try:
            self._write(counts, self._clock())
        except StoreUnavailableError as error:
            self._admissions.put_back(counts)
            log.warning("who was refused is kept for later", error=error.detail)
        except Exception:
            self._admissions.put_back(counts)
            log.exception("who was refused is kept for later; this is a bug")

    def _write(self, counts: Counts, now: int) -> None:
        def write(connection: Any) -> None:
            add_uses(connection, counts.uses, now)
            if counts.refusals:
                add_refusals(connection, counts.refusals, now)

        self._store.write_hastily(write)


def _taken(key: bytes, clients: Mapping[str, Pipeline]) -> list[Taken]:
    return [
        Taken(name, endpoint.name, fingerprint(key, token), token_name)
        for name, pipeline in clients.items()
        for endpoint in pipeline.client.endpoints.values()
        for token, token_name in zip(endpoint.tokens, endpoint.token_names, strict=False)
    ]
