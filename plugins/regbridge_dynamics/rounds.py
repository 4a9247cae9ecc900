"""Puts upserts into calls in which no key comes twice, without changing the order of a key's."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime

from regbridge import Outcome, OutcomeKind, RegbridgeError
from regbridge_dynamics.outcomes import of_error
from regbridge_dynamics.records import Upsert

_UNSETTLED = frozenset({OutcomeKind.RETRY, OutcomeKind.AMBIGUOUS})
_WAITS = "it waits for an earlier record with the same key"

Send = Callable[[Sequence[Upsert]], dict[int, Outcome]]
"""Sends upserts with different keys."""


def rounds(upserts: Sequence[Upsert], size: int) -> Iterator[list[Upsert]]:
    """Yield upserts in groups of at most `size`; two with one key never share a group.

    UpsertMultiple refuses two equal keys (reference/dataverse-web-api.md, section 4). Of those
    with the same key, each goes after the one before it.
    """
    waiting = list(upserts)
    while waiting:
        group: list[Upsert] = []
        later: list[Upsert] = []
        marks: set[str] = set()
        for upsert in waiting:
            if len(group) < size and upsert.address.mark not in marks:
                group.append(upsert)
                marks.add(upsert.address.mark)
            else:
                later.append(upsert)
        yield group
        waiting = later


def send_in_rounds(
    upserts: Sequence[Upsert], size: int, send: Send, now: Callable[[], datetime]
) -> dict[int, Outcome]:
    """Send upserts, which may have equal keys; return the outcome of each by its place.

    A record is not sent while an earlier one with its key is unsettled: that one would overwrite
    it later. Raises what `send` raises, unless a group before was settled: what was delivered is
    not to be sent again, so the rest gets the outcome that the error stands for.
    """
    outcomes: dict[int, Outcome] = {}
    unsettled: set[str] = set()
    for group in rounds(upserts, size):
        held = [upsert for upsert in group if upsert.address.mark in unsettled]
        outcomes |= {upsert.place: Outcome.retry(_WAITS) for upsert in held}
        sent = [upsert for upsert in group if upsert.address.mark not in unsettled]
        if not sent:
            continue
        try:
            found = send(sent)
        except RegbridgeError as error:
            if not outcomes:
                raise
            rest = [upsert for upsert in upserts if upsert.place not in outcomes]
            return outcomes | {upsert.place: of_error(error, now()) for upsert in rest}
        outcomes |= found
        unsettled |= {
            upsert.address.mark for upsert in sent if found[upsert.place].kind in _UNSETTLED
        }
    return outcomes
