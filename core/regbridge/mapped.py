"""What registrations map to at each target today; nothing is written and nothing is sent."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from regbridge.corrections import Correction, correct_record, correct_registration
from regbridge.errors import RegbridgeError
from regbridge.models import Drop, Record, Registration, Target
from regbridge.pipeline import Pipeline
from regbridge.registrations import untaken


@dataclass(frozen=True, slots=True)
class Mapped:
    """What one registration is at one target: a record, or the reason why there is none.

    `target` is None when it does not come as far as a target.
    """

    registration: Registration
    target: Target | None = None
    record: Record | None = None
    reason: str = ""


def map_all(
    registrations: Sequence[Registration],
    pipeline: Pipeline,
    corrections: Mapping[int, Sequence[Correction]],
    *,
    enrich: bool = True,
) -> Iterator[Mapped]:
    """Yield what each registration maps to; filters, enrichment and mapping run as in the worker.

    `corrections` are those of registrations by their ids.
    """
    kept: list[Registration] = []
    for registration in registrations:
        drop = untaken(registration, pipeline.client) or pipeline.filter(registration)
        if drop:
            yield Mapped(registration, reason=f"filtered: {drop.reason}")
        else:
            kept.append(registration)
    entries = pipeline.enrich(kept).entries if enrich else kept
    for registration, entry in zip(kept, entries, strict=True):
        if isinstance(entry, RegbridgeError):
            yield Mapped(registration, reason=f"not enriched: {entry}")
            continue
        made = corrections.get(entry.id, ())
        for target in pipeline.client.targets.values():
            if entry.kind in target.kinds:
                yield _at(entry, target, pipeline, made)


def _at(
    registration: Registration,
    target: Target,
    pipeline: Pipeline,
    corrections: Sequence[Correction],
) -> Mapped:
    try:
        registration = correct_registration(registration, corrections)
        answer = pipeline.map(registration, target)
    except RegbridgeError as error:
        return Mapped(registration, target, reason=f"parked: {error}")
    if isinstance(answer, Drop):
        return Mapped(registration, target, reason=f"filtered: {answer.reason}")
    return Mapped(registration, target, correct_record(answer, target.name, corrections))
