"""The second step: registrations become one delivery for each target."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Any

from regbridge.corrections import Correction, correct_record, correct_registration
from regbridge.correlation import working_on
from regbridge.errors import RegbridgeError, RejectedError
from regbridge.message import no_subject
from regbridge.models import Drop, KeyedOn, Kind, Registration, Target
from regbridge.pipeline import Enrichment, Pipeline
from regbridge.registrations import from_row, untaken
from regbridge.store.corrections import corrections_of
from regbridge.store.leases import Lease
from regbridge.store.pauses import Paused
from regbridge.store.prepare import Postponed, admit, claim_registrations, settle_prepared
from regbridge.store.prepared import Prepared, as_text
from regbridge.store.tables import registrations
from regbridge.timings import Key, Measurement, Stage
from regbridge.worker.context import Context
from regbridge.worker.outages import Outages
from regbridge.worker.schedule import Again, decide

Results = dict[int, Sequence[Prepared] | Postponed]


class Preparer:
    """Prepares one client's registrations of syncs (`bulk`), or all others, a batch at a time.

    Enriching a sync may take minutes, and mapping a batch of it is seconds that nobody waits for.
    """

    def __init__(self, context: Context, pipeline: Pipeline, *, bulk: bool) -> None:
        self._context = context
        self._pipeline = pipeline
        self._client = pipeline.client.name
        self._bulk = bulk
        self._batch_size = pipeline.whole_batches(context.batch_size)
        self._outages = {
            name: Outages(context, self._client, name) for name in pipeline.enrichers()
        }

    def run(self) -> bool:
        """Prepare one batch; return whether there was anything to do."""
        with self._measured(Stage.PREPARE) as batch:
            return self._run(batch)

    def _run(self, batch: Measurement) -> bool:
        paused = {name: pause for name, o in self._outages.items() if (pause := o.find())}
        lease = self._context.leasing.new()
        if any(pause.until > lease.now for pause in paused.values()):
            return False
        reserved = [
            name for name in paused if self._outages[name].reserve_try(paused[name], lease.until)
        ]
        if len(reserved) < len(paused):
            self._give_back(reserved, paused, lease)
            return False
        limit = 1 if paused else self._batch_size
        rows = self._context.store.write(
            lambda c: claim_registrations(c, self._client, limit, lease, bulk=self._bulk)
        )
        if not rows:
            self._give_back(reserved, paused, lease)
            return False
        batch.registrations = len(rows)
        with (
            self._working_on(lease, rows),
            self._context.leasing.keep(lease, registrations, [row.id for row in rows]),
        ):
            self._prepare({row.id: row for row in rows}, lease, paused)
        self._context.wake("deliver", self._client)
        return True

    def _working_on(self, lease: Lease, rows: Sequence[Any]) -> AbstractContextManager[Any]:
        of = {row.receipt_id for row in rows}
        return working_on(lease.token, of, step="prepare", client=self._client)

    def _give_back(self, names: Iterable[str], paused: Mapping[str, Paused], lease: Lease) -> None:
        for name in names:
            self._outages[name].give_back(paused[name], lease.until)

    def _prepare(self, rows: Mapping[int, Any], lease: Lease, paused: Mapping[str, Paused]) -> None:
        results: Results = {}
        with self._measured(Stage.FILTER, len(rows)):
            kept = self._admit(rows, lease, results)
        enrichment = self._pipeline.enrich(kept, self._context.timings)
        holds = self._note_calls(enrichment, paused)
        self._give_back(paused.keys() - enrichment.called, paused, lease)
        corrections = self._context.store.read(lambda c: corrections_of(c, [k.id for k in kept]))
        with self._measured(Stage.MAP, len(kept) or None):
            for registration, entry in zip(kept, enrichment.entries, strict=True):
                row = rows[registration.id]
                if isinstance(entry, Registration):
                    results[row.id] = self._map(entry, row, corrections.get(row.id, ()))
                elif entry.plugin in holds:
                    results[row.id] = Postponed(str(entry), row.attempts, holds[entry.plugin])
                else:
                    results[row.id] = self._postpone(entry, row)
        now = lease.at(self._context.clock())
        self._context.settle(
            lambda c: settle_prepared(c, now, self._client, self._pipeline.fingerprint, results)
        )

    def _measured(
        self, stage: Stage, count: int | None = None
    ) -> AbstractContextManager[Measurement]:
        return self._context.timings.measure(Key(self._client, stage), count)

    def _admit(self, rows: Mapping[int, Any], lease: Lease, results: Results) -> list[Registration]:
        """Filter and dedupe; what cannot even be read goes to `results`."""
        filtered: dict[int, str] = {}
        keys: dict[int, str] = {}
        good: list[Registration] = []
        for row in rows.values():
            try:
                registration = from_row(row, self._pipeline.client)
                _require_subject(registration)
                drop = untaken(registration, self._pipeline.client)
                drop = drop or self._pipeline.filter(registration)
                if drop:
                    filtered[row.id] = drop.reason
                    continue
                keys[row.id] = self._pipeline.dedupe_key(registration)
                good.append(registration)
            except RegbridgeError as error:
                results[row.id] = self._postpone(error, row)
        now = lease.at(self._context.clock())
        kept = self._context.store.write(lambda c: admit(c, now, filtered, keys, self._client))
        return [registration for registration in good if registration.id in kept]

    def _note_calls(self, enrichment: Enrichment, paused: Mapping[str, Paused]) -> dict[str, int]:
        """Tell the outages how each plugin fared; return until when which of them is paused."""
        holds: dict[str, int] = {}
        failed = {error.plugin: error for error in enrichment.failures}
        for name, outages in self._outages.items():
            error = failed.get(name)
            if name not in enrichment.called:
                continue
            if error is None:
                outages.succeeded(paused=paused.get(name))
            elif until := outages.failed(error, paused=paused.get(name)):
                holds[name] = until
        return holds

    def _map(
        self, registration: Registration, row: Any, corrections: Sequence[Correction]
    ) -> Sequence[Prepared] | Postponed:
        """Map for every target; only a plugin's bug makes the registration wait as a whole."""
        try:
            registration = correct_registration(registration, corrections)
            return [
                self._prepared(registration, target, corrections)
                for target in self._pipeline.client.targets.values()
                if registration.kind in target.kinds
            ]
        except RegbridgeError as error:
            return self._postpone(error, row)

    def _prepared(
        self, registration: Registration, target: Target, corrections: Sequence[Correction]
    ) -> Prepared:
        """Map for one target; a record that cannot be made is parked there, and only there."""
        by_contact = target.keyed_on is KeyedOn.CONTACT
        try:
            answer = self._pipeline.map(registration, target)
            if isinstance(answer, Drop):
                return Prepared(target.name, by_contact, dropped=answer.reason)
            record = correct_record(answer, target.name, corrections)
            return Prepared(target.name, by_contact, as_text(record, target), target.after or "")
        except RejectedError as error:
            field = error.field or ""
            return Prepared(target.name, by_contact, problem=str(error), field=field)

    def _postpone(self, error: RegbridgeError, row: Any) -> Postponed:
        field = getattr(error, "field", None) or ""
        attempts = row.attempts + 1
        now = self._context.clock()
        decision = decide(error, attempts, self._context.limits, now, self._context.jitter())
        if isinstance(decision, Again):
            return Postponed(str(error), attempts, decision.at, field)
        return Postponed(decision.reason, attempts, None, field)


def _require_subject(registration: Registration) -> None:
    """Park again what was parked because it names nobody, when a person retries it."""
    if registration.kind is Kind.REGISTRATION and not registration.subject:
        missing = "inviteeStub" if registration.event_stub else "eventStub"
        raise RejectedError(no_subject(missing), field=missing)
