"""Puts inputs into batches in which no record comes twice, and halves a batch that is refused."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime

from regbridge import (
    AmbiguousError,
    Outcome,
    OutcomeKind,
    QuotaExceededError,
    RegbridgeError,
    RetryableError,
)
from regbridge_hubspot.inputs import Input

_UNSETTLED = frozenset({OutcomeKind.RETRY, OutcomeKind.AMBIGUOUS})
_WAITS = "it waits for an earlier record with the same id"

Outcomes = dict[int, Outcome]
Send = Callable[[Sequence[Input]], Outcomes]
"""Sends inputs about different records; leaves out those that are to be sent in smaller batches."""


def rounds(inputs: Sequence[Input], size: int) -> Iterator[list[Input]]:
    """Yield inputs in groups of at most `size`; two about one record never share a group.

    HubSpot refuses a batch with two equal ids. Of those, each goes after the one before it.
    """
    waiting = list(inputs)
    while waiting:
        group: list[Input] = []
        later: list[Input] = []
        held: set[str] = set()  # what stays back holds back what comes after it
        for one in waiting:
            if len(group) < size and one.mark not in held:
                group.append(one)
            else:
                later.append(one)
            held.add(one.mark)
        yield group
        waiting = later


def send_in_rounds(
    inputs: Sequence[Input], size: int, send: Send, now: Callable[[], datetime]
) -> Outcomes:
    """Send inputs, some of which may be about the same record; return each outcome by its place.

    A record is not sent while an earlier one about the same is unsettled: that one would overwrite
    it later. Raises what `send` raises, unless something was settled before: then the rest gets
    the outcome that the error stands for.
    """
    outcomes: Outcomes = {}
    unsettled: set[str] = set()
    waiting = deque(rounds(inputs, size))
    while waiting:
        group = waiting.popleft()
        outcomes |= {one.place: Outcome.retry(_WAITS) for one in group if one.mark in unsettled}
        sent = [one for one in group if one.mark not in unsettled]
        if not sent:
            continue
        try:
            found = send(sent)
        except RegbridgeError as error:
            if not outcomes:
                raise
            rest = {one.place for one in inputs} - outcomes.keys()
            return outcomes | {place: _of_error(error, now()) for place in rest}
        outcomes |= found
        unsettled |= {
            one.mark for one in sent if one.place in found and found[one.place].kind in _UNSETTLED
        }
        waiting.extendleft(reversed(_halves([one for one in sent if one.place not in found])))
    return outcomes


def _halves(left: Sequence[Input]) -> list[list[Input]]:
    middle = (len(left) + 1) // 2
    return [list(half) for half in (left[:middle], left[middle:]) if half]


def _of_error(error: RegbridgeError, now: datetime) -> Outcome:
    """Return what a call that failed means for a record, where others are settled already."""
    match error:
        case AmbiguousError():
            return Outcome.ambiguous(str(error))
        case QuotaExceededError():
            return Outcome.retry(str(error), max(0.0, (error.until - now).total_seconds()))
        case RetryableError():
            return Outcome.retry(str(error), error.retry_after)
    return Outcome.retry(str(error))
