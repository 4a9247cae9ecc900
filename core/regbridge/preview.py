"""What each target would get for some registrations; nothing is sent."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from regbridge.corrections import Correction
from regbridge.errors import RegbridgeError, RejectedError
from regbridge.mapped import map_all
from regbridge.message import read_envelope, read_revisions
from regbridge.models import Registration
from regbridge.pipeline import Pipeline
from regbridge.registrations import from_revision


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
        target = mapped.target.name if mapped.target else ""
        fields: Mapping[str, Any] = {}
        reason = mapped.reason
        if mapped.target and mapped.record:
            try:
                fields = pipeline.preview(mapped.record, mapped.target)
            except RegbridgeError as error:
                reason = f"parked: {error}"
        yield _of(mapped.registration, target, fields, reason)


def _of(registration: Registration, target: str, fields: Mapping[str, Any], reason: str) -> Preview:
    names = (str(registration.fields.get(key) or "") for key in ("firstName", "lastName"))
    return Preview(registration.id, " ".join(names).strip(), target, fields, reason)
