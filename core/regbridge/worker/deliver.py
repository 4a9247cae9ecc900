"""The third step: records go to their target, and its answers into the ledger."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import replace
from itertools import count
from math import ceil
from typing import Any

import msgspec

from regbridge.correlation import working_on
from regbridge.errors import (
    AmbiguousError,
    PluginError,
    RegbridgeError,
    RejectedError,
    RetryableError,
)
from regbridge.models import KeyedOn, Outcome, OutcomeKind, Record, Target
from regbridge.pipeline import Pipeline
from regbridge.redact import word_masker
from regbridge.store.clock import from_ms
from regbridge.store.deliver import (
    Settlement,
    claim_deliveries,
    count_due,
    last_external_ids,
    settle_deliveries,
)
from regbridge.store.leases import Lease
from regbridge.store.pauses import Paused
from regbridge.store.restored import REASON
from regbridge.store.tables import State, deliveries
from regbridge.timings import Key, Measurement, Stage
from regbridge.worker.context import Context, log
from regbridge.worker.outages import Outages
from regbridge.worker.schedule import Again, decide

SMALLEST_SHARE = 4
"""A batch is never divided into more parts than this."""

ALONE_FROM = 3
"""From so many failed attempts on, a record is sent by itself: it may be what fails the others."""

_LOST = (
    "it was sent and the answer was lost, so the target may have it; look there before you retry it"
)


class Deliverer:
    """Delivers to one target of one client, a batch at a time."""

    def __init__(self, context: Context, pipeline: Pipeline, target: Target) -> None:
        self._context = context
        self._pipeline = pipeline
        self._client = pipeline.client.name
        self._turns = count(1)
        self._target = target
        self._plugin = pipeline.target_plugin(target.name)
        self._outages = Outages(context, self._client, target.name)
        targets = pipeline.client.targets.values()
        self._is_first = any(other.after == target.name for other in targets)

    def run(self) -> bool:
        """Deliver one batch; return whether there was anything to do."""
        with self._context.timings.measure(self._key(Stage.SETTLE)) as batch:
            return self._run(batch)

    def _run(self, batch: Measurement) -> bool:
        paused = self._outages.find()
        lease = self._context.leasing.new()
        turn = next(self._turns)
        if paused and paused.until > lease.now:
            return False
        if paused and not self._outages.reserve_try(paused, lease.until):
            return False
        limit = 1 if paused else self._share(lease.now)
        rows = limit and self._context.store.write(
            lambda c: claim_deliveries(
                c,
                self._client,
                self._target.name,
                limit,
                lease,
                turn,
                self._target.after,
                by_contact=self._target.keyed_on is KeyedOn.CONTACT,
            )
        )
        if not rows:
            if paused:
                self._outages.give_back(paused, lease.until)
            return False
        batch.registrations = len(rows)
        with (
            self._working_on(lease, rows),
            self._context.leasing.keep(lease, deliveries, [row.id for row in rows]),
        ):
            settled = self._deliver(rows, paused)
            now = lease.at(self._context.clock())
            self._context.settle(
                lambda c: settle_deliveries(c, self._client, self._target.name, settled, now)
            )
            self._note_ages(rows, settled)
            log.info("records sent", **Counter(each.state.value for each in settled.values()))
        if self._is_first:
            self._context.wake("deliver", self._client)
        return True

    def _working_on(self, lease: Lease, rows: Sequence[Any]) -> AbstractContextManager[Any]:
        of = {row.receipt_id for row in rows}
        names = {"client": self._client, "target": self._target.name}
        return working_on(lease.token, of, step="deliver", **names)

    def _share(self, now: int) -> int:
        """Return how many records to claim: when few wait, each thread gets its part of them.

        Otherwise the first and the last calls of a sync would leave most threads idle. A call is
        never for less than a quarter of a batch, so that there are not many more calls. None when
        nothing waits: threads that look for work in vain do not hold up those that write.
        """
        batch, threads = self._plugin.batch_size, self._plugin.concurrency
        least = ceil(batch / SMALLEST_SHARE)
        if threads == 1 or least == batch:
            return batch
        due = self._context.store.read(
            lambda c: count_due(c, self._client, self._target.name, now, batch * threads)
        )
        return due and min(batch, max(ceil(due / threads), least))

    def _note_ages(self, rows: Sequence[Any], settled: Mapping[int, Settlement]) -> None:
        """Measure how old each registration is whose record has just been delivered."""
        now = self._context.clock()
        delivered = [row for row in rows if settled[row.id].state == State.DELIVERED]
        ages = [max(now - row.received_at, 0) / 1000 for row in delivered]
        self._context.timings.add_ages(self._key(Stage.TOTAL), ages)

    def _key(self, stage: Stage) -> Key:
        return Key(self._client, stage, self._target.name)

    def _deliver(self, rows: Sequence[Any], paused: Paused | None) -> dict[int, Settlement]:
        settled: dict[int, Settlement] = {}
        if not self._plugin.idempotent:
            unsure = [row for row in rows if row.doubtful or row.lapsed]
            settled = {row.id: self._unsure(row) for row in unsure}
        for group in _groups([row for row in rows if row.id not in settled]):
            settled |= self._send(group, paused)
        return settled

    def _unsure(self, row: Any) -> Settlement:
        """Park what may have been sent before the ledger was restored, or a worker was killed."""
        if row.doubtful:
            known = row.external_id
            return Settlement(State.PARKED, True, row.attempts, REASON, external_id=known)
        return self._lost(row, AmbiguousError("the worker stopped in the middle"))

    def _send(self, rows: Sequence[Any], paused: Paused | None) -> dict[int, Settlement]:
        records = self._records(rows)
        try:
            with self._context.timings.measure(self._key(Stage.DELIVER), len(rows)):
                outcomes = self._pipeline.deliver(records, self._target)
        except (RejectedError, PluginError) as error:
            return self._after_bad_call(rows, _about_nobody(error, rows), paused)
        except RegbridgeError as error:
            return self._after_failed_call(rows, _about_nobody(error, rows), paused)
        self._outages.succeeded(paused=paused)
        return {
            row.id: self._settlement(row, record, _without(outcome, row))
            for row, record, outcome in zip(rows, records, outcomes, strict=True)
        }

    def _after_bad_call(
        self, rows: Sequence[Any], error: RegbridgeError, paused: Paused | None
    ) -> dict[int, Settlement]:
        """One record may have spoilt the call for all: send each by itself, if that is safe."""
        safe = self._plugin.idempotent or isinstance(error, RejectedError)
        if not safe:
            return {row.id: self._lost(row, error) for row in rows}
        # A plugin that failed by a bug may have sent the record before.
        sent = isinstance(error, PluginError)
        if len(rows) == 1:
            return {rows[0].id: self._failed(rows[0], error, reached=rows[0].reached or sent)}
        settled: dict[int, Settlement] = {}
        for row in rows:
            settled |= self._send([row], paused)
        return settled

    def _after_failed_call(
        self, rows: Sequence[Any], error: RegbridgeError, paused: Paused | None
    ) -> dict[int, Settlement]:
        sent = isinstance(error, AmbiguousError)
        if sent and not self._plugin.idempotent:
            self._outages.failed(error, paused=paused)
            return {row.id: self._lost(row, error) for row in rows}
        until = self._outages.failed(error, paused=paused)
        if until is None:
            return {row.id: self._failed(row, error, reached=row.reached or sent) for row in rows}
        now = self._context.clock()
        # Another record is tried next time, so that one bad record cannot keep the pause going.
        return {
            row.id: Settlement(
                State.PENDING,
                row.reached or sent,
                row.attempts,
                str(error),
                external_id=row.external_id,
                due_at=now + 1,
            )
            for row in rows
        }

    def _settlement(self, row: Any, record: Record, outcome: Outcome) -> Settlement:
        # A plugin may give a number, which PostgreSQL does not take for a text.
        external_id = str(outcome.external_id) if outcome.external_id else record.external_id
        match outcome.kind:
            case OutcomeKind.CREATED | OutcomeKind.UPDATED:
                return Settlement(
                    State.DELIVERED,
                    True,
                    row.attempts + 1,
                    outcome=outcome.kind,
                    external_id=external_id,
                )
            case OutcomeKind.UNCHANGED:
                return Settlement(
                    State.UNCHANGED,
                    True,
                    row.attempts + 1,
                    "the target has exactly this already",
                    outcome=outcome.kind,
                    external_id=external_id,
                )
            case OutcomeKind.REJECTED:
                error: RegbridgeError = RejectedError(outcome.reason, field=outcome.field)
                return self._failed(row, error, reached=row.reached)
            case OutcomeKind.RETRY:
                error = RetryableError(outcome.reason, retry_after=outcome.after)
                return self._failed(row, error, reached=row.reached)
            case OutcomeKind.AMBIGUOUS:
                lost = AmbiguousError(outcome.reason)
                if not self._plugin.idempotent:
                    return self._lost(row, lost)
                return self._failed(row, lost, reached=True)

    def _failed(self, row: Any, error: RegbridgeError, *, reached: bool) -> Settlement:
        field = getattr(error, "field", None) or ""
        attempts = row.attempts + 1
        known = row.external_id
        now = self._context.clock()
        decision = decide(error, attempts, self._context.limits, now, self._context.jitter())
        if isinstance(decision, Again):
            state, reason, due_at = State.PENDING, str(error), decision.at
            return Settlement(
                state, reached, attempts, reason, field, external_id=known, due_at=due_at
            )
        return Settlement(
            State.PARKED, reached, attempts, decision.reason, field, external_id=known
        )

    def _lost(self, row: Any, error: RegbridgeError) -> Settlement:
        return Settlement(
            State.PARKED,
            True,
            row.attempts + 1,
            f"{error}: {_LOST}",
            external_id=row.external_id,
        )

    def _records(self, rows: Sequence[Any]) -> list[Record]:
        by_contact = self._target.keyed_on is KeyedOn.CONTACT
        registrants = {row.registrant_id for row in rows} - {None}
        known: Mapping[tuple[int, str], str] = self._context.store.read(
            lambda c: last_external_ids(c, self._target.name, registrants, by_contact=by_contact)
        )
        return [
            Record(
                fields=msgspec.json.decode(row.record),
                delivery=row.id,
                registration=row.registration_id,
                registrant=row.subject or "",
                contact_stub=row.contact_stub,
                previous_contact_stub=row.previous_contact_stub,
                external_id=known.get((row.registrant_id, row.contact_stub if by_contact else "")),
                attempt=row.attempts + 1,
                event_stub=row.event_stub,
                message_time=None if row.message_time is None else from_ms(row.message_time),
            )
            for row in rows
        ]


def _about_nobody(error: RegbridgeError, rows: Sequence[Any]) -> RegbridgeError:
    """Return an error without the names of those whom it may be about.

    A target may know who they are though no record says it.
    """
    mask = _masker(rows)
    error.args = tuple(mask(arg) if isinstance(arg, str) else arg for arg in error.args)
    error.detail = mask(error.detail)
    return error


def _without(outcome: Outcome, row: Any) -> Outcome:
    return replace(outcome, reason=_masker([row])(outcome.reason)) if outcome.reason else outcome


def _masker(rows: Sequence[Any]) -> Callable[[str], str]:
    return word_masker(value for row in rows for value in (row.name, row.email))


def _groups(rows: Sequence[Any]) -> list[list[Any]]:
    """Return the batch, and each record that failed too often by itself."""
    together = [row for row in rows if row.attempts < ALONE_FROM]
    alone = [[row] for row in rows if row.attempts >= ALONE_FROM]
    return ([together] if together else []) + alone
