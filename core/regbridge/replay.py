"""Maps again what was delivered, and sends what comes out differently."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from regbridge.errors import RejectedError
from regbridge.mapped import Mapped, map_all
from regbridge.pipeline import Pipeline
from regbridge.registrations import from_row
from regbridge.store.choice import Choice
from regbridge.store.corrections import corrections_of
from regbridge.store.engine import Store
from regbridge.store.prepared import Prepared, as_text
from regbridge.store.replay import Remapped, delivered_records, find_delivered, send_again
from regbridge.store.sealed import is_damaged

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
        names = {row.id: row.name for row in rows}
        corrections = self._store.read(lambda c: corrections_of(c, ids))
        there = self._store.read(lambda c: delivered_records(c, ids, self._choice.target))
        registrations = [from_row(row, self._pipeline.client) for row in rows]
        for mapped in map_all(registrations, self._pipeline, corrections):
            number = mapped.registration.id
            for delivery in there.get(number, ()):
                if mapped.target is None or mapped.target.name == delivery.target:
                    yield from _changed(mapped, delivery, names[number])


def _changed(mapped: Mapped, delivery: Any, name: str) -> Iterator[Change]:
    """Yield what is different at one target, if anything is."""
    number = mapped.registration.id
    reason, text = mapped.reason, ""
    if mapped.target and mapped.record:
        try:
            text = as_text(mapped.record, mapped.target)
        except RejectedError as error:
            reason = f"parked: {error}"
    if reason:
        yield Change(number, name, delivery.target, {}, reason)
    elif fields := _differences(_decoded(delivery.record), json.loads(text)):
        prepared = Prepared(delivery.target, record=text)
        yield Change(number, name, delivery.target, fields, "", delivery.id, prepared)


def _decoded(record: str) -> Mapping[str, Any]:
    """Return the fields of a record; of one that cannot be decrypted any more, none."""
    fields: Mapping[str, Any] = {} if is_damaged(record) else json.loads(record)
    return fields


def _differences(
    before: Mapping[str, Any], after: Mapping[str, Any]
) -> Mapping[str, tuple[Any, Any]]:
    return {
        name: (before.get(name), after.get(name))
        for name in {**before, **after}
        if before.get(name) != after.get(name) or (name in before) != (name in after)
    }
