"""Which registrations bring their attendee along, so that nobody has to ask Cvent again."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence

from regbridge import ReceiptKind, Registration
from regbridge_cvent.patches import Row, attendee_id, id_of
from regbridge_cvent.settings import Part

_HELD = frozenset({Part.ANSWERS, Part.CONTACT, Part.EVENT})
"""The parts that need no more than an attendee's row, or what is kept for the whole event."""


def listed_rows(registrations: Sequence[Registration], parts: Collection[Part]) -> dict[str, Row]:
    """Return the rows that `list_attendees` gave along, by attendee, if the parts need no more.

    Only what reconciling found is believed: a message that is posted may hold anything. Who has
    several registrations here is looked up, because nobody knows whose row is the newer one.
    """
    if not _HELD.issuperset(parts):
        return {}
    counts = Counter(map(attendee_id, registrations))
    return {
        attendee_id(registration): row
        for registration in registrations
        if (row := _row(registration)) is not None and counts[attendee_id(registration)] == 1
    }


def _row(registration: Registration) -> Row | None:
    if registration.receipt_kind is not ReceiptKind.RECONCILE:
        return None
    row = registration.fields.get("attendee")
    if not isinstance(row, Mapping) or id_of(row) != attendee_id(registration):
        return None
    return row
