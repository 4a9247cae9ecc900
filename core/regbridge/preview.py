"""What each target would get for some registrations; nothing is sent."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from regbridge.errors import RegbridgeError, RejectedError
from regbridge.message import read_envelope, read_revisions
from regbridge.models import Drop, Registration, Target
from regbridge.pipeline import Pipeline
from regbridge.registrations import from_revision, untaken


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
    registrations: Sequence[Registration], pipeline: Pipeline, *, enrich: bool = True
) -> Iterator[Preview]:
    """Yield what each target would get; filters, enrichment and mapping run as in the worker."""
    kept: list[Registration] = []
    for registration in registrations:
        drop = untaken(registration, pipeline.client) or pipeline.filter(registration)
        if drop:
            yield _of(registration, reason=f"filtered: {drop.reason}")
        else:
            kept.append(registration)
    entries: Sequence[Registration | RegbridgeError] = kept
    if enrich:
        entries = pipeline.enrich(kept).entries
    for registration, entry in zip(kept, entries, strict=True):
        if isinstance(entry, RegbridgeError):
            yield _of(registration, reason=f"not enriched: {entry}")
            continue
        for target in pipeline.client.targets.values():
            if entry.kind in target.kinds:
                yield _at(entry, target, pipeline)


def _at(registration: Registration, target: Target, pipeline: Pipeline) -> Preview:
    try:
        answer = pipeline.map(registration, target)
        if isinstance(answer, Drop):
            return _of(registration, target.name, reason=f"filtered: {answer.reason}")
        fields = pipeline.preview(answer, target)
    except RegbridgeError as error:
        return _of(registration, target.name, reason=f"parked: {error}")
    return _of(registration, target.name, fields)


def _of(
    registration: Registration,
    target: str = "",
    fields: Mapping[str, Any] | None = None,
    reason: str = "",
) -> Preview:
    names = (str(registration.fields.get(key) or "") for key in ("firstName", "lastName"))
    name = " ".join(names).strip()
    return Preview(registration.id, name, target, fields or {}, reason)
