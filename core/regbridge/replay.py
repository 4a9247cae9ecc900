"""Maps again what was delivered, and sends what comes out differently."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from regbridge.corrections import Correction, correct_record, correct_registration
from regbridge.errors import RegbridgeError
from regbridge.models import Drop, Registration, Target
from regbridge.pipeline import Pipeline
from regbridge.registrations import from_row, untaken
from regbridge.store.choice import Choice
from regbridge.store.corrections import corrections_of
from regbridge.store.engine import Store
from regbridge.store.prepared import Prepared, as_text
from regbridge.store.replay import Remapped, delivered_records, find_delivered, send_again

BATCH = 200


@dataclass(frozen=True, slots=True)
class Change:
    """What a target has of one registration, and what it would get today.

    `fields` has those that differ: what the target has, and what it would get; None is no value.
    With a `reason` nothing is sent, and the target keeps what it has.
    """

    registration: int
    name: str
    target: str
    fields: Mapping[str, tuple[Any, Any]]
    reason: str = ""
    delivery: int = 0
    prepared: Prepared | None = None


class Replay:
    """Replays registrations of one client with today's configuration."""

    def __init__(self, store: Store, pipeline: Pipeline, choice: Choice) -> None:
        self._store = store
        self._pipeline = pipeline
        self._choice = choice

    def batches(self) -> Iterator[tuple[int, list[Change]]]:
        """Yield how many registrations were mapped again, and what is different for them.

        Filters and enrichment run as in the worker. Nothing is written.
        """
        above = 0
        while True:
            rows, above = self._store.read(
                lambda c, above=above: find_delivered(c, self._choice, above, BATCH)  # type: ignore[misc]
            )
            if not above:
                return
            yield len(rows), list(self._changes(rows))

    def send(self, changes: Sequence[Change], now: int) -> int:
        """Have the changed records delivered; return how many."""
        remapped = {
            change.delivery: Remapped(change.prepared, list(change.fields))
            for change in changes
            if change.prepared
        }
        client, fingerprint = self._pipeline.client.name, self._pipeline.fingerprint
        return self._store.write(lambda c: send_again(c, client, remapped, fingerprint, now))

    def _changes(self, rows: Sequence[Any]) -> Iterator[Change]:
        ids = [row.id for row in rows]
        corrections = self._store.read(lambda c: corrections_of(c, ids))
        there = self._store.read(lambda c: delivered_records(c, ids, self._choice.target))
        kept: list[Registration] = []
        for row in rows:
            registration = from_row(row, self._pipeline.client)
            drop = untaken(registration, self._pipeline.client)
            drop = drop or self._pipeline.filter(registration)
            if drop:
                yield from _kept_back(row, there, f"filtered: {drop.reason}")
            else:
                kept.append(registration)
        by_id = {row.id: row for row in rows}
        entries = self._pipeline.enrich(kept).entries
        for registration, entry in zip(kept, entries, strict=True):
            row = by_id[registration.id]
            if isinstance(entry, RegbridgeError):
                yield from _kept_back(row, there, f"not enriched: {entry}")
                continue
            for delivery in there.get(row.id, ()):
                target = self._pipeline.client.targets.get(delivery.target)
                if target:
                    made = corrections.get(row.id, ())
                    yield from self._change(row, entry, target, delivery, made)

    def _change(
        self,
        row: Any,
        registration: Registration,
        target: Target,
        delivery: Any,
        corrections: Sequence[Correction],
    ) -> Iterator[Change]:
        """Yield what is different at one target, if anything is."""
        try:
            registration = correct_registration(registration, corrections)
            answer = self._pipeline.map(registration, target)
            if isinstance(answer, Drop):
                yield Change(row.id, row.name, target.name, {}, f"filtered: {answer.reason}")
                return
            text = as_text(correct_record(answer, target.name, corrections), target)
        except RegbridgeError as error:
            yield Change(row.id, row.name, target.name, {}, f"parked: {error}")
            return
        fields = _differences(json.loads(delivery.record), json.loads(text))
        if fields:
            prepared = Prepared(target.name, record=text)
            yield Change(row.id, row.name, target.name, fields, "", delivery.id, prepared)


def _kept_back(row: Any, there: Mapping[int, list[Any]], reason: str) -> Iterator[Change]:
    for delivery in there.get(row.id, ()):
        yield Change(row.id, row.name, delivery.target, {}, reason)


def _differences(
    before: Mapping[str, Any], after: Mapping[str, Any]
) -> Mapping[str, tuple[Any, Any]]:
    return {
        name: (before.get(name), after.get(name))
        for name in {**before, **after}
        if before.get(name) != after.get(name) or (name in before) != (name in after)
    }
