"""Takes messages through a whole client with the plugins under test, without waiting."""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from regbridge.clients import Clients
from regbridge.config.schema import WorkerConfig
from regbridge.errors import MalformedMessageError
from regbridge.hookspecs import hookimpl
from regbridge.limits import Limiters
from regbridge.message import read_envelope, read_fields
from regbridge.models import EMPTY, Client, Registration
from regbridge.nearest import did_you_mean
from regbridge.pipeline import NamedInstance, Pipeline
from regbridge.plugin import Plugin, PluginContext, Settings
from regbridge.registry import build
from regbridge.store.choice import Choice
from regbridge.store.clock import from_ms, to_ms
from regbridge.store.due import next_due
from regbridge.store.intake import Arrival, store_receipts
from regbridge.store.limits import LedgerPlaces
from regbridge.store.operate import retry_receipts, retry_registrations
from regbridge.store.rows import whole_registrations
from regbridge.store.tables import deliveries, receipts
from regbridge.testing.environ import environment
from regbridge.testing.ledger import memory_ledger
from regbridge.testing.payloads import encode
from regbridge.testing.trial_client import TOKEN, client_file
from regbridge.worker.loop import Worker

_MINUTE = 60_000


@dataclass(frozen=True, slots=True)
class TrialReceipt:
    """A message as it was received: parked if it cannot be read, and `reason` says why."""

    id: int
    state: str
    reason: str
    records: int


