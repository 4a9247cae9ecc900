"""One registrant's story as steps in the order of time, with the time that each took."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from regbridge.models import ReceiptKind
from regbridge.store.tables import State

_NUMBERED = re.compile(r"\bregistration (\d{1,18})\b")
_UNITS = ((86_400_000, "d"), (3_600_000, "h"), (60_000, "min"))


@dataclass(frozen=True, slots=True)
class Step:
    """Something that happened to one registration.

    `at` is in ms, None for what is still to come. `state` is the state that it led to, if any, and
    `after` says how long after the registration's step before.
    """

    registration: int
    at: int | None
    what: str
    text: str = ""
    target: str = ""
    state: str = ""
    after: str = ""


def timeline(
    revisions: Sequence[Any], deliveries: Sequence[Any], happenings: Sequence[Any]
) -> list[Step]:
    """Return the steps of revisions, what is still to come at the end."""
    steps: list[Step] = []
    for row in revisions:
        there = [each for each in deliveries if each.registration_id == row.id]
        told = [each for each in happenings if each.registration_id == row.id]
        steps += _timed([*_steps(row, there), *_happenings(row, there, told)])
    return sorted(steps, key=_place)


def span(ms: int) -> str:
    """Return a time between two moments as people say it: `0.4 s`, `3 min 2 s`, `2 d 5 h`."""
    if ms < 60_000:
        return f"{max(ms, 0) / 1000:.1f} s"
    for place, (size, name) in enumerate(_UNITS):
        if ms >= size:
            below, its_name = [*_UNITS, (1000, "s")][place + 1]
            rest = ms % size // below
            return f"{ms // size} {name}" + (f" {rest} {its_name}" if rest else "")
    raise AssertionError("a minute is a unit")


def linked(text: str) -> list[tuple[str, int | None]]:
    """Return a text in parts; one that names a registration comes with its number."""
    parts: list[tuple[str, int | None]] = []
    end = 0
    for found in _NUMBERED.finditer(text):
        parts += [(text[end : found.start()], None), (found.group(), int(found.group(1)))]
        end = found.end()
    return [part for part in [*parts, (text[end:], None)] if part[0]]


def _steps(row: Any, there: Sequence[Any]) -> Iterator[Step]:
    yield _came(row)
    for delivery in there:
        yield from _delivered(delivery)
    if row.state == State.PENDING and not any(each.state == State.PENDING for each in there):
        yield _waits(row, "is prepared")
    elif row.settled_at is not None and not there:
        yield Step(row.id, row.settled_at, row.state, row.reason, state=row.state)


def _came(row: Any) -> Step:
    what = "received" if row.receipt_kind == ReceiptKind.WEBHOOK else "found by reconciling"
    of = f" of {row.message_time_text}" if row.message_time_text else ""
    return Step(row.id, row.received_at, what, f"{row.event_type}{of}, endpoint {row.endpoint}")


def _delivered(row: Any) -> Iterator[Step]:
    if row.digest or row.record:
        text = "enriched and mapped"
        yield Step(row.registration_id, row.created_at, "mapped", text, row.target)
    if row.state == State.PENDING:
        yield replace(_waits(row, "is sent"), registration=row.registration_id, target=row.target)
    elif row.settled_at is not None:
        if row.begun_at is not None:
            yield Step(row.registration_id, row.begun_at, "sent", "", row.target)
        facts = [row.reason, row.outcome, f"id there {row.external_id}" if row.external_id else ""]
        facts.append(f"{row.attempts} attempts" if row.attempts > 1 else "")
        text = ", ".join(fact for fact in facts if fact)
        at, state = row.settled_at, row.state
        yield Step(row.registration_id, at, state, text, row.target, state)


def _waits(row: Any, doing: str) -> Step:
    """Return what is going on, or when it is tried (again)."""
    failed = f", {row.attempts} attempts failed" if row.attempts else ""
    if row.lease:
        return Step(row.id, None, doing, f"at this moment{failed}", state=State.PENDING)
    return Step(row.id, row.due_at, State.PENDING, f"{row.reason}{failed}", state=State.PENDING)


def _happenings(row: Any, there: Sequence[Any], told: Sequence[Any]) -> Iterator[Step]:
    """Yield what happened out of the ordinary, unless a state says the same."""
    settled = {(each.target, each.settled_at) for each in there} | {("", row.settled_at)}
    for each in told:
        if each.happening != State.PARKED or (each.target, each.at) not in settled:
            yield Step(row.id, each.at, each.happening, each.text, each.target)


def _timed(steps: Sequence[Step]) -> Iterator[Step]:
    """Yield steps of one registration in order, each with the time since the one before."""
    before: int | None = None
    for step in sorted(steps, key=_place):
        is_later = before is not None and step.at is not None
        yield replace(step, after=span(step.at - before)) if is_later else step  # type: ignore[operator]
        before = step.at if step.at is not None else before


def _place(step: Step) -> tuple[bool, int]:
    return step.at is None, step.at or 0
