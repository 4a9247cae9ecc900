"""What each target would get for some registrations; nothing is sent."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Any

from regbridge.corrections import Correction
from regbridge.errors import RegbridgeError, RejectedError
from regbridge.mapped import Mapped, map_all
from regbridge.message import read_envelope, read_revisions
from regbridge.models import Record, Registration
from regbridge.pipeline import Pipeline
from regbridge.registrations import from_revision, from_row
from regbridge.store.corrections import corrections_of
from regbridge.store.engine import Store


@dataclass(frozen=True, slots=True)
class Preview:
    """What one registration would become at one target: fields, or why there are none.

    `target` is "" when it would not come as far as a target. `registration` is its number in the
    ledger, or its place in the message.
    """

    registration: int
    name: str
    target: str = ""
    fields: Mapping[str, Any] = field(default_factory=dict)
    reason: str = ""


def registrations_of(body: bytes, pipeline: Pipeline) -> Iterator[Registration | Preview]:
    """Yield the registrations of a message; raises `MalformedMessageError` when it is none."""
    envelope = read_envelope(body)
    endpoint = next(iter(pipeline.client.endpoints), "")
    for revision in read_revisions(envelope, pipeline.client.kinds):
        if revision.problem:
            yield Preview(revision.position, revision.name, reason=f"parked: {revision.problem}")
            continue
        try:
            yield from_revision(revision, envelope, pipeline.client, endpoint)
        except RejectedError as error:
            yield Preview(revision.position, revision.name, reason=f"parked: {error}")


def previews(
    registrations: Sequence[Registration],
    pipeline: Pipeline,
    corrections: Mapping[int, Sequence[Correction]] = MappingProxyType({}),
    *,
    enrich: bool = True,
) -> Iterator[Preview]:
    """Yield what each target would get; see `map_all`."""
    for mapped in map_all(registrations, pipeline, corrections, enrich=enrich):
        yield preview_of(mapped, pipeline)


def stored_mapped(
    store: Store, rows: Iterable[Any], pipeline: Pipeline, *, enrich: bool = True
) -> Iterator[Mapped]:
    """Yield what registrations of the ledger (whole rows) map to now, with their corrections.

    What was purged is left out. Raises `RejectedError` for a record that cannot be read.
    """
    found = [from_row(row, pipeline.client) for row in rows if row.purged_at is None]
    made = store.read(lambda c: corrections_of(c, [each.id for each in found]))
    yield from map_all(found, pipeline, made, enrich=enrich)


def preview_of(mapped: Mapped, pipeline: Pipeline) -> Preview:
    """Return what a target would get of what was mapped for it."""
    target = mapped.target.name if mapped.target else ""
    fields: Mapping[str, Any] = {}
    reason = mapped.reason
    if mapped.target and mapped.record:
        try:
            fields = pipeline.preview(
                _as_delivered(mapped.registration, mapped.record), mapped.target
            )
        except RegbridgeError as error:
            reason = f"parked: {error}"
    return _of(mapped.registration, target, fields, reason)


def _as_delivered(registration: Registration, record: Record) -> Record:
    """Return a record with what the host adds before delivery, as far as it is known by now."""
    return replace(
        record,
        registration=registration.id,
        registrant=registration.subject,
        contact_stub=registration.contact_stub,
        previous_contact_stub=registration.previous_contact_stub,
        event_stub=registration.event_stub,
        message_time=registration.message_time,
    )


def _of(registration: Registration, target: str, fields: Mapping[str, Any], reason: str) -> Preview:
    names = (str(registration.fields.get(key) or "") for key in ("firstName", "lastName"))
    return Preview(registration.id, " ".join(names).strip(), target, fields, reason)
