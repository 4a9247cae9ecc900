"""Puts records into calls in which no key comes twice, without changing the order of a key's."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Protocol, TypeVar

from regbridge.errors import (
    AmbiguousError,
    QuotaExceededError,
    RegbridgeError,
    RejectedError,
    RetryableError,
)
from regbridge.models import Outcome, OutcomeKind, Record

_UNSETTLED = frozenset({OutcomeKind.RETRY, OutcomeKind.AMBIGUOUS})
_WAITS = "it waits for an earlier record with the same key"


class Keyed(Protocol):
    """What is sent for one record: `place` is its place among those that the plugin was given.

    Two with the same `key` may be one record at the target. No key is stored or shown.
    """

    @property
    def place(self) -> int:
        """Its place among the records."""

    @property
    def key(self) -> str:
        """What names its record at the target."""


K = TypeVar("K", bound=Keyed)


def rounds(items: Sequence[K], size: int) -> Iterator[list[K]]:
    """Yield items in groups of at most `size`; two with one key never share a group.

    Vendors refuse a call with two equal keys, or take either. Of those with the same key, each
    goes after the one before it.
    """
    waiting = list(items)
    while waiting:
        group: list[K] = []
        later: list[K] = []
        keys: set[str] = set()
        for item in waiting:
            if len(group) < size and item.key not in keys:
                group.append(item)
                keys.add(item.key)
            else:
                later.append(item)
        yield group
        waiting = later


def deliver_in_rounds(
    records: Sequence[Record],
    size: int,
    make: Callable[[int, Record], K],
    send: Callable[[Sequence[K]], Mapping[int, Outcome]],
    now: Callable[[], datetime],
) -> list[Outcome]:
    """Return the outcome of each record: those that `make` rejects are, the others are sent.

    `make` gets a record with its place. `send` is called as by `send_in_rounds`.
    """
    outcomes: dict[int, Outcome] = {}
    items: list[K] = []
    for place, record in enumerate(records):
        try:
            items.append(make(place, record))
        except RejectedError as error:
            outcomes[place] = Outcome.rejected(str(error), error.field)
    outcomes |= send_in_rounds(items, size, send, now)
    return [outcomes[place] for place in range(len(records))]


def send_in_rounds(
    items: Sequence[K],
    size: int,
    send: Callable[[Sequence[K]], Mapping[int, Outcome]],
    now: Callable[[], datetime],
) -> dict[int, Outcome]:
    """Send items, which may have equal keys; return the outcome of each by its place.

    `send` makes one call for items with different keys. Those of several that it leaves out of its
    answer are sent again in two halves: so the one that spoils a call is found. A record is not
    sent while an earlier one with its key is unsettled: that one would overwrite it later. Raises
    what `send` raises, unless a group before was settled: what was delivered is not to be sent
    again, so the rest gets the outcome that the error stands for.
    """
    outcomes: dict[int, Outcome] = {}
    unsettled: set[str] = set()
    waiting = deque(rounds(items, size))
    while waiting:
        group = waiting.popleft()
        held = [item for item in group if item.key in unsettled]
        outcomes |= {item.place: Outcome.retry(_WAITS) for item in held}
        sent = [item for item in group if item.key not in unsettled]
        if not sent:
            continue
        try:
            found = send(sent)
        except RegbridgeError as error:
            if not outcomes:
                raise
            rest = [item for item in items if item.place not in outcomes]
            return outcomes | {item.place: outcome_of(error, now()) for item in rest}
        told = [item for item in sent if item.place in found] if len(sent) > 1 else sent
        outcomes |= {item.place: found[item.place] for item in told}
        unsettled |= {item.key for item in told if found[item.place].kind in _UNSETTLED}
        waiting.extendleft(reversed(_halves([item for item in sent if item not in told])))
    return outcomes


def _halves(items: list[K]) -> list[list[K]]:
    middle = (len(items) + 1) // 2
    return [half for half in (items[:middle], items[middle:]) if half]


def outcome_of(error: RegbridgeError, now: datetime) -> Outcome:
    """Return what a call that failed means for a record of it, where others are settled already."""
    match error:
        case AmbiguousError():
            return Outcome.ambiguous(str(error))
        case QuotaExceededError():
            return Outcome.retry(str(error), max(0.0, (error.until - now).total_seconds()))
        case RetryableError():
            return Outcome.retry(str(error), error.retry_after)
    return Outcome.retry(str(error))
