"""What is wrong about one registrant, by what Cvent shows and the ledger knows: a pure decision."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from enum import StrEnum

from regbridge.models import Attendee
from regbridge.store.clock import to_ms
from regbridge.store.differences import Difference

SENT: Collection[Difference] = (
    Difference.MISSING_HERE,
    Difference.STALE,
    Difference.CANCELLED,
    Difference.DELETED_GUEST,
)
"""What is mended by a message of its own."""

_NOT_LIVE = frozenset({"cancelled", "declined", "denied approval", "no response", "visited"})


class Left(StrEnum):
    """Why nothing is said about a registrant this time."""

    SAME = "the same"
    UNEXPECTED = "a status that is not expected here"
    FRESH = "changed a moment ago"
    ON_ITS_WAY = "arrived after Cvent was asked"
    FORGOTTEN = "forgotten"


@dataclass(frozen=True, slots=True)
class Known:
    """What the ledger has of a registrant: the newest revision, whatever became of it.

    Times are in ms. `status` is None when the revision does not tell it, or its data was purged.
    """

    ordered_at: int
    received_at: int
    contact_stub: str = ""
    status: str | None = None
    forgotten: bool = False


@dataclass(frozen=True, slots=True)
class Asked:
    """When Cvent was asked (ms), and what counts.

    What changed after `fresh_after` is left alone; `statuses` must be here.
    """

    at: int
    fresh_after: int
    statuses: Collection[str]


def compare(attendee: Attendee, known: Known | None, asked: Asked) -> Difference | Left:
    """Say what is wrong about a registrant, or why nothing is."""
    modified = modified_ms(attendee)
    if modified > asked.fresh_after:
        return Left.FRESH
    if known is None:
        expected = is_expected(attendee, asked.statuses)
        return Difference.MISSING_HERE if expected else Left.UNEXPECTED
    if known.forgotten:
        return Left.FORGOTTEN
    if known.received_at >= asked.at:
        return Left.ON_ITS_WAY
    was, is_now = (known.status or "").casefold(), status_of(attendee)
    if attendee.is_deleted:
        is_now = "cancelled"
        if was not in _NOT_LIVE:
            return Difference.DELETED_GUEST
    if was and is_now and was != is_now:
        ended = is_now in _NOT_LIVE and was not in _NOT_LIVE
        return Difference.CANCELLED if ended else Difference.STALE
    return Difference.STALE if modified > known.ordered_at else Left.SAME


def ordering_ms(attendee: Attendee, known: Known | None) -> int:
    """Return the time (ms) by which a message about an attendee is ordered among the others.

    It is that of the change, by Cvent's clock, as a webhook's messageTime is. What was read after
    the newest revision arrived is newer than that, whatever the times say.
    """
    return max(modified_ms(attendee), known.ordered_at if known else 0)


def modified_ms(attendee: Attendee) -> int:
    """Return when an attendee changed last, in ms; 0 when Cvent does not say."""
    return to_ms(attendee.modified_at) if attendee.modified_at else 0


def is_expected(attendee: Attendee, statuses: Collection[str]) -> bool:
    """Say whether a registrant has to be here."""
    return not attendee.is_deleted and status_of(attendee) in statuses


def status_of(attendee: Attendee) -> str:
    """Return an attendee's status as statuses are compared."""
    return attendee.status.strip().casefold()


def is_live(status: str | None) -> bool:
    """Say whether a status (None is unknown) is one of somebody who comes."""
    return bool(status) and (status or "").casefold() not in _NOT_LIVE