@dataclass(frozen=True, slots=True)
class TrialRegistration:
    """What became of one record of a message.

    `receipt` is what `Trial.send` returned, `fields` are the record as hooks receive it, and
    `enriched` the patches by the names of the plugins, as the mapping read them last.
    """

    id: int
    receipt: int
    name: str
    state: str
    reason: str
    field: str
    fields: Mapping[str, Any]
    enriched: Mapping[str, Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class TrialDelivery:
    """What became of one registration at one target.

    `fields` are those of the record, None where none was made. `due` says when a pending one is
    tried.
    """

    registration: int
    target: str
    state: str
    reason: str
    field: str
    fields: Mapping[str, Any] | None
    external_id: str
    attempts: int
    due: datetime | None


class Trial:
    """A client with its plugins, a ledger in memory, and a worker whose clock tests move.

    `client` is what a client's file says: its text, its values, or the path of a file. `client:`
    and `endpoints:` may be left out, and so may what authenticates. `plugins` are classes by the
    names that `use:` gives them, beside the installed ones. `environ` are variables for the time in
    which the plugins are made. Relative paths start at `folder`, whose `base.yaml` holds as well if
    it has one: by default that of a client's file, or an empty one that is deleted at the end.
    `start` is the clock's first time, by default now.

    Nothing runs beside the test: a batch at a time is worked on, in the thread that calls
    `settle`. Limiters let the clock pass in the place of waiting.

    Raises `ConfigError` with the findings that the host would have. Use it in a `with` block, or
    `close` it.

    Example:
        with Trial(CLIENT, plugins={"crm": Crm}, environ={"CRM_TOKEN": "a token"}) as trial:
            trial.send(sync(3))
            trial.settle()
            assert trial.states() == {"delivered": 3}
    """

    def __init__(
        self,
        client: str | Mapping[str, Any] | Path,
        *,
        plugins: Mapping[str, type[Plugin]] = EMPTY,
        environ: Mapping[str, str] = EMPTY,
        folder: Path | None = None,
        start: datetime | None = None,
    ) -> None:
        self._now = to_ms(start) if start else time.time_ns() // 1_000_000
        self._scratch = TemporaryDirectory(prefix="regbridge-trial-")
        self._seen = _Seen()
        self.store = memory_ledger()
        try:
            self.pipeline = self._build(client, plugins, environ, folder)
        except BaseException:
            self._forget()
            raise
        self._worker = Worker(
            self.store,
            Clients({self.client.name: self.pipeline}),
            WorkerConfig(),
            clock=lambda: self._now,
            jitter=lambda: 0.0,
        )

    @property
    def client(self) -> Client:
        """The client's configuration, as plugins see it."""
        return self.pipeline.client

    @property
    def now(self) -> datetime:
        """The worker's time."""
        return from_ms(self._now)

    @property
    def receipts(self) -> Sequence[TrialReceipt]:
        """The messages so far, in the order of their arrival."""
        rows = self.store.read(lambda c: c.execute(receipts.select().order_by("id")).all())
        return [TrialReceipt(row.id, row.state, row.reason, row.record_count) for row in rows]

    @property
    def registrations(self) -> Sequence[TrialRegistration]:
        """The registrations so far, in the order of their arrival."""
        query = whole_registrations().order_by("receipt_id", "position")
        rows = self.store.read(lambda c: c.execute(query).all())
        return [
            TrialRegistration(
                id=row.id,
                receipt=row.receipt_id,
                name=row.name,
                state=row.state,
                reason=row.reason,
                field=row.field,
                fields=read_fields(row.payload),
                enriched=self._seen.enriched.get(row.id, EMPTY),
            )
            for row in rows
        ]

    def plugin(self, name: str) -> Plugin:
        """Return the instance that delivers to a target, or that `plugins:` names, by its name."""
        found = {named.name: named.plugin for named in self.pipeline.plugins}
        if name not in found:
            raise LookupError(f"no plugin {name!r}; {did_you_mean(name, found)}")
        return found[name]

    def send(self, message: Mapping[str, Any] | bytes, endpoint: str = "") -> int:
        """Receive a message, as the web server does with a right token; return its receipt.

        What cannot be read is kept as a parked receipt.
        """
        body = message if isinstance(message, bytes) else encode(message)
        arrival = self._arrival(body, endpoint or next(iter(self.client.endpoints)))
        [receipt] = self.store.write(lambda c: store_receipts(c, [arrival]))
        return receipt

    def settle(self, minutes: float = 0) -> None:
        """Work until nothing is due any more, also not within so many minutes.

        The clock goes from one thing that is due to the next, and stops when there is none. If
        there is one after that time, it stops where the minutes end.
        """
        end = self._now + round(minutes * _MINUTE)
        while True:
            self._worker.run_once()
            due = self.store.read(lambda c: next_due(c, self._now))
            if due is None:
                return
            if due > end:
                self._now = max(self._now, end)
                return
            self._now = due

    def retry(self) -> int:
        """Retry all that is parked, as a person does; return how much that is."""
        now = self._now
        return self.store.write(
            lambda c: retry_receipts(c, Choice(), now) + retry_registrations(c, Choice(), now)
        )

    def deliveries(self, target: str = "") -> Sequence[TrialDelivery]:
        """Return the deliveries to one target, or to all, in the order of arrival."""
        if target and target not in self.client.targets:
            raise LookupError(f"no target {target!r}; {did_you_mean(target, self.client.targets)}")
        query = deliveries.select().order_by("registration_id", "id")
        rows = self.store.read(lambda c: c.execute(query).all())
        return [
            TrialDelivery(
                registration=row.registration_id,
                target=row.target,
                state=row.state,
                reason=row.reason,
                field=row.field,
                fields=json.loads(row.record) if row.record else None,
                external_id=row.external_id or "",
                attempts=row.attempts,
                due=None if row.due_at is None else from_ms(row.due_at),
            )
            for row in rows
            if target in ("", row.target)
        ]

    def states(self) -> Counter[str]:
        """Count the registrations by their state."""
        return Counter(registration.state for registration in self.registrations)

    def close(self) -> None:
        """Close the plugins and forget the ledger."""
        self.pipeline.close()
        self._forget()

    def __enter__(self) -> Trial:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _build(
        self,
        client: str | Mapping[str, Any] | Path,
        given: Mapping[str, type[Plugin]],
        environ: Mapping[str, str],
        folder: Path | None,
    ) -> Pipeline:
        scratch = Path(self._scratch.name)
        if folder is None:
            folder = client.parent.parent if isinstance(client, Path) else scratch
        limiters = Limiters(LedgerPlaces(self.store), lambda: self._now / 1000, self._pass)
        with environment({TOKEN: "a token for trials", **environ}):
            file = client_file(client, given, folder, scratch)
            built = build(file, limiters, given)
        plugins = [NamedInstance("trial", self._seen), *built.plugins]
        return Pipeline(built.client, plugins, built.fingerprint, built.text)

    def _pass(self, seconds: float) -> None:
        self._now += max(1, round(seconds * 1000))

    def _forget(self) -> None:
        self.store.close()
        self._scratch.cleanup()

    def _arrival(self, body: bytes, endpoint: str) -> Arrival:
        try:
            envelope = read_envelope(body)
        except MalformedMessageError as error:
            return Arrival(self.client.name, endpoint, body, self.now, problem=str(error))
        return Arrival(
            self.client.name,
            endpoint,
            body,
            self.now,
            envelope.event_type,
            envelope.message_stub,
            envelope.message_time,
            envelope.message_time_text,
            len(envelope.records),
        )


class _Seen(Plugin):
    """Looks at what is about to be mapped, and leaves it to the others."""

    def __init__(self) -> None:
        super().__init__(Settings(), PluginContext("trial", Client("trial"), Path()))
        self.enriched: dict[int, Mapping[str, Mapping[str, Any]]] = {}

    @hookimpl
    def map_registration(self, registration: Registration) -> None:
        """Remember the patches."""
        self.enriched[registration.id] = registration.enriched
